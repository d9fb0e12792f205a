import { hasField, withoutField } from '../flow/fields.js';
import type { ErrorKind, RequestHead, ResponseHead, Side } from '../flow/flow.js';
import { Attempt } from './attempt.js';
import { failurePage } from './failure.js';
import {
  asksForWebSocket,
  DIRECT,
  type Hop,
  keepsAlive,
  requestFields,
  responseFields,
  upgradeOffer,
  withAltSvcPort,
  withHop,
} from './forward.js';
import { type Framing, NO_BODY } from './framing.js';
import { Half, UNTIL_CLOSE, type Whole } from './half.js';
import type { BodyWish, HookEvent, Rules, Teller, Verdict, Wire } from './ports.js';
import { framed, requestHead, responseHead } from './writer.js';

/*
 * One request and its response: what the two have to do with each other, and with their connections. No socket, timer
 * or clock: methods are what happened, the two ports are what to do about it and what to remember of it.
 */

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

export class Exchange implements Whole {
  readonly request: Half = new Half('request', this);
  readonly response: Half = new Half('response', this);
  private head: RequestHead | null = null;
  private answer: ResponseHead | null = null;
  private readonly attempt = new Attempt();
  private answered = false;
  /** The request asks for a websocket, and scripts have not been asked about that. */
  private isHandshake = false;
  /** The server has switched to another protocol. */
  private hasSwitched = false;
  private clientKeeps = false;
  private clientEnded = false;
  private held: Half | null = null;
  /** A script gave the response. */
  private isLocal = false;
  /** The response a script gave, until the request is complete. */
  private given: Verdict['given'] = null;
  isOver = false;

  constructor(
    readonly wire: Wire,
    readonly teller: Teller,
    readonly rules: Rules,
  ) {}

  /** The server has begun to answer. */
  get hasResponse(): boolean {
    return this.answer !== null;
  }

  get isHeld(): boolean {
    return this.held !== null;
  }

  // --- what the client sent; what follows the head it tells the request

  requestHead(head: RequestHead, framing: Framing): void {
    this.head = head;
    this.request.framing = framing;
    this.clientKeeps = keepsAlive(head.version, head.fields) && !this.rules.alwaysCloses;
    this.teller.requestHead(head, framing);
    this.isHandshake = asksForWebSocket(head);
    if (!this.request.asks('requestheaders')) this.beginRequest(null);
  }

  /** The request is there already and its body recorded: send it again. */
  replay(head: RequestHead, framing: Framing, size: number): void {
    this.head = head;
    this.request.recorded(framing, size);
    this.connect(true);
  }

  /** The client has closed its half, or, `isGone`, the whole connection. */
  clientClosed(isGone: boolean): void {
    if (this.isOver) return;
    this.clientEnded = true;
    if (isGone) this.clientLeft(true);
    else this.request.gate.pass(() => this.clientLeft(false));
  }

  private clientLeft(isGone: boolean): void {
    if (this.isOver) return;
    if (!this.request.isDone)
      this.fail('client-gone', 'the client closed the connection before its request was complete');
    else if (isGone) this.fail('client-gone', 'the client closed the connection before it had the whole response');
  }

  // --- what the server did; what follows the head it tells the response

  connected(isReused: boolean, hop: Hop = DIRECT): void {
    const { head, request } = this;
    if (this.isOver || !head) return;
    this.attempt.connected(isReused);
    const isUpgrade = upgradeOffer(head.fields) !== null;
    let fields = framed(requestFields(head, isUpgrade), request.framing, false);
    if (request.waits && expectsContinue(head)) fields = withoutField(fields, 'expect');
    this.wire.toServer(requestHead(head, withHop(fields, hop), hop.isAbsolute));
    request.open();
  }

  responseHead(given: ResponseHead, framing: Framing): void {
    if (this.isOver || !this.head) return;
    const { altSvcPort } = this.rules;
    const head = altSvcPort === null ? given : withAltSvcPort(given, altSvcPort);
    if (head.status === 101 && upgradeOffer(this.head.fields) === null)
      return this.fail('malformed-response', 'the server switched protocols without being asked');
    if (head.status < 200 && head.status !== 101) {
      this.attempt.hasInterim = true;
      this.teller.interim(head);
      if (this.head.version === 'HTTP/1.1') this.wire.toClient(responseHead(head, responseFields(head), ''));
      return;
    }
    this.teller.responseHead(head, framing);
    this.answer = head;
    this.hasSwitched = head.status === 101;
    this.response.framing = this.hasSwitched ? NO_BODY : framing;
    if (!this.response.asks('responseheaders')) this.beginResponse(null);
  }

  /** The server's connection is gone before the response was complete. */
  serverClosed(message: string): void {
    if (this.isOver) return;
    this.attempt.isConnected = false;
    this.response.gate.pass(() => this.serverLeft(message));
  }

  private serverLeft(message: string): void {
    const { head, attempt } = this;
    if (this.isOver) return;
    if (this.response.isDone) return; // it is all here, only held or still being sent
    if (this.answer) return this.fail('cut-off', message);
    if (!head || !attempt.mayRetry(head, this.request.framing)) return this.fail('unreachable', message);
    attempt.retried();
    this.connect(true);
  }

  // --- what scripts did

  /** What the scripts made of it; the exchange goes on. */
  hooked(event: HookEvent, verdict: Verdict): void {
    if (this.isOver) return;
    const { request, response } = this;
    this.head = verdict.request ?? this.head;
    if (this.answer) this.answer = verdict.response ?? this.answer;
    if (verdict.kill) return this.kill();
    switch (event) {
      case 'requestheaders':
        request.wish = verdict.hold;
        this.given = verdict.given;
        this.beginRequest(verdict.given ? 'whole' : verdict.wish);
        return request.gate.open();
      case 'request':
      case 'websockets_handshake':
        this.given = verdict.given ?? this.given;
        request.changed(verdict, true);
        this.completed(request);
        return request.gate.open();
      case 'responseheaders':
        response.wish = verdict.hold;
        if (this.isLocal) this.askForResponse(verdict.size ?? this.given?.size ?? 0);
        else this.beginResponse(verdict.wish);
        return response.gate.open();
      case 'response':
        response.changed(verdict, !this.isBodiless);
        this.completed(response);
        return response.gate.open();
      case 'error':
    }
  }

  /** The messages that have gone on, or begun to, when scripts are asked there: nothing of them can change any more. */
  sentBefore(event: HookEvent): readonly Side[] {
    switch (event) {
      case 'requestheaders':
        return [];
      case 'request':
      case 'websockets_handshake':
        return this.request.waits ? [] : ['request', 'response'];
      case 'responseheaders':
        return ['request'];
      case 'response':
        return this.response.waits ? ['request'] : ['request', 'response'];
      case 'error':
        return ['request', 'response'];
    }
  }

  // --- what the user, or time, did

  release(): void {
    const { held } = this;
    this.held = null;
    if (!this.isOver && held) this.send(held);
  }

  kill(): void {
    this.fail('killed', 'Connection killed.');
  }

  fail(kind: ErrorKind, message: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.teller.failed(kind, message);
    // a flow gets a response or an error, never both
    if (!this.response.wasAsked && this.rules.hooks('error')) this.wire.hook('error');
    this.wire.dropServer();
    if (this.answered || kind === 'killed' || kind === 'client-gone') {
      this.wire.dropClient(kind === 'killed');
      return;
    }
    this.wire.toClient(failurePage({ kind, message }, this.head?.method !== 'HEAD'));
    this.wire.finish('close', 'close');
  }

  // --- what its halves tell

  completed(half: Half): void {
    const { given } = this;
    if (half === this.request && given && !this.answer && !this.attempt.isSent)
      return this.answerLocally(given.head, given.size);
    if (half === this.request && this.asksForHandshake()) return;
    half.complete();
    if (half.waits) this.goOn(half);
    else if (half === this.response) this.settle();
  }

  sent(half: Half): void {
    if (half === this.response) this.settle();
  }

  overflowed(side: Side): void {
    const half = this[side];
    half.waits = false;
    this.goOn(half);
  }

  // --- inside

  private beginRequest(wish: BodyWish | null): void {
    const { request, head } = this;
    request.begin(wish, false);
    const isAsked = this.isHandshake && this.rules.hooks('websockets_handshake');
    if (request.framing.type === 'none') request.waits ||= isAsked || this.given !== null;
    else if (request.waits && head && expectsContinue(head)) this.wire.toClient(CONTINUE);
    if (!request.waits) this.goOn(request);
  }

  /** S3-32: after `request`, before a server is asked. */
  private asksForHandshake(): boolean {
    if (!this.isHandshake) return false;
    this.isHandshake = false;
    return this.request.asks('websockets_handshake');
  }

  private beginResponse(wish: BodyWish | null): void {
    const { response, head } = this;
    response.begin(wish, head?.version === 'HTTP/1.0');
    if (!response.waits) this.goOn(response);
  }

  /** Its head goes on, unless the user wants to hold it. */
  private goOn(half: Half): void {
    if (!half.holds) return this.send(half);
    this.held = half;
    this.teller.held(half.side);
  }

  private send(half: Half): void {
    if (half === this.request) this.connect(false);
    else this.sendResponse();
  }

  private connect(fresh: boolean): void {
    if (this.head) this.wire.connect(this.head.origin, fresh);
  }

  /** A script gave the response: no server is asked, and the hooks of a response follow (ORD-06). */
  private answerLocally(head: ResponseHead, size: number): void {
    this.isLocal = true;
    this.answer = head;
    this.response.waits = true;
    if (!this.response.asks('responseheaders')) this.askForResponse(size);
  }

  private askForResponse(size: number): void {
    const { response } = this;
    response.holds = this.rules.holds('response') || response.wish === true;
    response.isDone = true;
    if (!this.isBodiless) response.resize(size);
    if (!response.asks('response')) this.completed(response);
  }

  /** No body may follow the head of the response (RFC 9112 6.3, 1). */
  private get isBodiless(): boolean {
    const status = this.answer?.status;
    return this.head?.method === 'HEAD' || status === 204 || status === 304;
  }

  private sendResponse(): void {
    const { answer, head, response } = this;
    if (!answer || !head) return;
    if (this.hasSwitched && answer.status === 101) return this.switchProtocols(answer);
    const { framing } = response;
    const untilClose = framing.type === 'close' || (framing.type === 'chunked' && head.version === 'HTTP/1.0');
    this.clientKeeps &&= this.request.isDone && !this.clientEnded && !untilClose;
    const isBodiless = framing.type === 'none';
    let fields = framed(responseFields(answer), untilClose ? UNTIL_CLOSE : framing, isBodiless);
    if (answer.status === 204) fields = withoutField(fields, 'content-length');
    const hop = this.clientKeeps ? (head.version === 'HTTP/1.0' ? 'keep-alive' : '') : 'close';
    this.answered = true;
    this.wire.toClient(responseHead(answer, fields, hop));
    response.open();
    this.settle();
  }

  private switchProtocols(head: ResponseHead): void {
    this.answered = true;
    this.isOver = true;
    this.wire.toClient(responseHead(head, responseFields(head), ''));
    this.wire.tunnel();
  }

  /** The exchange is over once the whole response has come and gone. */
  private settle(): void {
    if (!this.isOver && this.response.isDone && this.answered && this.response.isSent) this.done();
  }

  private done(): void {
    const { answer } = this;
    this.isOver = true;
    this.teller.finished();
    const serverKeeps =
      this.request.isDone &&
      this.attempt.isConnected &&
      answer !== null &&
      !this.hasSwitched &&
      this.response.framing.type !== 'close' &&
      !this.rules.alwaysCloses &&
      keepsAlive(answer.version, answer.fields);
    this.wire.finish(this.clientKeeps && !this.clientEnded ? 'keep' : 'close', serverKeeps ? 'keep' : 'close');
  }
}

function expectsContinue({ version, fields }: RequestHead): boolean {
  return version === 'HTTP/1.1' && hasField(fields, 'expect');
}
