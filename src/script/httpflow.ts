import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FlowError, FlowId, Side } from '../flow/flow.js';
import { options } from './configuration.js';
import { type Client, type ConnectionContext, contextOf, type Server } from './connection.js';
import type { FlowImage, Wishes } from './image.js';
import { Sealed } from './naming.js';
import { Request } from './request.js';
import { Response } from './response.js';
import { NO_STAGE, type Stage } from './stage.js';
import {
  checkedState,
  type FlowState,
  type KeptState,
  requestImageOf,
  requestState,
  responseImageOf,
  responseState,
  type ScriptError,
} from './state.js';

function errorOf(error: FlowError | null): ScriptError | null {
  return error && { kind: error.kind, msg: error.message, message: error.message, timestamp: error.at / 1000 };
}

/** What a flow can do to the exchange behind it when no hook has it. */
export interface Reach {
  resume(flow: HTTPFlow): void;
  kill(flow: HTTPFlow): void;
  /** Holds it from now on, in the middle of a hook, too, and calls `released` on it when it is let go. */
  awaitResume(flow: HTTPFlow): void;
}

const NO_REACH: Reach = { resume: () => {}, kill: () => {}, awaitResume: () => {} };

/** The number of a flow that the proxy has none for. */
const UNKNOWN = 0 as FlowId;

/** What every kind of flow has (DM-01 to DM-20). */
export abstract class Flow extends Sealed {
  abstract readonly type: string;
}

interface Kept {
  readonly request: Request;
  readonly response: Response | null;
  readonly marked: string;
  readonly comment: string;
  readonly metadata: Record<string, unknown>;
}

function keptState({ request, response, marked, comment, metadata }: Kept): KeptState {
  const messages = { request: requestState(request), response: response && responseState(response) };
  return { ...messages, marked, comment, metadata: structuredClone(metadata) };
}

function keptOf({ request, response, marked, comment, metadata }: KeptState): Kept {
  const messages = {
    request: new Request(requestImageOf(request)),
    response: response && new Response(responseImageOf(response)),
  };
  return { ...messages, marked, comment, metadata: structuredClone(metadata) as Record<string, unknown> };
}

const MARK = ':default:';

function sameMessage(a: Request | Response | null, b: Request | Response | null): boolean {
  if (a === null || b === null) return a === b;
  return isDeepStrictEqual({ ...a.toImage(), body: a.rawContent }, { ...b.toImage(), body: b.rawContent });
}

/** One exchange as a script sees it. The same object comes to every hook of the exchange. */
export class HTTPFlow extends Flow {
  readonly type = 'http';
  readonly id: string;
  request: Request;
  readonly websocket = null;
  /** Seconds since 1970. */
  readonly timestampCreated: number;
  /** '' for none, else the name of the mark. */
  marked: string;
  comment: string;
  /** Plain data that goes with the flow. */
  metadata: Record<string, unknown>;
  #image: FlowImage;
  #response: Response | null;
  #isNew = false;
  #error: ScriptError | null;
  #live: boolean;
  #intercepted: boolean;
  #wasHeld: boolean;
  #killed = false;
  #kept: Kept | null = null;
  #stage: Stage = NO_STAGE;
  #peers: {
    readonly client: string | undefined;
    readonly server: number | undefined;
    readonly context: ConnectionContext;
  } | null = null;
  #inHook = false;
  #awaiting: (() => void)[] = [];
  readonly #reach: Reach;

  constructor(image: FlowImage, reach: Reach = NO_REACH, id = String(image.id)) {
    super();
    this.id = id;
    this.#image = image;
    this.#reach = reach;
    this.request = new Request(image.request);
    this.#response = image.response && new Response(image.response);
    this.#error = errorOf(image.error);
    this.timestampCreated = image.createdAt / 1000;
    this.marked = image.marked ? MARK : '';
    this.comment = image.comment;
    this.metadata = structuredClone(image.metadata) as Record<string, unknown>;
    this.#live = image.live;
    this.#intercepted = image.held;
    this.#wasHeld = image.held;
  }

  /** Null until it has been received. Setting it in `request` answers without a server. */
  get response(): Response | null {
    return this.#response;
  }

  set response(response: Response | null) {
    if (response !== null && !(response instanceof Response))
      throw new TypeError('flow.response takes a Response: Response.make(status, content, headers)');
    if (this.#stage.isSent('response')) this.#stage.warn('the response has been sent: another cannot take its place');
    this.#response = response;
    this.#isNew = response !== null;
    response?.at(this.#stage);
  }

  /** It was put there by the script, and the proxy does not know it yet. */
  get isNewResponse(): boolean {
    return this.#isNew;
  }

  get error(): ScriptError | null {
    return this.#error;
  }

  /** Still attached to an open connection (DM-06). */
  get live(): boolean {
    return this.#live && !this.#killed;
  }

  /** Held by the user or by a script now (DM-05). */
  get intercepted(): boolean {
    return this.#intercepted;
  }

  get isReplay(): 'request' | null {
    return this.#image.replayed ? 'request' : null;
  }

  /** Seconds since 1970 at which the first byte of the request came (DM-12). */
  get timestampStart(): number | null {
    return this.request.timestampStart;
  }

  get client(): Client | null {
    return this.#context.client;
  }

  /** Without timestampStart where no connection was made (DM-03). */
  get server(): Server | null {
    return this.#context.server;
  }

  get killable(): boolean {
    return this.live;
  }

  /** Cuts both connections (DM-19). Throws for a flow that is not live. */
  kill(): void {
    if (!this.killable) throw new Error('the flow is not running, so it cannot be killed');
    this.#killed = true;
    this.#intercepted = false;
    this.#error = errorOf({ kind: 'killed', message: 'Connection killed.', at: Date.now() });
    if (!this.#inHook) this.#reach.kill(this);
  }

  /** Holds the flow when this hook is over, until the user or `resume` lets it go (DM-17). */
  intercept(): void {
    this.#intercepted = true;
  }

  resume(): void {
    if (!this.#intercepted) return;
    const isHeldNow = !this.#inHook || this.#awaiting.length > 0;
    this.released();
    if (isHeldNow) this.#reach.resume(this);
  }

  /**
   * Resolves when the flow is let go, by whomever, or is over; at once where it is not held (DM-17). Inside the hook
   * that holds it, too: the rest of the hook then comes behind the hold, and `script_wait` does not count meanwhile.
   */
  waitForResume(): Promise<void> {
    if (!this.#intercepted) return Promise.resolve();
    if (this.#awaiting.length === 0) this.#reach.awaitResume(this);
    return new Promise((done) => {
      this.#awaiting.push(done);
    });
  }

  /** Keeps the state to come back to; a second call keeps the first (DM-13). */
  backup(): void {
    const { request, response } = this;
    this.#kept ??= { ...this.#noted(), request: request.copy(), response: response?.copy() ?? null };
  }

  /** Whether it differs from the state that was kept (DM-14). */
  modified(): boolean {
    const kept = this.#kept;
    if (!kept) return false;
    const { request, response, marked, comment } = this;
    const isNoted = marked === kept.marked && comment === kept.comment;
    const isSame = isNoted && isDeepStrictEqual(this.metadata, kept.metadata) && sameMessage(request, kept.request);
    return !(isSame && sameMessage(response, kept.response));
  }

  /** Puts the kept state back and forgets it (DM-15). */
  revert(): void {
    const kept = this.#kept;
    if (!kept) return;
    this.#kept = null;
    this.request = kept.request.inPlaceOf(this.request);
    this.#response = kept.response?.inPlaceOf(this.#response) ?? null;
    this.marked = kept.marked;
    this.comment = kept.comment;
    this.metadata = kept.metadata;
  }

  /** All of it as plain nested data that shares nothing with the flow (DM-20). */
  getState(): FlowState {
    const { id, error, isReplay, timestampCreated } = this;
    const { client, server } = this.#image;
    const now = keptState({ ...this.#noted(), request: this.request, response: this.#response });
    const backup = this.#kept && keptState(this.#kept);
    const facts = structuredClone({ error, client, server });
    return { type: 'http', id, ...now, ...facts, isReplay, timestampCreated, backup };
  }

  /** Takes over messages, error, notes and backup of a state. Which flow it is, and its connections, stay. */
  setState(state: FlowState): void {
    const { request, response, marked, comment, metadata } = keptOf(checkedState(state));
    this.request = request.inPlaceOf(this.request);
    this.response = response?.inPlaceOf(this.#response) ?? null;
    this.request.at(this.#stage);
    this.#isNew = response !== null && this.#image.response === null;
    this.#error = structuredClone(state.error);
    this.#kept = state.backup && keptOf(state.backup);
    Object.assign(this, { marked, comment, metadata });
  }

  /** A flow that belongs to no connection and is not in the list, from what `getState` gave. */
  static fromState(state: FlowState): HTTPFlow {
    const { request, response, client, server } = checkedState(state);
    const images = { request: requestImageOf(request), response: response && responseImageOf(response) };
    const facts = structuredClone({ client, server });
    const standing = { error: null, live: false, held: false, marked: false, comment: '', metadata: {} };
    const times = { createdAt: state.timestampCreated * 1000, replayed: state.isReplay !== null };
    const flow = new HTTPFlow({ id: UNKNOWN, ...images, ...facts, ...standing, ...times }, NO_REACH, state.id);
    flow.setState(state);
    return flow;
  }

  /** mitmproxy's name. */
  static from_state(state: FlowState): HTTPFlow {
    return HTTPFlow.fromState(state);
  }

  /** A copy under another id that belongs to no connection (DM-16). */
  copy(): HTTPFlow {
    const copy = new HTTPFlow({ ...this.#image, live: false, held: false }, NO_REACH, randomUUID());
    copy.request = this.request.copy();
    copy.#response = this.#response?.copy() ?? null;
    copy.#error = this.#error;
    copy.marked = this.marked;
    copy.comment = this.comment;
    copy.metadata = structuredClone(this.metadata);
    return copy;
  }

  #noted(): Pick<Kept, 'marked' | 'comment' | 'metadata'> {
    const { marked, comment, metadata } = this;
    return { marked, comment, metadata: structuredClone(metadata) };
  }

  // --- for the host

  /** It has been let go, or is over. */
  released(): void {
    this.#intercepted = false;
    for (const done of this.#awaiting.splice(0)) done();
  }

  get image(): FlowImage {
    return this.#image;
  }

  /** A hook is about to get the flow as it is now. */
  enter(image: FlowImage, stage: Stage): void {
    this.#image = image;
    this.#stage = stage;
    this.#inHook = true;
    this.#live = image.live;
    this.#intercepted = image.held;
    this.#wasHeld = image.held;
    this.#error = errorOf(image.error);
    this.marked = image.marked ? this.marked || MARK : '';
    this.comment = image.comment;
    if (!isDeepStrictEqual(this.metadata, image.metadata))
      this.metadata = structuredClone(image.metadata) as Record<string, unknown>;
    this.request.become(image.request);
    if (!image.response) this.#response = null;
    else if (this.#response) this.#response.become(image.response);
    else this.#response = new Response(image.response);
    this.request.at(stage);
    this.#response?.at(stage);
  }

  leave(): void {
    this.#inHook = false;
  }

  /** What the hook asked for beyond changes, or null. */
  wishes(head: Side | null): Wishes | null {
    const message = head === 'request' ? this.request : this.#response;
    const stream = head === null ? null : (message?.streamWish() ?? null);
    const hold = this.#intercepted === this.#wasHeld ? null : this.#intercepted;
    if (stream === null && hold === null && !this.#killed) return null;
    const how = stream === null ? null : stream === true ? 'pass' : stream === false ? 'whole' : 'look';
    return { stream: head !== null && how !== null ? { [head]: how } : {}, kill: this.#killed, hold, isDecoded: false };
  }

  /** The proxy knows of everything that was changed. */
  settled(): void {
    this.#isNew = false;
    this.request.settled();
    this.#response?.settled();
  }

  /** The connections stay the same objects as long as they are the same connections. */
  get #context(): ConnectionContext {
    const { client, server } = this.#image;
    if (this.#peers?.client !== client?.address || this.#peers?.server !== server?.id || !this.#peers)
      this.#peers = { client: client?.address, server: server?.id, context: this.#makeContext() };
    return this.#peers.context;
  }

  #makeContext(): ConnectionContext {
    const { client, server, request } = this.#image;
    const { host, port } = request;
    const layer = client?.tls ? 'http/tls/http' : 'http';
    const peers = { id: server?.id ?? 0, client, server, address: { host, port }, layer };
    return contextOf({ ...peers, error: null, certificate: null, sni: '', alpn: [] }, options);
  }
}
