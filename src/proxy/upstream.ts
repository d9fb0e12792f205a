import type { Socket } from 'node:net';
import type { Fields } from '../flow/fields.js';
import type { Origin, ResponseHead, ServerFacts } from '../flow/flow.js';
import type { Exchange } from '../http/exchange.js';
import type { Framing } from '../http/framing.js';
import type { Ending } from '../http/ports.js';
import { type RawResponseHead, ResponseReader } from '../http/reader.js';
import type { Context } from './context.js';
import type { Dialled } from './dialled.js';
import { listen } from './ears.js';
import { limitsOf } from './limits.js';
import { Outbox } from './outbox.js';
import { serverRefusal } from './refusals.js';

/** What an upstream tells the session it serves. */
export interface UpstreamUser {
  /** Bytes of the response went into the exchange: pass on what it has to say. */
  flush(): void;
  /** The server has switched protocols: its head has been read, and nothing behind it is. */
  switched(): void;
  /** The upstream can be written to again. */
  drained(): void;
  /** An unused upstream is gone. */
  lost(upstream: Upstream): void;
}

/** With TLS 1.3 a server may refuse the handshake when it is over for us. */
function brokenBy(authority: string, error: NodeJS.ErrnoException): string {
  const isRefusal = error.code?.startsWith('ERR_SSL_') ?? false;
  return isRefusal ? serverRefusal(authority, error).message : `the server's connection broke (${error.code})`;
}

/** One connection to a server and the reader of its responses. It serves one exchange at a time. */
export class Upstream {
  readonly socket: Socket;
  readonly facts: ServerFacts;
  readonly out: Outbox;
  /** Seconds without a byte after which an exchange is given up. */
  private readonly patience: number;
  private readonly reader: ResponseReader;
  private exchange: Exchange | null = null;
  private isInterim = false;
  private isSwitching = false;
  /** What came behind the head of a switch; null before. */
  private behind: Buffer | null = null;
  private isSurplus = false;
  private isComplete = false;
  private exchanges = 0;
  private readonly leave: () => void;
  /** When its last exchange ended, on the clock of performance.now(). */
  unusedSince = performance.now();

  constructor(
    context: Context,
    { socket, facts }: Dialled,
    readonly origin: Origin,
    private readonly user: UpstreamUser,
  ) {
    this.socket = socket;
    this.facts = facts;
    this.patience = context.options.idle_timeout;
    this.out = new Outbox(socket, context.postman);
    this.reader = new ResponseReader(this, limitsOf(context));
    socket.setTimeout(this.patience * 1000);
    this.leave = listen(socket, {
      data: (bytes) => this.read(bytes),
      drain: () => user.drained(),
      end: () => this.ended(),
      error: (error) => this.closed(brokenBy(facts.authority, error)),
      close: () => this.closed('the server closed the connection'),
      timeout: () => this.timedOut(),
    });
  }

  get isReused(): boolean {
    return this.exchanges > 1;
  }

  get isUsable(): boolean {
    return !this.socket.destroyed && this.socket.writable && !this.isSurplus && !this.socket.readableEnded;
  }

  begin(exchange: Exchange, method: string): void {
    this.exchange = exchange;
    this.exchanges += 1;
    this.reader.answers(method);
  }

  /** The exchange is over. The connection is kept for the next one or closed. */
  finish(ending: Ending): void {
    this.exchange = null;
    if (ending === 'close' || !this.isUsable) this.drop();
    else {
      this.unusedSince = performance.now();
      this.socket.resume();
    }
  }

  drop(): void {
    this.exchange = null;
    this.out.drop();
    this.socket.destroy();
  }

  /** Its server has switched protocols, and the socket can be given away. */
  get hasSwitched(): boolean {
    return this.behind !== null;
  }

  /** Gives the socket away, with what was not read of it: nothing is read here any more. */
  release(): { readonly socket: Socket; readonly rest: Buffer } {
    const { socket } = this;
    this.leave();
    socket.setTimeout(0);
    socket.pause();
    return { socket, rest: this.behind ?? Buffer.alloc(0) };
  }

  // --- statements of the reader

  head(head: RawResponseHead, framing: Framing): void {
    this.isInterim = head.status < 200 && head.status !== 101;
    this.isSwitching = head.status === 101;
    this.exchange?.responseHead(head satisfies ResponseHead, framing);
  }

  chunk(size: number): void {
    this.exchange?.response.chunk(size);
  }

  data(bytes: Uint8Array): void {
    this.exchange?.response.data(bytes);
  }

  trailers(fields: Fields): void {
    this.exchange?.response.trailer(fields);
  }

  end(): void {
    if (this.isSwitching) this.exchange?.response.end();
    this.isComplete = !this.isInterim && !this.isSwitching;
  }

  malformed(reason: string, raw: string): void {
    this.exchange?.response.malformed(reason, raw);
  }

  // --- the socket

  private read(bytes: Buffer): void {
    if (this.behind) {
      this.behind = Buffer.concat([this.behind, bytes]);
      return;
    }
    let rest = bytes;
    while (rest.length > 0) {
      if (!this.exchange) {
        this.isSurplus = true; // bytes nobody asked for must never become the next answer
        this.drop();
        this.user.lost(this);
        break;
      }
      rest = rest.subarray(this.reader.push(rest));
      this.complete(rest.length > 0);
      if (this.isSwitching) {
        if (!this.exchange || this.socket.destroyed) break;
        this.behind = rest;
        this.user.switched();
        break;
      }
    }
    this.user.flush();
  }

  /** Whether bytes follow is known before the exchange hears of the end, so that a next one never gets them. */
  private complete(isSurplus: boolean): void {
    if (!this.isComplete) return;
    this.isComplete = false;
    this.isSurplus = isSurplus;
    this.exchange?.response.end();
  }

  private ended(): void {
    if (this.exchange && this.reader.finish()) {
      this.complete(false);
      this.user.flush();
    }
    this.closed('the server closed the connection');
    this.socket.destroy();
  }

  private closed(how: string): void {
    const { exchange } = this;
    this.exchange = null;
    if (!exchange) return this.user.lost(this);
    exchange.serverClosed(exchange.hasResponse ? how : `${how} without answering`);
    this.user.flush();
  }

  private timedOut(): void {
    const { exchange } = this;
    if (!exchange) return this.drop();
    if (exchange.isHeld) return;
    exchange.fail('timed-out', `nothing came from or went to the server for ${this.patience} s`);
    this.user.flush();
  }
}
