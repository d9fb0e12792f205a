import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Fields } from '../flow/fields.js';
import type { ClientFacts, Origin, ResponseHead, Side } from '../flow/flow.js';
import type { Piece } from '../http/carrier.js';
import { Exchange } from '../http/exchange.js';
import { type Framing, Malformed } from '../http/framing.js';
import type { Ending, HookEvent, Wire } from '../http/ports.js';
import { DEFAULT_LIMITS, type Limits, type RawRequestHead, RequestReader } from '../http/reader.js';
import { type Authority, connectAuthority, resolveTarget } from '../http/target.js';
import { askForTunnel } from './connect.js';
import type { Context } from './context.js';
import { type DialFailure, type DialResult, isDialled, type TlsWish } from './dial.js';
import type { Entry, Handle } from './entry.js';
import { FlowHooks } from './flowhooks.js';
import { FlowRules } from './flowrules.js';
import { chooseLayer } from './layers.js';
import { openServer } from './opening.js';
import { Outbox } from './outbox.js';
import { playBack } from './playback.js';
import { Pool, sameOrigin } from './pool.js';
import type { Recording } from './recording.js';
import { splice } from './splice.js';
import { Upstream, type UpstreamUser } from './upstream.js';

/** The tunnel a session runs in: everything goes to its server. */
export interface Inside {
  readonly origin: Origin;
  readonly wish: TlsWish;
  /** The connection made before the client's handshake, or why there is none. */
  readonly dialled: DialResult | null;
}

/** What becomes of a CONNECT: the socket, paused, with what came behind the head. */
export type OnConnect = (
  socket: Socket,
  authority: Authority,
  rest: Buffer,
  /** Hears whether the tunnel could be opened. */
  told: (isOpen: boolean) => void,
) => void;

const QUEUE = 65_536;
const LINGER = 2000;
const GONE = 'the client closed its half of the connection while the flow was held: it may be gone';

export function limitsOf(context: Context): Limits {
  const { head_size_limit, validate_inbound_headers } = context.options;
  return { ...DEFAULT_LIMITS, head: head_size_limit ?? DEFAULT_LIMITS.head, tolerant: !validate_inbound_headers };
}

/**
 * One client's HTTP/1 byte stream: reads its requests one at a time, runs an exchange for each and performs what the
 * exchange asks for. Connections to servers are reused within a session only.
 */
export class Session implements Wire, UpstreamUser, Handle {
  private readonly reader: RequestReader;
  private readonly out: Outbox;
  private readonly limits: Limits;
  private readonly pool: Pool;
  private queue: Buffer | null = null;
  private isPumping = false;
  /** A request is complete and its exchange is not. */
  private isBusy = false;
  private isClosing = false;
  private clientEnded = false;
  private exchange: Exchange | null = null;
  private entry: Entry | null = null;
  private hooks: FlowHooks | null = null;
  private upstream: Upstream | null = null;
  private connecting = 0;
  private connectTo: Authority | null = null;
  private connectFields: Fields = [];
  private headTimer: NodeJS.Timeout | null = null;
  private hasSwitched = false;
  private waitingFor: Recording | null = null;
  requests = 0;

  constructor(
    private readonly context: Context,
    private readonly socket: Socket,
    private readonly client: ClientFacts,
    private readonly inside: Inside | null,
    private readonly onConnect: OnConnect | null,
    /** Called when the client is gone. */
    private readonly onClose: (error: NodeJS.ErrnoException | null) => void = () => {},
  ) {
    this.limits = limitsOf(context);
    this.pool = new Pool(context.options.upstream_idle_timeout);
    this.reader = new RequestReader(this, this.limits);
    this.out = new Outbox(socket, context.postman);
    if (inside?.dialled && isDialled(inside.dialled)) this.adopt(inside.dialled);
    socket.on('data', this.onData);
    socket.on('drain', this.onDrain);
    socket.on('end', this.onEnd);
    socket.on('error', this.onError);
    socket.on('close', this.onSocketClose);
    socket.on('timeout', this.onTimeout);
    socket.setTimeout(context.options.idle_timeout * 1000);
    socket.resume();
  }

  // --- statements of the reader

  head(raw: RawRequestHead, framing: Framing): void {
    this.stopHeadTimer();
    this.requests += 1;
    if (raw.method === 'CONNECT' && this.onConnect) {
      this.connectTo = this.read(raw, () => connectAuthority(raw));
      this.connectFields = raw.fields;
      return;
    }
    const head = this.read(raw, () => {
      if (raw.method === 'CONNECT') throw new Malformed('CONNECT inside a tunnel');
      return resolveTarget(raw, this.inside?.origin ?? null);
    });
    if (head) this.open().requestHead(head, framing);
  }

  chunk(size: number): void {
    this.exchange?.request.chunk(size);
  }

  data(bytes: Uint8Array): void {
    this.exchange?.request.data(bytes);
  }

  trailers(fields: RawRequestHead['fields']): void {
    this.exchange?.request.trailer(fields);
  }

  end(): void {
    this.exchange?.request.end();
    this.isBusy = this.exchange !== null;
  }

  malformed(reason: string, raw: string): void {
    this.stopHeadTimer();
    const tls = raw.charCodeAt(0) === 0x16 && !this.inside;
    const words = tls ? 'the client speaks TLS to the proxy port: its proxy URL must begin with http://' : reason;
    (this.exchange ?? this.open()).request.malformed(words, raw);
  }

  // --- the wire

  connect(origin: Origin, fresh: boolean): void {
    const { exchange, context } = this;
    if (!exchange) return;
    if (context.page.serves(origin)) return this.respond(exchange);
    const inside = this.inside && sameOrigin(origin, this.inside.origin) ? this.inside : null;
    const refused = inside?.dialled;
    if (refused && !isDialled(refused)) return this.refuse(exchange, refused);
    const unused = fresh ? null : this.pool.take(origin);
    if (unused) return this.use(exchange, unused);
    this.connecting += 1;
    const attempt = this.connecting;
    const wish = inside?.wish ?? { sni: origin.host, alpn: ['http/1.1'] };
    openServer(context, origin, wish, this.client, (result) => {
      if (this.exchange !== exchange || attempt !== this.connecting || exchange.isOver) {
        if (isDialled(result)) result.socket.destroy();
        return;
      }
      if (isDialled(result)) this.use(exchange, this.upstreamOver(result, origin));
      else this.refuse(exchange, result);
      this.flush();
    });
  }

  toServer(piece: Piece): void {
    this.upstream?.out.put(piece);
  }

  toClient(piece: Piece): void {
    this.out.put(piece);
  }

  sendRecording(side: Side): void {
    const { exchange, entry } = this;
    if (!exchange) return;
    const recording = side === 'request' ? entry?.request.recording : entry?.response?.recording;
    const out = side === 'request' ? this.upstream?.out : this.out;
    if (!recording || !out) return exchange[side].recordingSent();
    playBack(recording, out, exchange, side, () => {
      if (this.exchange === exchange || this.isClosing) this.flush();
    });
  }

  tunnel(): void {
    this.isBusy = true; // what the client sends from here on belongs to the other protocol
    this.hasSwitched = true;
  }

  finish(client: Ending, server: Ending): void {
    const { upstream } = this;
    this.hooks?.close();
    this.exchange = null;
    this.entry = null;
    this.hooks = null;
    this.upstream = null;
    this.connecting += 1;
    this.isBusy = false;
    upstream?.finish(server);
    if (upstream && server === 'keep' && upstream.isUsable) this.pool.keep(upstream);
    if (client === 'close') this.close();
    else if (!this.isPumping) {
      this.flush();
      this.pump();
    }
  }

  dropClient(atOnce: boolean): void {
    this.hooks?.close();
    this.hooks = null;
    this.exchange = null;
    this.isClosing = true;
    if (atOnce) {
      this.out.drop();
      cut(this.socket);
      return;
    }
    this.out.send();
    this.socket.write('', () => cut(this.socket));
  }

  dropServer(): void {
    this.connecting += 1;
    this.upstream?.drop();
    this.upstream = null;
  }

  hook(event: HookEvent): void {
    const { exchange, entry } = this;
    if (!exchange || !entry) return;
    const hooks = this.hooks ?? this.openHooks(exchange, entry);
    hooks.ask(event, exchange.sentBefore(event), (verdict) => {
      if (event === 'error') return hooks.close();
      exchange.hooked(event, verdict);
      this.flush();
      this.pump();
    });
  }

  private openHooks(exchange: Exchange, entry: Entry): FlowHooks {
    this.hooks = new FlowHooks(this.context, entry, (side, pieces, taken, isLast) => {
      exchange[side].looked(pieces, taken, isLast);
      this.flush();
    });
    return this.hooks;
  }

  look(side: Side, bytes: Uint8Array, endsChunk: boolean | null): void {
    this.hooks?.look(side, bytes, endsChunk);
  }

  lookEnd(side: Side): void {
    this.hooks?.lookEnd(side);
  }

  // --- what the user does

  kill(): void {
    this.exchange?.kill();
    this.flush();
  }

  release(): void {
    this.exchange?.release();
    this.flush();
  }

  // --- what an upstream tells

  flush(): void {
    const { upstream, exchange, entry } = this;
    const clientIsFull = !this.out.flush();
    const serverIsFull = upstream !== null && !upstream.out.flush();
    const queueIsFull = this.queue !== null && this.queue.length > QUEUE;
    const isHeldUp = exchange?.request.isStalled || this.waitsForDisk(entry?.request.recording);
    if (serverIsFull || queueIsFull || isHeldUp) this.socket.pause();
    else if (!this.isClosing) this.socket.resume();
    if (!upstream) return;
    if (clientIsFull || exchange?.response.isStalled || this.waitsForDisk(entry?.response?.recording))
      upstream.socket.pause();
    else upstream.socket.resume();
  }

  private waitsForDisk(recording: Recording | null | undefined): boolean {
    if (!recording?.isBehind) return false;
    if (this.waitingFor !== recording) recording.relieved(() => this.relieved(recording));
    this.waitingFor = recording;
    return true;
  }

  private relieved(recording: Recording): void {
    if (this.waitingFor === recording) this.waitingFor = null;
    if (!this.isClosing) this.flush();
  }

  switched(rest: Buffer): void {
    const { upstream, entry, exchange } = this;
    if (!upstream || !entry || !exchange || !this.hasSwitched) return;
    this.out.send();
    const { socket } = this;
    this.detach();
    const server = upstream.release();
    if (this.queue) server.write(this.queue);
    if (rest.length > 0) socket.write(rest);
    this.upstream = null;
    entry.switched();
    const kill = (): void => {
      socket.destroy();
      server.destroy();
    };
    entry.handle = { kill, release: () => {} };
    const { client, context } = this;
    socket.pause();
    chooseLayer(context, { client, server: upstream.facts, layer: 'tcp', possible: ['tcp'] }, () => {
      splice(socket, server, {
        moved: (toServer, toClient) => entry.moved(toServer, toClient),
        done: () => {
          entry.finished();
          this.onClose(null);
        },
      });
    });
  }

  drained(): void {
    this.flush();
  }

  lost(upstream: Upstream): void {
    this.pool.lost(upstream);
  }

  // --- the client's socket

  private readonly onData = (bytes: Buffer): void => {
    if (this.isClosing) return;
    this.queue = this.queue ? Buffer.concat([this.queue, bytes]) : bytes;
    this.pump();
  };

  private readonly onDrain = (): void => this.flush();

  private readonly onEnd = (): void => {
    this.clientEnded = true;
    const { exchange } = this;
    if (exchange) {
      exchange.clientClosed(false);
      if (exchange.isHeld) this.tellGone();
      if (!exchange.isOver) this.waitForAnswer(exchange);
      this.flush();
    } else if (!this.isClosing) this.close();
  };

  private tellGone(): void {
    const { entry } = this;
    if (!entry) return;
    const { method, origin } = entry.request.head;
    entry.note({ level: 'info', text: GONE, place: null });
    this.context.log('warn', `${method} ${origin.host}: ${GONE}`);
  }

  private readonly onError = (error: NodeJS.ErrnoException): void => {
    this.gone(error);
  };

  private readonly onSocketClose = (): void => {
    this.gone(null);
  };

  private readonly onTimeout = (): void => {
    const { exchange } = this;
    if (exchange?.isHeld) return;
    const seconds = this.context.options.idle_timeout;
    if (exchange) exchange.fail('timed-out', `nothing came from or went to the client for ${seconds} s`);
    else this.socket.destroy();
    this.flush();
  };

  private gone(error: NodeJS.ErrnoException | null): void {
    this.detach();
    this.socket.on('error', () => {}); // said already
    this.exchange?.clientClosed(true);
    this.pool.close();
    this.onClose(error);
  }

  private detach(): void {
    const { socket } = this;
    this.stopHeadTimer();
    socket.setTimeout(0);
    socket.removeListener('data', this.onData);
    socket.removeListener('drain', this.onDrain);
    socket.removeListener('end', this.onEnd);
    socket.removeListener('error', this.onError);
    socket.removeListener('close', this.onSocketClose);
    socket.removeListener('timeout', this.onTimeout);
  }

  private pump(): void {
    if (this.isPumping) return;
    this.isPumping = true;
    while (this.queue && !this.isBusy && !this.isClosing) {
      const queue: Buffer = this.queue;
      const used = this.reader.push(queue);
      this.queue = used < queue.length ? queue.subarray(used) : null;
      if (this.connectTo) break;
    }
    this.isPumping = false;
    if (this.connectTo) return this.leave(this.connectTo);
    this.watchHead();
    this.flush();
  }

  /** Hands the socket over to a tunnel. */
  private leave(authority: Authority): void {
    const rest = this.queue ?? Buffer.alloc(0);
    this.out.send();
    this.socket.pause();
    this.detach();
    this.pool.close();
    askForTunnel(this.context, this.client, authority, this.connectFields, (verdict) => {
      if (verdict.type === 'go') return this.onConnect?.(this.socket, verdict.authority, rest, verdict.told);
      this.socket.on('error', () => {}); // the close that follows says it
      if (verdict.type === 'kill') this.socket.destroy();
      else this.socket.end(verdict.answer);
    });
  }

  private watchHead(): void {
    const isWaiting = !this.isBusy && !this.isClosing && this.reader.isInHead && !this.reader.isIdle;
    if (!isWaiting) this.stopHeadTimer();
    else if (!this.headTimer) {
      const seconds = this.context.options.head_timeout;
      this.headTimer = setTimeout(() => {
        this.open().fail('timed-out', `the client did not finish its request head within ${seconds} s`);
        this.flush();
      }, seconds * 1000);
    }
  }

  private stopHeadTimer(): void {
    if (this.headTimer) clearTimeout(this.headTimer);
    this.headTimer = null;
  }

  /** The client has closed its half: it may wait for its answer, or be gone without a trace. */
  private waitForAnswer(exchange: Exchange): void {
    const written = this.socket.bytesWritten;
    const timer = setTimeout(() => {
      if (this.exchange !== exchange) return;
      if (this.socket.bytesWritten > written || exchange.isHeld) this.waitForAnswer(exchange);
      else this.socket.destroy();
    }, this.context.options.half_close_timeout * 1000);
    timer.unref();
  }

  /** Lets the client read what was sent, then closes (RFC 9112 9.6). */
  private close(): void {
    this.isClosing = true;
    this.queue = null;
    this.out.send();
    this.socket.end();
    this.socket.resume();
    this.pool.close();
    if (this.clientEnded) return;
    const timer = setTimeout(() => this.socket.destroy(), LINGER);
    timer.unref();
    this.socket.once('close', () => clearTimeout(timer));
  }

  // --- exchanges and their servers

  private open(): Exchange {
    const entry = this.context.ledger.open(this.client);
    const exchange = new Exchange(this, entry, new FlowRules(this.context, entry));
    entry.handle = this;
    this.entry = entry;
    this.exchange = exchange;
    return exchange;
  }

  /** Reads something from a head; a malformed one becomes a failed exchange that shows the head. */
  private read<T>(raw: RawRequestHead, reading: () => T): T | null {
    try {
      return reading();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const exchange = this.open();
      this.entry?.describe(raw, this.inside?.origin ?? null);
      exchange.request.malformed(error.message, '');
      return null;
    }
  }

  private refuse(exchange: Exchange, failure: DialFailure): void {
    exchange.fail(failure.kind, failure.message);
  }

  private use(exchange: Exchange, upstream: Upstream): void {
    this.upstream = upstream;
    upstream.begin(exchange, this.entry?.request.head.method ?? '');
    this.entry?.connectedTo(upstream.facts, upstream.isReused);
    exchange.connected(upstream.isReused);
  }

  private upstreamOver(dialled: { socket: Socket; facts: Upstream['facts'] }, origin: Origin): Upstream {
    const { options } = this.context;
    return new Upstream(
      dialled.socket,
      origin,
      dialled.facts,
      this.limits,
      this,
      this.context.postman,
      options.idle_timeout,
    );
  }

  private adopt(dialled: Parameters<Session['upstreamOver']>[0]): void {
    if (!this.inside) return;
    const upstream = this.upstreamOver(dialled, this.inside.origin);
    upstream.finish('keep');
    this.pool.keep(upstream);
  }

  /** Answers from sluice itself. */
  private respond(exchange: Exchange): void {
    const path = this.entry?.request.head.path ?? '/';
    void this.context.page.respond(path).then((page) => {
      if (this.exchange !== exchange || exchange.isOver) return;
      const { status, reason, fields, body } = page;
      const head: ResponseHead = { status, reason, version: 'HTTP/1.1', fields };
      const isHead = this.entry?.request.head.method === 'HEAD';
      exchange.connected(false);
      exchange.responseHead(head, isHead ? { type: 'none' } : { type: 'length', length: body.length });
      if (!isHead) exchange.response.data(body);
      exchange.response.end();
      this.flush();
    });
  }
}

/** Closes so that the peer cannot take what it has for complete: by a reset, or by a TLS end without close_notify. */
function cut(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
