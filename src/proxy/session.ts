import type { Socket } from 'node:net';
import type { Fields } from '../flow/fields.js';
import type { ClientFacts, ErrorKind, Origin, RequestHead, Side } from '../flow/flow.js';
import type { Mode } from '../flow/mode.js';
import type { Piece } from '../http/carrier.js';
import { Exchange } from '../http/exchange.js';
import { type Framing, Malformed, NO_BODY } from '../http/framing.js';
import type { Ending, HookEvent, Wire } from '../http/ports.js';
import type { RawRequestHead } from '../http/reader.js';
import { type Authority, connectAuthority, connectHead, rehosted, resolveTarget } from '../http/target.js';
import { admit, withoutLogins } from './admission.js';
import { Brake } from './brake.js';
import { closeGently, closeWith, cut, watchHalfClosed } from './closing.js';
import { askForTunnel } from './connect.js';
import { Connector, type Inside } from './connector.js';
import type { Context } from './context.js';
import type { Entry } from './entry.js';
import { FlowHooks } from './flowhooks.js';
import type { Handle } from './flowrecord.js';
import { FlowRules } from './flowrules.js';
import { Intake, type IntakeUser } from './intake.js';
import { Outbox } from './outbox.js';
import { answerWithPage } from './ownanswer.js';
import { playBack } from './playback.js';
import { switchOver } from './switchover.js';
import { Upstream, type UpstreamUser } from './upstream.js';

/** What becomes of a CONNECT: the socket, paused, with what came behind the head. */
export type OnConnect = (
  socket: Socket,
  authority: Authority,
  rest: Buffer,
  /** Hears whether the tunnel could be opened. */
  told: (isOpen: boolean) => void,
) => void;

/** What becomes of what is no request to a proxy. */
export interface Front {
  readonly tunnel: OnConnect;
  /** TLS begins on the socket, which is paused; null where nobody can speak it. */
  readonly secure: ((socket: Socket) => void) | null;
}

const GONE = 'the client closed its half of the connection while the flow was held: it may be gone';

/**
 * One client's HTTP/1 byte stream: runs an exchange for each request that comes in and performs what the exchange asks
 * for. Connections to servers are reused within a session only.
 */
export class Session implements Wire, UpstreamUser, IntakeUser, Handle {
  private readonly intake: Intake;
  private readonly out: Outbox;
  private readonly connector: Connector;
  private readonly brake = new Brake(() => {
    if (!this.intake.isStopped) this.flush();
  });
  private exchange: Exchange | null = null;
  private entry: Entry | null = null;
  private hooks: FlowHooks | null = null;
  private upstream: Upstream | null = null;
  private connectTo: Authority | null = null;
  private connectFields: Fields = [];
  private hasSwitched = false;
  requests = 0;

  constructor(
    private readonly context: Context,
    private readonly mode: Mode,
    private readonly socket: Socket,
    private readonly client: ClientFacts,
    private readonly inside: Inside | null,
    /** Null inside a tunnel. */
    private readonly front: Front | null,
    /** Called when the client is gone. */
    private readonly onClose: (error: NodeJS.ErrnoException | null) => void = () => {},
  ) {
    this.out = new Outbox(socket, context.postman);
    this.connector = new Connector(context, mode, client, inside, this);
    this.intake = new Intake(context, socket, this);
  }

  // --- statements of the reader

  head(came: RawRequestHead, framing: Framing): void {
    this.intake.headRead();
    this.requests += 1;
    const { head: raw, refusal } = admit(this.context.login, this.mode, this.inside !== null, came);
    if (refusal) return this.refuse(raw, refusal.kind, refusal.message);
    if (raw.method === 'CONNECT' && this.front) {
      this.connectTo = this.read(raw, () => connectAuthority(raw));
      this.connectFields = raw.fields;
      this.intake.isBusy = this.connectTo !== null; // what follows belongs to the tunnel
      return;
    }
    const head = this.read(raw, () => {
      if (raw.method === 'CONNECT') throw new Malformed('CONNECT inside a tunnel');
      return this.addressed(resolveTarget(raw, this.inside?.origin ?? null));
    });
    if (head) this.open().requestHead(head, framing);
  }

  /** Shows the request and answers it with why it may not come in. */
  private refuse(raw: RawRequestHead, kind: ErrorKind, message: string): void {
    const head = this.read(raw, () =>
      raw.method === 'CONNECT' ? connectHead(raw) : resolveTarget(raw, this.inside?.origin ?? null),
    );
    if (!head) return;
    const exchange = this.open();
    this.entry?.requestHead(head, NO_BODY);
    this.entry?.ended('request');
    exchange.fail(kind, message);
  }

  /** A client that takes us for the server names us; the server wants to be named itself (MO-03, OPT-66). */
  private addressed(head: RequestHead): RequestHead {
    return this.mode.type === 'reverse' && !this.context.options.keep_host_header ? rehosted(head) : head;
  }

  /** The server's alternatives are not to lead clients past us (OPT-67). */
  private get altSvcPort(): number | null {
    const isKept = this.mode.type !== 'reverse' || this.context.options.keep_alt_svc_header;
    return isKept ? null : (this.socket.localPort ?? null);
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
    this.intake.isBusy = this.exchange !== null || this.connectTo !== null;
  }

  malformed(reason: string, raw: string): void {
    this.intake.headRead();
    (this.exchange ?? this.open()).request.malformed(reason, withoutLogins(this.context.login, raw));
  }

  // --- the wire

  connect(origin: Origin, fresh: boolean): void {
    const { exchange, entry, context } = this;
    if (!exchange || !entry) return;
    if (this.mode.type !== 'reverse' && context.page.serves(origin))
      return void answerWithPage(context.page, exchange, entry.request.head, () => this.flush());
    const kept = fresh ? null : this.connector.kept(origin);
    if (kept) return this.use(exchange, kept);
    this.connector.make(origin, (result) => {
      if (result instanceof Upstream) this.use(exchange, result);
      else exchange.fail(result.kind, result.message);
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
      if (this.exchange === exchange || this.intake.isStopped) this.flush();
    });
  }

  tunnel(): void {
    this.intake.isBusy = true; // what the client sends from here on belongs to the other protocol
    this.hasSwitched = true;
    if (this.upstream?.hasSwitched) this.switchOver();
  }

  finish(client: Ending, server: Ending): void {
    const { upstream, intake } = this;
    this.hooks?.close();
    this.exchange = null;
    this.entry = null;
    this.hooks = null;
    this.upstream = null;
    this.connector.giveUp();
    intake.isBusy = false;
    if (upstream) this.connector.finish(upstream, server);
    if (client === 'close') this.close();
    else if (!intake.isPumping) {
      this.flush();
      intake.pump();
    }
  }

  dropClient(atOnce: boolean): void {
    this.hooks?.close();
    this.hooks = null;
    this.exchange = null;
    this.intake.stop();
    if (atOnce) {
      this.out.drop();
      cut(this.socket);
      return;
    }
    this.out.send();
    this.socket.write('', () => cut(this.socket));
  }

  dropServer(): void {
    this.connector.giveUp();
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
      this.intake.pump();
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
    if (this.intake.isReleased) return;
    const { upstream, exchange, entry } = this;
    const clientIsFull = !this.out.flush();
    const serverIsFull = upstream !== null && !upstream.out.flush();
    const isHeldUp = exchange?.request.isStalled || this.brake.holds(entry?.request.recording);
    if (serverIsFull || this.intake.isFull || isHeldUp) this.socket.pause();
    else if (!this.intake.isStopped) this.socket.resume();
    if (!upstream) return;
    if (clientIsFull || exchange?.response.isStalled || this.brake.holds(entry?.response?.recording))
      upstream.socket.pause();
    else upstream.socket.resume();
  }

  switched(): void {
    if (this.hasSwitched) this.switchOver();
  }

  private switchOver(): void {
    const { upstream, entry, context, client } = this;
    if (!upstream || !entry) return;
    this.out.send();
    this.upstream = null;
    this.hooks?.close();
    const mine = { socket: this.socket, rest: this.intake.release(), facts: client };
    switchOver(context, entry, mine, { ...upstream.release(), facts: upstream.facts }, () => this.onClose(null));
  }

  drained(): void {
    this.flush();
  }

  lost(upstream: Upstream): void {
    this.connector.lost(upstream);
  }

  // --- what the intake tells

  pumped(): void {
    if (this.connectTo) return this.leave(this.connectTo);
    this.intake.watchHead();
    this.flush();
  }

  ended(): void {
    const { exchange } = this;
    if (exchange) {
      exchange.clientClosed(false);
      if (exchange.isHeld) this.tellGone();
      if (!exchange.isOver) this.waitForAnswer(exchange);
      this.flush();
    } else if (!this.intake.isStopped) this.close();
  }

  idle(): void {
    const { exchange } = this;
    if (exchange?.isHeld) return;
    const seconds = this.context.options.idle_timeout;
    if (exchange) exchange.fail('timed-out', `nothing came from or went to the client for ${seconds} s`);
    else this.socket.destroy();
    this.flush();
  }

  late(): void {
    const seconds = this.context.options.head_timeout;
    this.open().fail('timed-out', `the client did not finish its request head within ${seconds} s`);
    this.flush();
  }

  tls(first: Buffer): boolean {
    if (!this.front?.secure) return false;
    this.intake.release();
    this.socket.pause();
    this.socket.unshift(first);
    this.front.secure(this.socket);
    return true;
  }

  gone(error: NodeJS.ErrnoException | null): void {
    this.exchange?.clientClosed(true);
    this.connector.close();
    this.onClose(error);
  }

  private tellGone(): void {
    const { entry } = this;
    if (!entry) return;
    const { method, origin } = entry.request.head;
    entry.note({ level: 'info', text: GONE, place: null });
    this.context.log('warn', `${method} ${origin.host}: ${GONE}`);
  }

  /** Hands the socket over to a tunnel. */
  private leave(authority: Authority): void {
    const rest = this.intake.release();
    this.out.send();
    this.socket.pause();
    this.connector.close();
    askForTunnel(this.context, this.client, authority, this.connectFields, (verdict) => {
      if (verdict.type === 'go') return this.front?.tunnel(this.socket, verdict.authority, rest, verdict.told);
      this.socket.on('error', () => {}); // the close that follows says it
      if (verdict.type === 'kill') this.socket.destroy();
      else closeWith(this.socket, verdict.answer);
    });
  }

  private waitForAnswer(exchange: Exchange): void {
    watchHalfClosed(this.socket, this.context.options.half_close_timeout, () => {
      if (this.exchange !== exchange || exchange.isOver) return 'answered';
      return exchange.isHeld ? 'held' : 'waiting';
    });
  }

  private close(): void {
    this.intake.stop();
    this.out.send();
    closeGently(this.socket, this.intake.hasEnded);
    this.connector.close();
  }

  // --- exchanges and their servers

  private open(): Exchange {
    const entry = this.context.ledger.open(this.client);
    const exchange = new Exchange(this, entry, new FlowRules(this.context, entry, this.altSvcPort));
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

  private use(exchange: Exchange, upstream: Upstream): void {
    this.upstream = upstream;
    upstream.begin(exchange, this.entry?.request.head.method ?? '');
    this.entry?.connectedTo(upstream.facts, upstream.isReused);
    exchange.connected(upstream.isReused, this.connector.hop(upstream.origin));
  }
}
