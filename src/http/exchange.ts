import { type Fields, hasField, withoutField } from '../flow/fields.js';
import type { Carriage, ErrorKind, RequestHead, ResponseHead, Side } from '../flow/flow.js';
import type { Pieces } from '../flow/pieces.js';
import { Carrier } from './carrier.js';
import { failurePage } from './failure.js';
import { keepsAlive, requestFields, responseFields, trailerFields, upgradeOffer } from './forward.js';
import { announcedLength, type Framing, NO_BODY } from './framing.js';
import { Gate } from './gate.js';
import { type BodyWish, type HookEvent, type Rules, SidePort, type Teller, type Verdict, type Wire } from './ports.js';
import { framed, requestHead, responseHead } from './writer.js';

/*
 * One request and its response. No socket, timer or clock: methods are what happened, the two ports are what to do
 * about it and what to remember of it.
 */

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

interface Answer {
  readonly head: ResponseHead;
  readonly framing: Framing;
}

export class Exchange {
  private head: RequestHead | null = null;
  private framing: Framing = { type: 'none' };
  private request: Carrier | null = null;
  private requestTrailers: Fields = [];
  private requestDone = false;
  private requestWaits = false;
  private isConnected = false;
  private isReused = false;
  private isRetried = false;
  private asked = false;
  private hasInterim = false;

  private answer: Answer | null = null;
  private response: Carrier | null = null;
  private responseTrailers: Fields = [];
  private responseWaits = false;
  private responseDone = false;
  private answered = false;
  private clientKeeps = false;
  private clientEnded = false;
  private heldSide: Side | null = null;
  private readonly holds = { request: false, response: false };
  /** Whether a script wants it held, from its headers on. */
  private readonly wishes: Record<Side, boolean | null> = { request: null, response: null };
  /** A script gave the response. */
  private isLocal = false;
  /** The response a script gave, until the request is complete. */
  private given: Verdict['given'] = null;
  /** Scripts were asked about the response: a flow gets that or an error, never both. */
  private hadResponseHook = false;
  private readonly gates = { request: new Gate(), response: new Gate() };
  isOver = false;

  constructor(
    readonly wire: Wire,
    readonly teller: Teller,
    private readonly rules: Rules,
  ) {}

  /** The server has begun to answer. */
  get hasResponse(): boolean {
    return this.answer !== null;
  }

  get isHeld(): boolean {
    return this.heldSide !== null;
  }

  /** Whether that side's sender should pause, since its bytes cannot go on yet. */
  isStalled(side: Side): boolean {
    return this.gates[side].isFull || ((side === 'request' ? this.request : this.response)?.isStalled ?? false);
  }

  // --- what the client sent

  requestHead(head: RequestHead, framing: Framing): void {
    this.head = head;
    this.framing = framing;
    this.clientKeeps = keepsAlive(head.version, head.fields) && !this.rules.alwaysCloses;
    this.teller.requestHead(head, framing);
    if (!this.asksFor('requestheaders', 'request')) this.beginRequest(null);
  }

  requestChunk(size: number): void {
    this.gates.request.pass(() => {
      if (this.isOver) return;
      this.teller.chunk('request');
      this.request?.chunk(size);
    });
  }

  requestData(bytes: Uint8Array): void {
    this.gates.request.pass(() => {
      if (!this.isOver) this.request?.data(bytes);
    });
  }

  requestTrailer(fields: Fields): void {
    this.gates.request.pass(() => {
      if (this.isOver) return;
      const { kept, dropped } = trailerFields(fields);
      this.requestTrailers = kept;
      this.teller.trailers('request', fields, dropped);
    });
  }

  requestEnd(): void {
    this.gates.request.pass(() => {
      this.requestDone = true;
      if (this.isOver) return;
      this.teller.ended('request');
      this.request?.complete();
      if (!this.request?.isLooking) this.requestIsThere();
    });
  }

  requestMalformed(message: string, raw: string): void {
    this.gates.request.pass(() => {
      if (this.isOver) return;
      this.teller.malformed('request', raw);
      this.fail('malformed-request', message);
    });
  }

  /** The request is there already and its body recorded: send it again. */
  replay(head: RequestHead, framing: Framing, size: number): void {
    this.head = head;
    this.framing = framing;
    this.requestDone = true;
    if (framing.type !== 'none') {
      this.request = new Carrier('request', 'buffered', framing, null, new SidePort('request', this));
      this.request.size = size;
      this.request.end([]);
    }
    this.connect(true);
  }

  /** The client has closed its half, or, `isGone`, the whole connection. */
  clientClosed(isGone: boolean): void {
    if (this.isOver) return;
    this.clientEnded = true;
    if (isGone) this.clientLeft(true);
    else this.gates.request.pass(() => this.clientLeft(false));
  }

  private clientLeft(isGone: boolean): void {
    if (this.isOver) return;
    if (!this.requestDone) this.fail('client-gone', 'the client closed the connection before its request was complete');
    else if (isGone) this.fail('client-gone', 'the client closed the connection before it had the whole response');
  }

  // --- what the server did

  connected(isReused: boolean): void {
    if (this.isOver || !this.head) return;
    this.isConnected = true;
    this.isReused = isReused;
    this.asked = true;
    const isUpgrade = upgradeOffer(this.head.fields) !== null;
    let fields = framed(requestFields(this.head, isUpgrade), this.framing, false);
    if (this.requestWaits && this.expectsContinue) fields = withoutField(fields, 'expect');
    this.wire.toServer(requestHead(this.head, fields));
    this.request?.open();
  }

  responseHead(head: ResponseHead, framing: Framing): void {
    if (this.isOver || !this.head) return;
    if (head.status === 101) return this.switchProtocols(head);
    if (head.status < 200) {
      this.hasInterim = true;
      this.teller.interim(head);
      if (this.head.version === 'HTTP/1.1') this.wire.toClient(responseHead(head, responseFields(head), ''));
      return;
    }
    this.teller.responseHead(head, framing);
    this.answer = { head, framing };
    if (!this.asksFor('responseheaders', 'response')) this.beginResponse(null);
  }

  responseChunk(size: number): void {
    this.gates.response.pass(() => {
      if (this.isOver) return;
      this.teller.chunk('response');
      this.response?.chunk(size);
    });
  }

  responseData(bytes: Uint8Array): void {
    this.gates.response.pass(() => {
      if (!this.isOver) this.response?.data(bytes);
    });
  }

  responseTrailer(fields: Fields): void {
    this.gates.response.pass(() => {
      if (this.isOver) return;
      const { kept, dropped } = trailerFields(fields);
      this.responseTrailers = kept;
      this.teller.trailers('response', fields, dropped);
    });
  }

  responseEnd(): void {
    this.gates.response.pass(() => {
      if (this.isOver || !this.answer) return;
      this.teller.ended('response');
      this.responseDone = true;
      this.response?.complete();
      if (!this.response?.isLooking) this.responseIsThere();
    });
  }

  responseMalformed(message: string, raw: string): void {
    this.gates.response.pass(() => {
      if (this.isOver) return;
      this.teller.malformed('response', raw);
      this.fail('malformed-response', message);
    });
  }

  /** The server's connection is gone before the response was complete. */
  serverClosed(message: string): void {
    if (this.isOver) return;
    this.isConnected = false;
    this.gates.response.pass(() => this.serverLeft(message));
  }

  private serverLeft(message: string): void {
    if (this.isOver) return;
    if (this.responseDone) return; // it is all here, only held or still being sent
    if (this.answer) return this.fail('cut-off', message);
    if (this.mayRetry()) {
      this.isRetried = true;
      this.connect(true);
    } else this.fail('unreachable', message);
  }

  /** What the scripts made of it; the exchange goes on. */
  hooked(event: HookEvent, verdict: Verdict): void {
    if (this.isOver) return;
    this.head = verdict.request ?? this.head;
    if (this.answer && verdict.response) this.answer = { ...this.answer, head: verdict.response };
    if (verdict.kill) return this.kill();
    switch (event) {
      case 'requestheaders':
        this.wishes.request = verdict.hold;
        this.given = verdict.given;
        this.beginRequest(verdict.given ? 'whole' : verdict.wish);
        return this.gates.request.open();
      case 'request':
        this.holds.request = verdict.hold ?? this.holds.request;
        this.requestTrailers = verdict.trailers ?? this.requestTrailers;
        this.given = verdict.given ?? this.given;
        if (verdict.size !== null && this.requestWaits) this.resizeRequest(verdict.size);
        this.completeRequest();
        return this.gates.request.open();
      case 'responseheaders':
        this.wishes.response = verdict.hold;
        if (this.isLocal) this.askForResponse(verdict.size ?? this.given?.size ?? 0);
        else this.beginResponse(verdict.wish);
        return this.gates.response.open();
      case 'response':
        this.holds.response = verdict.hold ?? this.holds.response;
        this.responseTrailers = verdict.trailers ?? this.responseTrailers;
        if (verdict.size !== null && this.responseWaits) this.resizeResponse(verdict.size);
        this.completeResponse();
        return this.gates.response.open();
      case 'error':
    }
  }

  /** The messages that have gone on, or begun to, when scripts are asked there: nothing of them can change any more. */
  sentBefore(event: HookEvent): readonly Side[] {
    switch (event) {
      case 'requestheaders':
        return [];
      case 'request':
        return this.requestWaits ? [] : ['request', 'response'];
      case 'responseheaders':
        return ['request'];
      case 'response':
        return this.responseWaits ? ['request'] : ['request', 'response'];
      case 'error':
        return ['request', 'response'];
    }
  }

  /** What a script's function made of `taken` bytes of a body. */
  looked(side: Side, pieces: Pieces, taken: number, isLast: boolean): void {
    if (this.isOver) return;
    (side === 'request' ? this.request : this.response)?.looked(pieces, taken, isLast);
    if (isLast && side === 'request') this.requestIsThere();
    else if (isLast) this.responseIsThere();
  }

  recordingSent(side: Side): void {
    if (this.isOver) return;
    if (side === 'request') this.request?.recordingSent();
    else {
      this.response?.recordingSent();
      this.settle();
    }
  }

  // --- what the user, or time, did

  release(): void {
    const side = this.heldSide;
    this.heldSide = null;
    if (this.isOver || side === null) return;
    if (side === 'request') this.connect(false);
    else this.sendResponse();
  }

  kill(): void {
    this.fail('killed', 'Connection killed.');
  }

  fail(kind: ErrorKind, message: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.teller.failed(kind, message);
    if (!this.hadResponseHook && this.rules.hooks('error')) this.wire.hook('error');
    this.wire.dropServer();
    if (this.answered || kind === 'killed' || kind === 'client-gone') {
      this.wire.dropClient(kind === 'killed');
      return;
    }
    this.wire.toClient(failurePage({ kind, message }, this.head?.method !== 'HEAD'));
    this.wire.finish('close', 'close');
  }

  // --- inside

  /** Asks the scripts, if one wants to be; until `hooked` nothing more of that side is let through. */
  private asksFor(event: HookEvent, side: Side): boolean {
    if (!this.rules.hooks(event)) return false;
    if (event === 'response') this.hadResponseHook = true;
    this.gates[side].close();
    this.wire.hook(event);
    return true;
  }

  private beginRequest(wish: BodyWish | null): void {
    const { framing } = this;
    const carriage = this.decide('request', framing, wish);
    if (framing.type !== 'none') {
      this.requestWaits = carriage.how === 'buffered';
      const look = wish === 'look' ? { isChunked: framing.type === 'chunked' } : null;
      if (look) this.framing = CHUNKED;
      const limit = wish === null ? this.limit('request', framing) : null;
      this.request = new Carrier('request', carriage.how, this.framing, limit, new SidePort('request', this), look);
    } else this.requestWaits = this.holds.request || this.given !== null || this.rules.hooks('request');
    if (this.requestWaits) {
      if (this.expectsContinue && framing.type !== 'none') this.wire.toClient(CONTINUE);
    } else if (this.holds.request) this.hold('request');
    else this.connect(false);
  }

  /** Its last byte has come, and gone through the function of a script if there is one. */
  private requestIsThere(): void {
    if (!this.asksFor('request', 'request')) this.completeRequest();
  }

  private responseIsThere(): void {
    if (!this.asksFor('response', 'response')) this.completeResponse();
  }

  private completeRequest(): void {
    const { given } = this;
    if (given && !this.answer && !this.asked) return this.answerLocally(given.head, given.size);
    this.request?.end(this.requestTrailers);
    if (!this.requestWaits) return;
    if (this.holds.request) this.hold('request');
    else this.connect(false);
  }

  private beginResponse(wish: BodyWish | null): void {
    const { answer, head } = this;
    if (!answer || !head) return;
    const { framing } = answer;
    const carriage = this.decide('response', framing, wish);
    if (framing.type !== 'none') {
      this.responseWaits = carriage.how === 'buffered';
      const look = wish === 'look' ? { isChunked: framing.type === 'chunked' } : null;
      if (look) this.answer = { ...answer, framing: CHUNKED };
      const isOld = head.version === 'HTTP/1.0' && (look !== null || framing.type === 'chunked');
      const outgoing = isOld ? UNTIL_CLOSE : look ? CHUNKED : framing;
      const limit = wish === null ? this.limit('response', framing) : null;
      this.response = new Carrier('response', carriage.how, outgoing, limit, new SidePort('response', this), look);
    } else this.responseWaits = this.holds.response || this.rules.hooks('response');
    if (this.responseWaits) return;
    if (this.holds.response) this.hold('response');
    else this.sendResponse();
  }

  private completeResponse(): void {
    this.response?.end(this.responseTrailers);
    if (!this.responseWaits) this.settle();
    else if (this.holds.response) this.hold('response');
    else this.sendResponse();
  }

  /** A body took the place of what came, or was put where there was none. */
  private resizeRequest(size: number): void {
    if (this.framing.type !== 'chunked') this.framing = { type: 'length', length: size };
    if (this.request) this.request.size = size;
    else this.request = this.whole('request', this.framing, size);
  }

  private resizeResponse(size: number): void {
    const { answer, head } = this;
    if (!answer || !head || isBodiless(answer.head.status, head.method)) return;
    const framing: Framing = answer.framing.type === 'chunked' ? answer.framing : { type: 'length', length: size };
    this.answer = { ...answer, framing };
    if (this.response) this.response.size = size;
    else this.response = this.whole('response', framing, size);
  }

  private whole(side: Side, framing: Framing, size: number): Carrier {
    const carrier = new Carrier(side, 'buffered', framing, null, new SidePort(side, this));
    carrier.size = size;
    return carrier;
  }

  /** A script gave the response: no server is asked, and the hooks of a response follow (ORD-06). */
  private answerLocally(head: ResponseHead, size: number): void {
    this.isLocal = true;
    this.answer = { head, framing: NO_BODY };
    this.responseWaits = true;
    if (!this.asksFor('responseheaders', 'response')) this.askForResponse(size);
  }

  private askForResponse(size: number): void {
    this.holds.response = this.rules.holds('response') || this.wishes.response === true;
    this.responseDone = true;
    this.resizeResponse(size);
    if (!this.asksFor('response', 'response')) this.completeResponse();
  }

  private get expectsContinue(): boolean {
    return this.head !== null && this.head.version === 'HTTP/1.1' && hasField(this.head.fields, 'expect');
  }

  private limit(side: Side, framing: Framing): number | null {
    return announcedLength(framing) === null ? this.rules.limit(side) : null;
  }

  private decide(side: Side, framing: Framing, wish: BodyWish | null): Carriage {
    this.holds[side] = this.wishes[side] ?? this.rules.holds(side);
    const carriage = this.rules.carriage(side, framing, this.holds[side], wish);
    this.teller.carried(side, framing, carriage);
    return carriage;
  }

  /** A buffered body has outgrown the limit. */
  overflowed(side: Side): void {
    if (side === 'response') this.responseWaits = false;
    else this.requestWaits = false;
    if (this.holds[side]) this.hold(side);
    else if (side === 'response') this.sendResponse();
    else this.connect(false);
  }

  private connect(fresh: boolean): void {
    if (this.head) this.wire.connect(this.head.origin, fresh);
  }

  private hold(side: Side): void {
    this.heldSide = side;
    this.teller.held(side);
  }

  /** Only a request that cannot do anything twice is sent again, once, and only on a connection that had been idle. */
  private mayRetry(): boolean {
    return (
      this.asked &&
      !this.hasInterim &&
      this.isReused &&
      !this.isRetried &&
      this.framing.type === 'none' &&
      IDEMPOTENT.has(this.head?.method ?? '')
    );
  }

  private sendResponse(): void {
    const { answer, head } = this;
    if (!answer || !head) return;
    const { framing } = answer;
    const untilClose = framing.type === 'close' || (framing.type === 'chunked' && head.version === 'HTTP/1.0');
    this.clientKeeps &&= this.requestDone && !this.clientEnded && !untilClose;
    const isBodiless = framing.type === 'none';
    let fields = framed(responseFields(answer.head), untilClose ? UNTIL_CLOSE : framing, isBodiless);
    if (answer.head.status === 204) fields = withoutField(fields, 'content-length');
    const hop = this.clientKeeps ? (head.version === 'HTTP/1.0' ? 'keep-alive' : '') : 'close';
    this.answered = true;
    this.wire.toClient(responseHead(answer.head, fields, hop));
    this.response?.open();
    this.settle();
  }

  /** The exchange is over once the whole response has come and gone. */
  private settle(): void {
    if (!this.isOver && this.responseDone && this.answered && (this.response?.isSent ?? true)) this.done();
  }

  private switchProtocols(head: ResponseHead): void {
    if (!this.head || upgradeOffer(this.head.fields) === null) {
      this.fail('malformed-response', 'the server switched protocols without being asked');
      return;
    }
    this.teller.responseHead(head, { type: 'none' });
    this.answered = true;
    this.isOver = true;
    this.wire.toClient(responseHead(head, responseFields(head), ''));
    this.wire.tunnel();
  }

  private done(): void {
    this.isOver = true;
    this.teller.finished();
    const answer = this.answer;
    const serverKeeps =
      this.requestDone &&
      this.isConnected &&
      answer !== null &&
      answer.framing.type !== 'close' &&
      !this.rules.alwaysCloses &&
      keepsAlive(answer.head.version, answer.head.fields);
    this.wire.finish(this.clientKeeps && !this.clientEnded ? 'keep' : 'close', serverKeeps ? 'keep' : 'close');
  }
}

const UNTIL_CLOSE: Framing = { type: 'close' };
const CHUNKED: Framing = { type: 'chunked', codings: 'chunked' };

/** No body may follow the head (RFC 9112 6.3, 1). */
function isBodiless(status: number, method: string): boolean {
  return method === 'HEAD' || status === 204 || status === 304;
}
