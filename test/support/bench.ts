import type { Fields } from '../../src/flow/fields.js';
import type { Carriage, HttpVersion, RequestHead, ResponseHead, Side } from '../../src/flow/flow.js';
import { Exchange } from '../../src/http/exchange.js';
import type { Framing } from '../../src/http/framing.js';
import { type HookEvent, NO_VERDICT, type Rules, type Teller, type Verdict, type Wire } from '../../src/http/ports.js';

export const NONE: Framing = { type: 'none' };
export const CHUNKED: Framing = { type: 'chunked', codings: 'chunked' };
export const length = (size: number): Framing => ({ type: 'length', length: size });

export interface BenchWishes {
  /** The hooks that scripts have. */
  readonly hooks?: readonly HookEvent[];
  /** How a body goes that no hook decides about. */
  readonly carried?: Carriage['how'];
  readonly holds?: readonly Side[];
}

const HOW = { whole: 'buffered', pass: 'streamed', look: 'streamed' } as const;

export function requestOf(method: string, fields: Fields = [], version: HttpVersion = 'HTTP/1.1'): RequestHead {
  const origin = { scheme: 'http', host: 'a', port: 80 } as const;
  return { method, target: 'http://a/x', path: '/x', origin, version, fields: [['Host', 'a'], ...fields] };
}

export function responseOf(status: number, fields: Fields = []): ResponseHead {
  return { status, reason: 'R', version: 'HTTP/1.1', fields };
}

export function text(piece: string | Uint8Array): string {
  return typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1');
}

/** An exchange that asks hooks, and in order what it asked, sent and told. */
export class HookBench {
  readonly exchange: Exchange;
  private readonly log: string[] = [];
  private readonly recorded = { request: '', response: '' };

  constructor({ hooks = [], carried = 'passed', holds = [] }: BenchWishes = {}) {
    const say = (line: string): void => void this.log.push(line);
    const nothing = (): void => {};
    const wire: Wire = {
      connect: (origin) => say(`connect ${origin.host}:${origin.port}`),
      toServer: (piece) => say(`> ${text(piece)}`),
      toClient: (piece) => say(`< ${text(piece)}`),
      sendRecording: (side) => say(`${side === 'request' ? '>' : '<'} recorded ${this.recorded[side]}`),
      tunnel: () => say('tunnel'),
      finish: (client, server) => say(`finish client ${client}, server ${server}`),
      dropClient: (atOnce) => say(atOnce ? 'drop client at once' : 'drop client'),
      dropServer: () => say('drop server'),
      hook: (event) => say(`ask ${event}`),
      look: (side, bytes, endsChunk) => say(`look ${side} ${text(bytes)} ${endsChunk}`),
      lookEnd: (side) => say(`look ${side} end`),
    };
    const teller: Teller = {
      requestHead: nothing,
      responseHead: nothing,
      carried: (side, _framing, { how }) => say(`${side} is ${how}`),
      interim: nothing,
      chunk: nothing,
      record: (side, bytes) => {
        this.recorded[side] += text(bytes);
      },
      passed: nothing,
      streamed: nothing,
      trailers: nothing,
      ended: nothing,
      held: (side) => say(`held ${side}`),
      malformed: nothing,
      failed: (kind) => say(`failed ${kind}`),
      finished: () => say('finished'),
    };
    const rules: Rules = {
      carriage: (_side, _framing, _isHeld, wish) => ({ how: wish === null ? carried : HOW[wish], why: 'a test' }),
      limit: () => null,
      hooks: (event) => hooks.includes(event),
      holds: (side) => holds.includes(side),
      altSvcPort: null,
      alwaysCloses: false,
    };
    this.exchange = new Exchange(wire, teller, rules);
  }

  /** A request with its body, as far as `body` goes; `whole` ends it. */
  request(method: string, framing: Framing, body: string, whole = true): this {
    const fields: Fields = framing.type === 'length' ? [['Content-Length', `${framing.length}`]] : [];
    this.exchange.requestHead(requestOf(method, fields), framing);
    if (body !== '') this.exchange.request.data(Buffer.from(body));
    if (whole) this.exchange.request.end();
    return this;
  }

  get(): this {
    return this.request('GET', NONE, '');
  }

  connected(): this {
    this.exchange.connected(false);
    return this;
  }

  response(body: string, fields: Fields = []): this {
    this.exchange.responseHead(responseOf(200, [['Content-Length', `${body.length}`], ...fields]), length(body.length));
    this.exchange.response.data(Buffer.from(body));
    this.exchange.response.end();
    return this;
  }

  hooked(event: HookEvent, verdict: Partial<Verdict> = {}): this {
    this.exchange.hooked(event, { ...NO_VERDICT, ...verdict });
    return this;
  }

  looked(side: Side, pieces: readonly string[], taken: number, isLast = false): this {
    const bytes = Buffer.from(pieces.join(''));
    this.exchange[side].looked({ bytes, sizes: pieces.map((piece) => piece.length) }, taken, isLast);
    return this;
  }

  /** What it did since the last look. */
  went(): string[] {
    return this.log.splice(0);
  }
}
