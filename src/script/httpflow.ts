import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ErrorKind, FlowError, Side } from '../flow/flow.js';
import { options } from './configuration.js';
import { type Client, type ConnectionContext, contextOf, type Server } from './connection.js';
import type { FlowImage, Wishes } from './image.js';
import { Sealed } from './naming.js';
import { Request } from './request.js';
import { Response } from './response.js';
import { NO_STAGE, type Stage } from './stage.js';

/** A failed exchange (DM-04). */
export interface ScriptError {
  /** What sort of failure: unreachable, untrusted, timed-out, cut-off, client-gone, killed … */
  readonly kind: ErrorKind;
  readonly msg: string;
  readonly message: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

function errorOf(error: FlowError | null): ScriptError | null {
  return error && { kind: error.kind, msg: error.message, message: error.message, timestamp: error.at / 1000 };
}

/** What a flow can do to the exchange behind it when no hook has it. */
export interface Reach {
  resume(flow: HTTPFlow): void;
  kill(flow: HTTPFlow): void;
}

const NO_REACH: Reach = { resume: () => {}, kill: () => {} };

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
    this.#intercepted = false;
    if (!this.#inHook) this.#reach.resume(this);
  }

  /** Keeps the state to come back to; a second call keeps the first (DM-13). */
  backup(): void {
    const { request, response, marked, comment } = this;
    const metadata = structuredClone(this.metadata);
    this.#kept ??= { request: request.copy(), response: response?.copy() ?? null, marked, comment, metadata };
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
    this.request = kept.request.touched();
    this.#response = kept.response?.touched() ?? null;
    this.marked = kept.marked;
    this.comment = kept.comment;
    this.metadata = kept.metadata;
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

  // --- for the host

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
