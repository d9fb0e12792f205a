import type { CertificateFacts, ClientFacts, FlowId, Place, ServerFacts, Side } from '../flow/flow.js';
import type { FlowImage, PassageImage, RequestImage, ResponseImage, TalkImage } from '../flow/image.js';
import type { Pieces } from '../flow/pieces.js';
import type { OptionShape, Options, OptionValue } from '../options.js';
import type { LogEntry } from '../protocol.js';
import type { EventName, TalkEvent } from './events.js';

/*
 * What crosses between the proxy and a script's thread. A body that is null is missing: it was streamed, or is not
 * whole.
 */

/** What a script made of one message. */
export interface MessageChange {
  readonly index: number;
  /** Null where it is as it was. */
  readonly content: Uint8Array | null;
  readonly isDropped: boolean;
}

/** What a script notes on a flow. */
export interface FlowNote {
  readonly marked?: boolean;
  readonly comment?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A message after the script; `body` is only there when the script replaced it, and null when it took it away. */
export type Changed<Image> = Omit<Image, 'body' | 'part' | 'startedAt' | 'endedAt' | 'streams'> & {
  readonly body?: Uint8Array | null;
};

/** What a script made of a flow. */
export interface FlowChange extends FlowNote {
  /** Null where it is as it was. */
  readonly request: Changed<RequestImage> | null;
  readonly response: Changed<ResponseImage> | null;
  /** What differs: `request.headers`, `response.content`. */
  readonly names: readonly string[];
}

/** How a body should go on, as set at its head. */
export type StreamWish = 'whole' | 'pass' | 'look';

/** What else a hook asked for. */
export interface Wishes {
  readonly stream: Readonly<Partial<Record<Side, StreamWish>>>;
  readonly kill: boolean;
  /** The function gets the body with its content codings taken off: the head must not name them any more. */
  readonly isDecoded: boolean;
  /** true holds the flow, false lets a held one go. */
  readonly hold: boolean | null;
}

/** A connection as a hook sees it. */
export interface ConnectionImage {
  readonly id: number;
  /** Null for a connection that is only being made. */
  readonly client: ClientFacts | null;
  readonly server: ServerFacts | null;
  /** Where a server is dialled. */
  readonly address: { readonly host: string; readonly port: number } | null;
  readonly error: string | null;
  readonly certificate: CertificateFacts | null;
  readonly sni: string;
  readonly alpn: readonly string[];
  /** The ciphers of a ClientHello. */
  readonly ciphers?: readonly number[];
  /** The layer sluice would take. */
  readonly layer: string;
}

/** What a connection hook asked for. */
export interface ConnectionChange {
  readonly address?: { readonly host: string; readonly port: number };
  readonly error?: string;
  readonly layer?: string;
  readonly ignore?: true;
}

export interface Thrown {
  readonly event: string;
  readonly message: string;
  readonly place: Place | null;
}

/** Where a piece of a body belongs. */
export interface Looked {
  readonly flow: FlowId;
  readonly side: Side;
}

/** The options of sluice and those of scripts. */
export type Configuration = Options & Readonly<Record<string, OptionValue>>;

/** A hook that is called. */
export type Call =
  | { readonly type: 'flow'; readonly event: EventName; readonly flow: FlowImage; readonly sent: readonly Side[] }
  /** Something happened in a conversation; a message that has come is the last one. */
  | {
      readonly type: 'talk';
      readonly event: TalkEvent;
      readonly flow: FlowImage | PassageImage;
      readonly talk: TalkImage;
    }
  | { readonly type: 'connection'; readonly event: EventName; readonly connection: ConnectionImage }
  | { readonly type: 'configure'; readonly options: Configuration; readonly updated: readonly string[] }
  | { readonly type: 'plain'; readonly event: EventName }
  | { readonly type: 'log'; readonly entry: LogEntry }
  | { readonly type: 'command'; readonly name: string; readonly words: readonly string[] }
  /** The script's columns of the list for a finished flow. */
  | { readonly type: 'columns'; readonly flow: FlowImage }
  /** A body is to be shown by a view of the script. */
  | { readonly type: 'render'; readonly view: string; readonly flow: FlowImage; readonly side: Side }
  /** The events a finished flow went through, one after the other. */
  | { readonly type: 'once'; readonly flow: FlowImage | PassageImage; readonly talk: TalkImage | null }
  /** Pieces of a body for a stream function; `ends` is set with the last. */
  | {
      readonly type: 'look';
      readonly flow: FlowId;
      readonly side: Side;
      readonly bytes: Uint8Array;
      /** Where chunks end in `bytes`; null for a body that is not chunked. */
      readonly chunkEnds: readonly number[] | null;
      readonly ends: boolean;
      readonly isDecoded: boolean;
    };

/** What came of a call. */
export type Outcome =
  | {
      readonly type: 'flow';
      readonly change: FlowChange | null;
      readonly wishes: Wishes | null;
      /** The scripts behind it are not to see the event (AD-06). */
      readonly halts: boolean;
    }
  | {
      readonly type: 'talk';
      readonly note: FlowNote | null;
      /** What became of the newest message. */
      readonly message: { readonly content: Uint8Array | null; readonly isDropped: boolean } | null;
      readonly kills: boolean;
      readonly hold: boolean | null;
      readonly halts: boolean;
    }
  | { readonly type: 'connection'; readonly change: ConnectionChange | null; readonly halts: boolean }
  | {
      readonly type: 'once';
      readonly change: FlowChange | null;
      readonly messages: readonly MessageChange[];
      readonly events: readonly string[];
    }
  /** `broken` says why nothing can follow these pieces, though the body is not whole. */
  | ({ readonly type: 'looked'; readonly broken: string | null } & Pieces)
  | { readonly type: 'done'; readonly ran: boolean }
  | { readonly type: 'columns'; readonly texts: Readonly<Record<string, string>> }
  /** What a command answered. */
  | { readonly type: 'said'; readonly text: string };

/** What came of a call: its outcome, and what the script threw on the way. */
export interface Performed {
  readonly outcome: Outcome;
  readonly thrown?: Thrown | null;
}

/** To the script's thread. */
export type HostCommand =
  | { readonly type: 'call'; readonly call: number; readonly what: Call }
  /** The flow is over for good: its object may go. */
  | { readonly type: 'forget'; readonly flow: FlowId }
  /** A flow that was asked about has been let go. */
  | { readonly type: 'released'; readonly flow: FlowId }
  | { readonly type: 'ping' };

/** From the script's thread. */
export type HostEvent =
  | {
      readonly type: 'loaded';
      readonly hooks: readonly EventName[];
      /** Files the script is made of. */
      readonly files: readonly string[];
      readonly warnings: readonly string[];
      readonly thrown: Thrown | null;
    }
  /** The hook awaits something; only `script_wait` limits it now. */
  | { readonly type: 'awaiting'; readonly call: number }
  | {
      readonly type: 'settled';
      readonly call: number;
      readonly outcome: Outcome | null;
      readonly thrown: Thrown | null;
      readonly warnings: readonly Thrown[];
    }
  /** `isEcho`: a `log` hook printed it. */
  | { readonly type: 'printed'; readonly level: LogEntry['level']; readonly text: string; readonly isEcho: boolean }
  /** A script acts on a flow outside of its hooks, or on sluice itself. */
  | { readonly type: 'asked'; readonly what: Request }
  | { readonly type: 'pong' };

/** What a script asks for by `ctx` or by a flow it has kept. */
export type Request =
  | { readonly type: 'shutdown' }
  | { readonly type: 'set-option'; readonly name: string; readonly value: OptionValue }
  | { readonly type: 'add-option'; readonly name: string; readonly shape: OptionShape }
  | { readonly type: 'add-command'; readonly name: string; readonly doc: string }
  | { readonly type: 'add-column'; readonly name: string; readonly width: number }
  | { readonly type: 'add-view'; readonly name: string; readonly types: readonly string[] }
  | { readonly type: 'execute'; readonly line: string }
  /** `await-resume` holds it at once and wants to hear when it is let go. */
  | { readonly type: 'resume' | 'kill' | 'await-resume'; readonly flow: FlowId }
  | {
      readonly type: 'inject';
      readonly flow: FlowId;
      readonly toServer: boolean;
      readonly content: Uint8Array;
      readonly isText: boolean;
    };

export interface HostSettings {
  /** The number of the call that was begun last, where both threads see it: one that hangs tells nothing more. */
  readonly begun: Int32Array;
  /** A file, or where there is none what the script is called. */
  readonly path: string;
  /** The source of a script that is no file. */
  readonly source: string | null;
  /** Where the bundled script is written before it is imported. */
  readonly bundle: string;
  readonly options: Configuration;
}
