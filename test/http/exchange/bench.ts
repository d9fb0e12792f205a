import type { Fields } from '../../../src/flow/fields.js';
import type { Carriage, HttpVersion, Side } from '../../../src/flow/flow.js';
import { Exchange } from '../../../src/http/exchange.js';
import type { Framing } from '../../../src/http/framing.js';
import type { HookEvent, Rules, Teller, Wire } from '../../../src/http/ports.js';
import { NONE, requestOf, text } from '../../support/bench.js';

export const CLOSE: Framing = { type: 'close' };

interface Wishes {
  readonly carried?: Partial<Record<Side, Carriage['how']>>;
  readonly held?: readonly Side[];
  readonly limit?: number | null;
  readonly alwaysCloses?: boolean;
  readonly hooks?: readonly HookEvent[];
}

function fieldText(fields: Fields): string {
  return fields.map(([name, value]) => `<${name}: ${value}>`).join('');
}

/** An exchange, and all it did and told, in order. */
export class Bench {
  readonly log: string[] = [];
  readonly exchange: Exchange;
  private readonly recorded = { request: '', response: '' };

  constructor(wishes: Wishes = {}) {
    const { carried = {}, held = [], limit = null, alwaysCloses = false, hooks = [] } = wishes;
    const say = (line: string): void => void this.log.push(line);
    const wire: Wire = {
      connect: (origin, fresh) => say(`connect ${origin.host}:${origin.port}${fresh ? ' fresh' : ''}`),
      toServer: (piece) => say(`> ${text(piece)}`),
      toClient: (piece) => say(`< ${text(piece)}`),
      sendRecording: (side) => say(`${side === 'request' ? '>' : '<'} recorded ${this.recorded[side]}`),
      tunnel: () => say('tunnel'),
      finish: (client, server) => say(`finish client ${client}, server ${server}`),
      dropClient: (atOnce) => say(atOnce ? 'drop client at once' : 'drop client'),
      dropServer: () => say('drop server'),
      hook: (event) => say(`ask ${event}`),
      look: (side, bytes, endsChunk) => say(`look ${side} ${bytes.length} ${endsChunk}`),
      lookEnd: (side) => say(`look ${side} end`),
    };
    const teller: Teller = {
      requestHead: (head, framing) => say(`told request ${head.method} ${framing.type}`),
      responseHead: (head, framing) => say(`told response ${head.status} ${framing.type}`),
      carried: (side, _framing, carriage) => say(`told ${side} is ${carriage.how}`),
      interim: (head) => say(`told interim ${head.status}`),
      chunk: () => {},
      record: (side, bytes) => {
        this.recorded[side] += text(bytes);
        say(`record ${side} ${bytes.length}`);
      },
      passed: (side, bytes) => say(`count ${side} ${bytes.length}`),
      streamed: (side) => {
        this.recorded[side] = '';
        say(`streamed ${side}`);
      },
      trailers: (side, fields, dropped) => say(`told ${side} trailers ${fieldText(fields)} without ${dropped.join()}`),
      ended: (side) => say(`told ${side} ended`),
      held: (side) => say(`told ${side} held`),
      malformed: (side, raw) => say(`told ${side} malformed ${raw}`),
      failed: (kind, message) => say(`failed ${kind}: ${message}`),
      finished: () => say('finished'),
    };
    const rules: Rules = {
      carriage: (side, _framing, isHeld) => ({ how: carried[side] ?? (isHeld ? 'buffered' : 'passed'), why: 'a test' }),
      limit: () => limit,
      hooks: (event) => hooks.includes(event),
      holds: (side) => held.includes(side),
      altSvcPort: null,
      alwaysCloses,
    };
    this.exchange = new Exchange(wire, teller, rules);
  }

  request(method = 'GET', framing: Framing = NONE, fields: Fields = [], version: HttpVersion = 'HTTP/1.1'): this {
    this.exchange.requestHead(requestOf(method, fields, version), framing);
    if (framing.type === 'none') this.exchange.request.end();
    return this;
  }

  response(status: number, framing: Framing, fields: Fields = [], version: HttpVersion = 'HTTP/1.1'): this {
    this.exchange.responseHead({ status, reason: 'R', version, fields }, framing);
    if (status >= 200 && framing.type === 'none') this.exchange.response.end();
    return this;
  }

  connected(isReused = false): this {
    this.exchange.connected(isReused);
    return this;
  }

  /** A sized body. */
  body(side: Side, bytes: string): this {
    if (side === 'request') this.exchange.request.data(Buffer.from(bytes));
    else this.exchange.response.data(Buffer.from(bytes));
    return this;
  }

  chunk(side: Side, bytes: string, size = bytes.length): this {
    if (side === 'request') this.exchange.request.chunk(size);
    else this.exchange.response.chunk(size);
    return this.body(side, bytes);
  }

  trailer(side: Side, fields: Fields): this {
    if (side === 'request') this.exchange.request.trailer(fields);
    else this.exchange.response.trailer(fields);
    return this;
  }

  end(side: Side): this {
    if (side === 'request') this.exchange.request.end();
    else this.exchange.response.end();
    return this;
  }

  recordingSent(side: Side): this {
    this.exchange[side].recordingSent();
    return this;
  }

  /** What it did and told since the last look. */
  went(): string[] {
    return this.log.splice(0);
  }

  /** What went over the wire since the last look. */
  wire(): string[] {
    return this.went().filter((line) => /^(?:[<>] |connect |finish |drop |tunnel)/.test(line));
  }
}

const FAILURE = /^< HTTP\/1\.1 (\d{3}) [\s\S]*\r\nConnection: close\r\n\r\n<!doctype html>/;

export function failurePage(line: string | undefined): string {
  const [, status] = FAILURE.exec(line ?? '') ?? [];
  return status ?? `no failure page: ${line}`;
}
