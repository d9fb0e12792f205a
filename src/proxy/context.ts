import type { KeyLog } from '../certs/keylog.js';
import type { Shown, Wanted } from '../certs/leaves.js';
import type { Serving } from '../certs/serving.js';
import type { Trust } from '../certs/trust.js';
import type { Origin } from '../flow/flow.js';
import type { FlowFilter } from '../flow/flowfilter.js';
import type { Mistake, Options } from '../options.js';
import type { LogLevel, ScriptFailure } from '../protocol.js';
import type { Entrance } from './entrance.js';
import type { Extras } from './extras.js';
import type { Files } from './files.js';
import type { Ledger } from './ledger.js';
import type { Login } from './login.js';
import type { Postman } from './outbox.js';
import type { Scripts } from './scripts.js';

/** What every connection of the worker shares. */
export interface Context {
  /** The options as they are now. */
  options: Options;
  readonly ledger: Ledger;
  /** Whom we trust, read when the first server needs it. */
  trust: () => Trust;
  /** How TLS is spoken with clients. */
  serving: Serving;
  /** Where TLS secrets are written, or null. */
  keyLog: KeyLog | null;
  /** Signs a leaf, as soon as the CA is there. */
  readonly leaf: (wanted: Wanted) => Promise<Shown>;
  readonly page: Page;
  readonly postman: Postman;
  /** Where clients are to come in, as the options say. */
  asked: readonly Entrance[];
  /** Where they do. */
  readonly listening: Listening;
  /** Who may come in; null for everybody. */
  login: Login | null;
  /** The compiled ignore_hosts, allow_hosts and tcp_hosts. */
  ignored: readonly RegExp[];
  allowed: readonly RegExp[];
  tcpHosts: readonly RegExp[];
  /** The compiled intercept filter, or null while nothing is held. */
  intercept: FlowFilter | null;
  /** The compiled stream_filter, with their texts. */
  streamed: readonly { readonly text: string; readonly filter: FlowFilter }[];
  /** Reads and writes files of flows. */
  readonly files: Files;
  /** The compiled save_stream_filter, or null for all. */
  saved: FlowFilter | null;
  readonly scripts: Scripts;
  /** The script on standard input, or null. */
  readonly scriptText: string | null;
  /** What scripts brought along. */
  readonly extras: Extras;
  log(level: LogLevel, text: string): void;
  /** A hook failed: told to the interface, which counts. */
  scriptFailed(failure: ScriptFailure, file: string): void;
}

/** Where clients come in. */
export interface Listening {
  readonly entrances: readonly Entrance[];
  /** Opens and closes ports until it is these; connections go on. A mistake leaves what was. */
  change(asked: readonly Entrance[]): Promise<Mistake | null>;
}

/** A response that sluice gives by itself. */
export interface PageResponse {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

export interface Page {
  /** Whether requests to this origin are answered by sluice. */
  serves(origin: Origin): boolean;
  respond(path: string): Promise<PageResponse>;
}
