import { type Fields, hasField, withoutField } from '../flow/fields.js';
import type { Carriage, ErrorKind, RequestHead, ResponseHead, Side } from '../flow/flow.js';
import { Carrier } from './carrier.js';
import { failurePage } from './failure.js';
import { keepsAlive, requestFields, responseFields, trailerFields, upgradeOffer } from './forward.js';
import { announcedLength, type Framing } from './framing.js';
import { type Rules, SidePort, type Teller, type Wire } from './ports.js';
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
    return (side === 'request' ? this.request : this.response)?.isStalled ?? false;
  }

  // --- what the client sent

  requestHead(head: RequestHead, framing: Framing): void {
    this.head = head;
    this.framing = framing;
    this.clientKeeps = keepsAlive(head.version, head.fields) && !this.rules.alwaysCloses;
    this.teller.requestHead(head, framing);
    const carriage = this.decide('request', framing);
    const isHeld = this.holds.request;
    if (framing.type !== 'none') {
      this.requestWaits = carriage.how === 'buffered';
      const limit = this.limit('request', framing);
      this.request = new Carrier('request', carriage.how, framing, limit, new SidePort('request', this));
    } else this.requestWaits = isHeld;
    if (this.requestWaits) {
      if (this.expectsContinue && framing.type !== 'none') this.wire.toClient(CONTINUE);
    } else if (isHeld) this.hold('request');
    else this.connect(false);
  }

  requestChunk(size: number): void {
    if (this.isOver) return;
    this.teller.chunk('request');
    this.request?.chunk(size);
  }

  requestData(bytes: Uint8Array): void {
    if (!this.isOver) this.request?.data(bytes);
  }

  requestTrailer(fields: Fields): void {
    if (this.isOver) return;
    const { kept, dropped } = trailerFields(fields);
    this.requestTrailers = kept;
    this.teller.trailers('request', fields, dropped);
  }

  requestEnd(): void {
    this.requestDone = true;
    if (this.isOver) return;
    this.request?.end(this.requestTrailers);
    this.teller.ended('request');
    if (!this.requestWaits) return;
    if (this.holds.request) this.hold('request');
    else this.connect(false);
  }

  requestMalformed(message: string, raw: string): void {
    if (this.isOver) return;
    this.teller.malformed('request', raw);
    this.fail('malformed-request', message);
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
    const carriage = this.decide('response', framing);
    const isHeld = this.holds.response;
    if (framing.type !== 'none') {
      this.responseWaits = carriage.how === 'buffered';
      const outgoing = this.head.version === 'HTTP/1.0' && framing.type === 'chunked' ? UNTIL_CLOSE : framing;
      const limit = this.limit('response', framing);
      this.response = new Carrier('response', carriage.how, outgoing, limit, new SidePort('response', this));
    } else this.responseWaits = isHeld;
    if (this.responseWaits) return;
    if (isHeld) this.hold('response');
    else this.sendResponse();
  }

  responseChunk(size: number): void {
    if (this.isOver) return;
    this.teller.chunk('response');
    this.response?.chunk(size);
  }

  responseData(bytes: Uint8Array): void {
    if (!this.isOver) this.response?.data(bytes);
  }

  responseTrailer(fields: Fields): void {
    if (this.isOver) return;
    const { kept, dropped } = trailerFields(fields);
    this.responseTrailers = kept;
    this.teller.trailers('response', fields, dropped);
  }

  responseEnd(): void {
    if (this.isOver || !this.answer) return;
    this.response?.end(this.responseTrailers);
    this.teller.ended('response');
    this.responseDone = true;
    if (!this.responseWaits) this.settle();
    else if (this.holds.response) this.hold('response');
    else this.sendResponse();
  }

  responseMalformed(message: string, raw: string): void {
    if (this.isOver) return;
    this.teller.malformed('response', raw);
    this.fail('malformed-response', message);
  }

  /** The server's connection is gone before the response was complete. */
  serverClosed(message: string): void {
    if (this.isOver) return;
    this.isConnected = false;
    if (this.responseDone) return; // it is all here, only held or still being sent
    if (this.answer) return this.fail('cut-off', message);
    if (this.mayRetry()) {
      this.isRetried = true;
      this.connect(true);
    } else this.fail('unreachable', message);
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
    this.wire.dropServer();
    if (this.answered || kind === 'killed' || kind === 'client-gone') {
      this.wire.dropClient(kind === 'killed');
      return;
    }
    this.wire.toClient(failurePage({ kind, message }, this.head?.method !== 'HEAD'));
    this.wire.finish('close', 'close');
  }

  // --- inside

  private get expectsContinue(): boolean {
    return this.head !== null && this.head.version === 'HTTP/1.1' && hasField(this.head.fields, 'expect');
  }

  private limit(side: Side, framing: Framing): number | null {
    return announcedLength(framing) === null ? this.rules.limit(side) : null;
  }

  private decide(side: Side, framing: Framing): Carriage {
    this.holds[side] = this.rules.holds(side);
    const carriage = this.rules.carriage(side, framing, this.holds[side]);
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
