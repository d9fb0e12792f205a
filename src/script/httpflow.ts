import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FlowId, Side } from '../flow/flow.js';
import type { FlowImage } from '../flow/image.js';
import { Flow, NO_REACH, type Reach } from './flow.js';
import type { Wishes } from './image.js';
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
} from './state.js';
import { WebSocketData } from './websocket.js';

/** The number of a flow that the proxy has none for. */
const UNKNOWN = 0 as FlowId;

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

function sameMessage(a: Request | Response | null, b: Request | Response | null): boolean {
  if (a === null || b === null) return a === b;
  return isDeepStrictEqual({ ...a.toImage(), body: a.rawContent }, { ...b.toImage(), body: b.rawContent });
}

/** One exchange as a script sees it. The same object comes to every hook of the exchange. */
export class HTTPFlow extends Flow<FlowImage> {
  readonly type = 'http';
  request: Request;
  #response: Response | null;
  #isNew = false;
  #kept: Kept | null = null;
  #stage: Stage = NO_STAGE;
  #websocket: WebSocketData | null = null;

  constructor(image: FlowImage, reach: Reach = NO_REACH, id = String(image.id)) {
    super(image, reach, id);
    this.request = new Request(image.request);
    this.#response = image.response && new Response(image.response);
    if (image.isWebSocket) this.#websocket = new WebSocketData(reach, image.id);
  }

  /** The conversation of an exchange that became a websocket, else null (S4-13). */
  get websocket(): WebSocketData | null {
    return this.#websocket;
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

  get isReplay(): 'request' | null {
    return this.image.replayed ? 'request' : null;
  }

  /** Seconds since 1970 at which the first byte of the request came (DM-12). */
  get timestampStart(): number | null {
    return this.request.timestampStart;
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
    const { client, server } = this.image;
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
    this.#isNew = response !== null && this.image.response === null;
    this.setError(structuredClone(state.error));
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
    const copy = new HTTPFlow({ ...this.image, live: false, held: false }, NO_REACH, randomUUID());
    copy.request = this.request.copy();
    copy.#response = this.#response?.copy() ?? null;
    copy.setError(this.error);
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

  /** A hook is about to get the flow as it is now. */
  enter(image: FlowImage, stage: Stage): void {
    this.renew(image);
    this.request.become(image.request);
    if (!image.response) this.#response = null;
    else if (this.#response) this.#response.become(image.response);
    else this.#response = new Response(image.response);
    if (image.isWebSocket) this.#websocket ??= new WebSocketData(this.reach, image.id);
    this.stand(stage);
  }

  /** Where it stands is another place than before. */
  stand(stage: Stage): void {
    this.#stage = stage;
    this.request.at(stage);
    this.#response?.at(stage);
  }

  /** What the hook asked for beyond changes, or null. */
  wishes(head: Side | null): Wishes | null {
    const message = head === 'request' ? this.request : this.#response;
    const stream = head === null ? null : (message?.streamWish() ?? null);
    const { holdWish: hold, isKilled: kill } = this;
    if (stream === null && hold === null && !kill) return null;
    const how = stream === null ? null : stream === true ? 'pass' : stream === false ? 'whole' : 'look';
    return { stream: head !== null && how !== null ? { [head]: how } : {}, kill, hold, isDecoded: false };
  }

  /** The proxy knows of everything that was changed. */
  settled(): void {
    this.#isNew = false;
    this.request.settled();
    this.#response?.settled();
  }

  protected destination() {
    const { request, client } = this.image;
    return { host: request.host, port: request.port, layer: client?.tls ? 'http/tls/http' : 'http' };
  }
}
