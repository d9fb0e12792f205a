import { isDeepStrictEqual } from 'node:util';
import type { FlowError, FlowId } from '../flow/flow.js';
import type { Standing } from '../flow/image.js';
import { options } from './configuration.js';
import { type Client, type ConnectionContext, contextOf, type Server } from './connection.js';
import type { FlowNote } from './image.js';
import { Sealed } from './naming.js';
import type { ScriptError } from './state.js';

/** What a flow can do to the exchange behind it when no hook has it. */
export interface Reach {
  resume(flow: FlowId): void;
  kill(flow: FlowId): void;
  /** Holds it from now on, in the middle of a hook, too, and calls `released` on it when it is let go. */
  awaitResume(flow: FlowId): void;
  /** Puts a message into its conversation. */
  inject(flow: FlowId, toServer: boolean, content: Uint8Array, isText: boolean): void;
}

export const NO_REACH: Reach = { resume: () => {}, kill: () => {}, awaitResume: () => {}, inject: () => {} };

const MARK = ':default:';

function errorOf(error: FlowError | null): ScriptError | null {
  return error && { kind: error.kind, msg: error.message, message: error.message, timestamp: error.at / 1000 };
}

/** What every kind of flow has (DM-01 to DM-19). The same object comes to every hook of a flow. */
export abstract class Flow<Image extends Standing = Standing> extends Sealed {
  abstract readonly type: string;
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestampCreated: number;
  /** '' for none, else the name of the mark. */
  marked: string;
  comment: string;
  /** Plain data that goes with the flow. */
  metadata: Record<string, unknown>;
  #image: Image;
  #error: ScriptError | null;
  #live: boolean;
  #intercepted: boolean;
  #wasHeld: boolean;
  #killed = false;
  #inHook = false;
  #awaiting: (() => void)[] = [];
  #peers: {
    readonly client: string | undefined;
    readonly server: number | undefined;
    readonly context: ConnectionContext;
  } | null = null;
  protected readonly reach: Reach;

  constructor(image: Image, reach: Reach, id: string) {
    super();
    this.id = id;
    this.reach = reach;
    this.#image = image;
    this.#error = errorOf(image.error);
    this.timestampCreated = image.createdAt / 1000;
    this.marked = image.marked ? MARK : '';
    this.comment = image.comment;
    this.metadata = structuredClone(image.metadata) as Record<string, unknown>;
    this.#live = image.live;
    this.#intercepted = image.held;
    this.#wasHeld = image.held;
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
    if (!this.#inHook) this.reach.kill(this.#image.id);
  }

  /** Holds the flow when this hook is over, until the user or `resume` lets it go (DM-17). */
  intercept(): void {
    this.#intercepted = true;
  }

  resume(): void {
    if (!this.#intercepted) return;
    const isHeldNow = !this.#inHook || this.#awaiting.length > 0;
    this.released();
    if (isHeldNow) this.reach.resume(this.#image.id);
  }

  /**
   * Resolves when the flow is let go, by whomever, or is over; at once where it is not held (DM-17). Inside the hook
   * that holds it, too: the rest of the hook then comes behind the hold, and `script_wait` does not count meanwhile.
   */
  waitForResume(): Promise<void> {
    if (!this.#intercepted) return Promise.resolve();
    if (this.#awaiting.length === 0) this.reach.awaitResume(this.#image.id);
    return new Promise((done) => {
      this.#awaiting.push(done);
    });
  }

  // --- for the host

  /** It has been let go, or is over. */
  released(): void {
    this.#intercepted = false;
    for (const done of this.#awaiting.splice(0)) done();
  }

  get image(): Image {
    return this.#image;
  }

  leave(): void {
    this.#inHook = false;
  }

  get isKilled(): boolean {
    return this.#killed;
  }

  /** true holds the flow, false lets a held one go; null where nothing is to change. */
  get holdWish(): boolean | null {
    return this.#intercepted === this.#wasHeld ? null : this.#intercepted;
  }

  /** What was noted on it since the proxy was told, or null. Throws where it is no plain data. */
  noted(): FlowNote | null {
    const { marked, comment, metadata } = this;
    const image = this.#image;
    const isMarked = marked !== '';
    const hasMetadata = JSON.stringify(metadata) !== JSON.stringify(image.metadata);
    if (isMarked === image.marked && comment === image.comment && !hasMetadata) return null;
    return { marked: isMarked, comment: String(comment), ...(hasMetadata ? { metadata: plainOf(metadata) } : {}) };
  }

  /** A hook is about to get the flow as it is now. */
  protected renew(image: Image): void {
    this.#image = image;
    this.#inHook = true;
    this.#live = image.live;
    this.#intercepted = image.held;
    this.#wasHeld = image.held;
    this.#error = errorOf(image.error);
    this.marked = image.marked ? this.marked || MARK : '';
    this.comment = image.comment;
    if (!isDeepStrictEqual(this.metadata, image.metadata))
      this.metadata = structuredClone(image.metadata) as Record<string, unknown>;
  }

  protected setError(error: ScriptError | null): void {
    this.#error = error;
  }

  /** Where its server is, and the layers above it from the outside in. */
  protected abstract destination(): { readonly host: string; readonly port: number; readonly layer: string };

  /** The connections stay the same objects as long as they are the same connections. */
  get #context(): ConnectionContext {
    const { client, server } = this.#image;
    if (this.#peers?.client !== client?.address || this.#peers?.server !== server?.id || !this.#peers)
      this.#peers = { client: client?.address, server: server?.id, context: this.#makeContext() };
    return this.#peers.context;
  }

  #makeContext(): ConnectionContext {
    const { client, server } = this.#image;
    const { host, port, layer } = this.destination();
    const peers = { id: server?.id ?? 0, client, server, address: { host, port }, layer };
    return contextOf({ ...peers, error: null, certificate: null, sni: '', alpn: [] }, options, () => this.live);
  }
}

/** A copy of what may travel to the proxy. Throws for functions and the like. */
export function plainOf(metadata: Record<string, unknown>): Record<string, unknown> {
  try {
    return structuredClone(metadata);
  } catch {
    throw new TypeError('metadata holds something that is no plain data');
  }
}
