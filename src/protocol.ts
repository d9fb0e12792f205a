import { basename } from 'node:path';
import type { MessagePort, Transferable } from 'node:worker_threads';
import type { TalkBatch } from './flow/conversation.js';
import type { BodyData } from './flow/extent.js';
import type { FilterTree } from './flow/filtertree.js';
import type { Flow, FlowId, Place, Side } from './flow/flow.js';
import type { Hit } from './flow/hit.js';
import type { Finished } from './flow/image.js';
import type { RowBatch } from './flow/row.js';
import type { SharedRows } from './flow/rowtable.js';
import type { ListEdit } from './flow/slotlist.js';
import type { FlowTarget } from './flow/targets.js';
import type { FlowState } from './journal/state.js';
import type { OptionName, OptionShape, OptionValue } from './options.js';

/*
 * What crosses between the interface and the proxy. Rules of the channel:
 *
 * - Commands are imperatives, events are in the past tense; both are tagged unions of plain data.
 * - Rows travel in batches, coalesced per flow, at most one batch per frame and only against credit that the interface
 *   returns: an interface that does not read costs the proxy nothing.
 * - Bodies are extents or, while they are small, bytes: each thread reads the window it needs by itself.
 * - A command that cannot be obeyed is `refused` with the reason; a command about a flow carries the revision it was
 *   made against where doing it twice or too late would surprise.
 * - Where two requests of one kind can be under way, the answer names what it answers.
 */

export type { FlowTarget };

/** What the interface asks for. */
export type ProxyCommand =
  | { readonly type: 'return-credit' }
  /** The store's thread is wanted; `store-opened` tells of it, once. */
  | { readonly type: 'open-store' }
  | { readonly type: 'read-flow'; readonly id: FlowId }
  /** Messages of a conversation, from that one on. */
  | { readonly type: 'read-talk'; readonly id: FlowId; readonly from: number }
  /** Sends a message that neither side wrote. */
  | {
      readonly type: 'inject';
      readonly flow: FlowTarget;
      readonly toServer: boolean;
      readonly content: Uint8Array;
      readonly isText: boolean;
    }
  | { readonly type: 'edit-message'; readonly flow: FlowTarget; readonly index: number; readonly content: Uint8Array }
  | { readonly type: 'drop-message'; readonly flow: FlowTarget; readonly index: number }
  /** The flow is on the screen, or none is: what passes unrecorded can be watched. */
  | { readonly type: 'watch'; readonly id: FlowId | null }
  | { readonly type: 'kill'; readonly flows: readonly FlowTarget[] }
  | { readonly type: 'resume'; readonly flows: readonly FlowTarget[] }
  | { readonly type: 'replay'; readonly flows: readonly FlowTarget[] }
  | { readonly type: 'revert'; readonly flows: readonly FlowTarget[] }
  | { readonly type: 'duplicate'; readonly flows: readonly FlowTarget[] }
  | { readonly type: 'remove'; readonly flows: readonly FlowTarget[] }
  /** The last thing done to flows. */
  | { readonly type: 'undo' }
  | { readonly type: 'redo' }
  | { readonly type: 'mark'; readonly flows: readonly FlowTarget[]; readonly marked: boolean }
  | { readonly type: 'pass-host'; readonly flow: FlowTarget }
  | { readonly type: 'run-script'; readonly flows: readonly FlowTarget[]; readonly path: string }
  /** Writes flows to a file; + in front of the path appends. */
  | {
      readonly type: 'save-flows';
      readonly flows: readonly FlowTarget[];
      readonly path: string;
      readonly format: FileFormat;
    }
  /** Takes in a session that has ended. */
  | { readonly type: 'restore-session'; readonly name: string }
  /** Adds the flows of a file to the list. */
  | { readonly type: 'load-flows'; readonly path: string }
  | { readonly type: 'set-option'; readonly name: OptionName; readonly value: OptionValue }
  /** An option that a script brought. */
  | { readonly type: 'set-script-option'; readonly name: string; readonly words: readonly string[] }
  | {
      readonly type: 'render-body';
      readonly id: FlowId;
      readonly side: Side;
      readonly revision: number;
      readonly view: string;
    }
  /** A command that a script brought. */
  | { readonly type: 'call-command'; readonly name: string; readonly words: readonly string[] }
  | { readonly type: 'stop' };

/** What can be done to flows and undone. */
export type Undoable = 'replay' | 'revert' | 'duplicate' | 'remove' | 'mark' | 'run-script';

/** Where clients come in, and how. */
export interface ListeningPlace {
  /** `reverse:http://a:80`, without where it listens. */
  readonly mode: string;
  readonly host: string;
  readonly port: number;
}

/** mitmproxy's dump, or HAR 1.2. */
export type FileFormat = 'mitm' | 'har';

/** What the thread that reads and writes files is asked for. One job at a time. */
export type FileCommand =
  /** The interface asks its questions here. */
  | { readonly type: 'connect'; readonly port: MessagePort }
  | { readonly type: 'save'; readonly path: string; readonly format: FileFormat; readonly version: number }
  /** Flows of the file being written, in order; those that the thread has itself by their numbers. */
  | { readonly type: 'flows'; readonly flows: readonly (Finished | FlowId)[]; readonly isLast: boolean }
  /** An indexed file stays where it is, and its flows with the thread; the flows of any other come over. */
  | { readonly type: 'load'; readonly path: string; readonly isIndexed: boolean; readonly filter: string | null }
  /** More flows of the file being read are wanted. */
  | { readonly type: 'more' }
  /** The number of the first of the flows that were found; those behind it follow. */
  | { readonly type: 'numbered'; readonly first: FlowId }
  /** Finds what there is in the folder of a session that has been taken in. */
  | { readonly type: 'restore'; readonly name: string; readonly path: string }
  /** At any time: the folder of the session, whose journal the other thread writes. */
  | { readonly type: 'session'; readonly folder: string }
  /** At any time: segments of a session that was taken in, and their folders. */
  | { readonly type: 'taken-in'; readonly segments: ReadonlyMap<number, string> }
  /** At any time: where the newest records of so many flows are, in memory that both threads have. */
  | { readonly type: 'places'; readonly number: number; readonly block: Float64Array }
  /** At any time: a segment that can be read in memory, or no longer. */
  | { readonly type: 'segment'; readonly number: number; readonly memory: SharedArrayBuffer | null }
  /** At any time: flows that the thread has are wanted, and are its own no longer. */
  | { readonly type: 'bring'; readonly ids: readonly FlowId[] }
  /** At any time: flows are deleted. */
  | { readonly type: 'forget'; readonly ids: readonly FlowId[] }
  /** At any time: these are there again. */
  | { readonly type: 'take-back'; readonly ids: readonly FlowId[] };

export type FileEvent =
  /** The next flows can be written. */
  | { readonly type: 'ready' }
  | { readonly type: 'saved'; readonly count: number; readonly warnings: readonly string[] }
  | { readonly type: 'read'; readonly flows: readonly Finished[] }
  /** So many flows stand in the index, and want numbers. */
  | { readonly type: 'found'; readonly count: number; readonly size: number; readonly changedAt: number }
  /** The segments of a session that is restored, and their folders. */
  | { readonly type: 'segments'; readonly segments: ReadonlyMap<number, string> }
  /** Flows of a session that is restored, and where their records are. */
  | { readonly type: 'restored'; readonly ids: Float64Array; readonly places: Float64Array }
  /** Flows that it had left in their file are with the thread again, but for some. */
  | { readonly type: 'found-again'; readonly first: number; readonly count: number; readonly gone: Float64Array }
  /** Flows that were under way when it broke off. */
  | { readonly type: 'broken-off'; readonly states: readonly FlowState[] }
  /** Flows as asked for; `lost` are those that cannot be read, and why. */
  | {
      readonly type: 'brought';
      readonly flows: readonly Finished[];
      readonly lost: readonly { readonly id: FlowId; readonly reason: string }[];
    }
  | {
      readonly type: 'loaded';
      readonly count: number;
      readonly damage: string | null;
      readonly isStopped: boolean;
    }
  | { readonly type: 'failed'; readonly reason: string }
  /** The thread has ended; the next use starts another. */
  | { readonly type: 'crashed'; readonly reason: string };

/** What the interface asks of the store's thread. */
export type StoreQuery =
  /** Rows that it said have been taken in. */
  | { readonly type: 'return-credit' }
  /** The file that is being read has been read far enough. */
  | { readonly type: 'stop-loading' }
  /** Looks for a regular expression in these flows, or in all, that match the filter; the search before it ends. */
  | {
      readonly type: 'search';
      readonly number: number;
      readonly pattern: string;
      readonly ids: readonly FlowId[] | null;
      readonly filter: string | null;
    }
  | { readonly type: 'stop-search'; readonly number: number }
  /** Which of these flows a filter matches. */
  | { readonly type: 'judge-flows'; readonly number: number; readonly filter: FilterTree; readonly ids: Float64Array }
  | ListQuery;

/** What the store's thread tells the interface. */
export type StoreEvent =
  /** Rows of flows that the store has and the proxy has not. */
  | { readonly type: 'rows-changed'; readonly rows: RowBatch; readonly removed: readonly FlowId[] }
  /** So many flows of the file being read have come; null when it is over. */
  | { readonly type: 'loading'; readonly file: { readonly path: string; readonly count: number } | null }
  /** More of what a search finds; so many of all flows have been looked through. */
  | {
      readonly type: 'hits-found';
      readonly number: number;
      readonly hits: readonly Hit[];
      readonly done: number;
      readonly of: number;
    }
  /** `reason` is why it ended before all was looked through, or null. */
  | { readonly type: 'search-ended'; readonly number: number; readonly reason: string | null }
  /** Numbers of flows, negative for those that do not match; one that cannot be read yet is left out. */
  | { readonly type: 'flows-judged'; readonly number: number; readonly judged: Float64Array }
  /** `reason` is why not all could be judged, or null. */
  | { readonly type: 'judging-ended'; readonly number: number; readonly reason: string | null }
  | ListEvent;

/** About the list where it is not all rows in the order in which they came. */
export type ListQuery =
  /** The list is to be made, instead of one that is being made. `order` is as in `view_order`; null shows all. */
  | {
      readonly type: 'make-list';
      readonly number: number;
      readonly filter: FilterTree | null;
      readonly order: string;
      readonly rows: SharedRows;
    }
  /** These rows came, changed or went. */
  | { readonly type: 'touch-rows'; readonly slots: Uint32Array; readonly rows: SharedRows }
  /** What is being made, or still looked for, is not wanted any more; with `all`, nor is what was made. */
  | { readonly type: 'stop-list'; readonly all: boolean };

export type ListEvent =
  | { readonly type: 'list-made'; readonly number: number; readonly slots: Uint32Array }
  | { readonly type: 'list-edited'; readonly number: number; readonly edit: ListEdit }
  /** So many of all are done, in making the list or in looking into flows for it. */
  | { readonly type: 'list-progressed'; readonly number: number; readonly done: number; readonly of: number }
  /** It cannot be made, or not be kept up. */
  | { readonly type: 'list-refused'; readonly number: number; readonly reason: string };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'alert';

export interface LogEntry {
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
}

export interface ScriptReport {
  readonly path: string;
  readonly flows: number;
  /** How many hooks were called. */
  readonly ran: number;
  /** Names of the events that ran, each once, in order. */
  readonly events: readonly string[];
  /** What changed: `response.content`, `request.headers`. */
  readonly changed: readonly string[];
  readonly milliseconds: number;
  readonly failures: readonly ScriptFailure[];
}

export interface ScriptFailure {
  readonly id: FlowId | null;
  readonly event: string;
  readonly message: string;
  readonly place: Place | null;
}

/** What can be seen of a body as it passes. */
export interface Watched {
  /** The last bytes of one that is not recorded, or null. */
  readonly tail: Uint8Array | null;
  /** For an event stream, up to where it had come and when, in turn. */
  readonly arrivals: Float64Array | null;
}

/** An option that a script brought. */
export interface ScriptOption {
  readonly name: string;
  readonly shape: OptionShape;
  readonly value: OptionValue;
}

/** A column of the list that a script brought. */
export interface ScriptColumn {
  readonly name: string;
  /** In cells. */
  readonly width: number;
}

/** A content view that a script brought. */
export interface ScriptView {
  readonly name: string;
  /** Media types it is taken for by itself. */
  readonly types: readonly string[];
}

/** A command that a script brought. */
export interface ScriptCommand {
  readonly name: string;
  readonly doc: string;
}

/** One line for a failure: redact.ts:14:9 in response: what happened. */
export function failureText(failure: ScriptFailure, script: string): string {
  const { place, event, message } = failure;
  const at = place ? `${basename(place.file)}:${place.line}:${place.column}` : basename(script);
  return `${at}${event === '' ? '' : ` in ${event}`}: ${message}`;
}

/** What has happened. */
export type ProxyEvent =
  /** Clients come in at these now. */
  | { readonly type: 'listening'; readonly places: readonly ListeningPlace[] }
  | { readonly type: 'could-not-listen'; readonly reason: string }
  /** The store's thread runs, and hears `StoreQuery` on this port. */
  | { readonly type: 'store-opened'; readonly port: MessagePort }
  | { readonly type: 'rows-changed'; readonly rows: RowBatch; readonly removed: readonly FlowId[] }
  /** Why the disk takes no more of the session; null when it does again. */
  | { readonly type: 'disk-troubled'; readonly reason: string | null }
  | {
      readonly type: 'flow-read';
      readonly flow: Flow;
      readonly request: BodyData | null;
      readonly response: BodyData | null;
      readonly watched: Readonly<Record<Side, Watched>>;
    }
  /** Messages as asked for, and before them what changed since the last answer; all contents up to now. */
  | {
      readonly type: 'talk-read';
      readonly id: FlowId;
      readonly batch: TalkBatch;
      readonly contents: BodyData;
    }
  | {
      readonly type: 'flows-saved';
      readonly path: string;
      readonly count: number;
      readonly warnings: readonly string[];
    }
  /** `damage` says what of the file could not be read, or is null. */
  | {
      readonly type: 'flows-loaded';
      readonly path: string;
      readonly count: number;
      readonly damage: string | null;
      /** The user wanted no more of them. */
      readonly isStopped: boolean;
    }
  /** `damage` says what of it could not be read, or is null. */
  | {
      readonly type: 'session-restored';
      readonly name: string;
      readonly flows: number;
      readonly damage: string | null;
    }
  | { readonly type: 'undone'; readonly what: Undoable; readonly flows: number; readonly isRedo: boolean }
  | { readonly type: 'flow-added'; readonly id: FlowId }
  | { readonly type: 'option-changed'; readonly name: OptionName; readonly value: OptionValue }
  | { readonly type: 'script-finished'; readonly report: ScriptReport }
  /** A hook of a loaded script failed. */
  | { readonly type: 'script-failed'; readonly failure: ScriptFailure; readonly path: string }
  /** The options and commands that scripts brought are these now. */
  | {
      readonly type: 'extras-changed';
      readonly options: readonly ScriptOption[];
      readonly commands: readonly ScriptCommand[];
      readonly views: readonly ScriptView[];
      readonly columns: readonly ScriptColumn[];
    }
  /** What scripts say of finished flows in their columns of the list. */
  | {
      readonly type: 'columns-told';
      readonly flows: readonly { readonly id: FlowId; readonly texts: Readonly<Record<string, string>> }[];
    }
  /** A body as a script's view shows it; null where it cannot. */
  | {
      readonly type: 'body-rendered';
      readonly id: FlowId;
      readonly side: Side;
      readonly revision: number;
      readonly view: string;
      readonly text: string | null;
    }
  /** What a script's command answered. */
  | { readonly type: 'command-answered'; readonly text: string }
  /** A script wants this command line to be run. */
  | { readonly type: 'command-asked'; readonly line: string }
  /** A script wants sluice to end. */
  | { readonly type: 'quit-asked' }
  | { readonly type: 'refused'; readonly command: ProxyCommand['type']; readonly reason: string }
  | { readonly type: 'logged'; readonly entry: LogEntry }
  | { readonly type: 'stopped' };

/** One end of a channel that hears one union and says another. */
export interface Port<Hears, Says> {
  /** What is handed over with a message is there no longer. */
  say(message: Says, handed?: readonly Transferable[]): void;
  hear(listener: (message: Hears) => void): void;
  close(): void;
}

export function portOver<Hears, Says>(port: MessagePort): Port<Hears, Says> {
  return {
    say: (message, handed) => port.postMessage(message, handed),
    hear: (listener) => port.on('message', listener),
    close: () => port.close(),
  };
}

/** Where the session is kept. */
export interface SessionPlace {
  readonly folder: string;
  /** Whether it is written to the disk at all. */
  readonly keeps: boolean;
  /** The number of its first flow, and of its first segment. */
  readonly firstId: number;
  readonly firstSegment: number;
  /** The name of the session whose flows it may take in: its own numbers are behind those. */
  readonly after: string | null;
}

/** How far a session has come, as its folder says. */
export interface SessionStanding {
  readonly flows: number;
  /** Of everything in its folder. */
  readonly bytes: number;
  readonly nextId: number;
  readonly nextSegment: number;
}

/** What the proxy worker is started with. */
export interface ProxySettings {
  readonly options: Readonly<Record<OptionName, OptionValue>>;
  readonly confdir: string;
  readonly session: SessionPlace;
  readonly port: MessagePort;
  /** The script on standard input, or null. */
  readonly scriptText: string | null;
  /** Values of options that scripts are to bring. */
  readonly given: Readonly<Record<string, string>>;
}
