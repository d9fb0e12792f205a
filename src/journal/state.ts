import type { TalkBatch, TalkEnd } from '../flow/conversation.js';
import type { Fields } from '../flow/fields.js';
import type {
  Carriage,
  ClientFacts,
  FlowError,
  FlowId,
  Note,
  RequestHead,
  ResponseHead,
  ServerFacts,
} from '../flow/flow.js';
import type { Foreign } from '../flow/image.js';

/*
 * A flow as the journal has it: plain data, from which the ledger's own objects, a row, or an image for scripts and files
 * can be made.
 */

/** Bytes of a body: in the record, or in a file of the session, whose name is relative to the record's folder. */
export type Kept =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'file'; readonly file: string; readonly offset: number; readonly length: number };

export interface RecordingState {
  readonly data: Kept;
  readonly size: number;
  /** Why it is not whole, or null. */
  readonly failure: string | null;
}

export interface MessageState<Head> {
  readonly head: Head;
  readonly carriage: Carriage;
  readonly expected: number | null;
  readonly size: number;
  readonly chunks: number | null;
  readonly trailers: Fields;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly malformed: string | null;
  readonly cut: string | null;
  readonly isLost: boolean;
  /** When what was there of an event stream, offset and time in turn. */
  readonly arrivals: readonly number[] | null;
  readonly recording: RecordingState | null;
}

export interface TalkState {
  readonly protocol: 'websocket' | 'tcp';
  /** All messages. */
  readonly batch: TalkBatch;
  readonly end: TalkEnd | null;
  readonly recording: RecordingState;
}

interface FlowStanding {
  readonly id: FlowId;
  readonly revision: number;
  readonly createdAt: number;
  readonly client: ClientFacts | null;
  readonly server: ServerFacts | null;
  readonly error: FlowError | null;
  readonly marked: boolean;
  readonly notes: readonly Note[];
  readonly comment: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly foreign: Foreign | null;
  readonly talk: TalkState | null;
}

export interface HttpState extends FlowStanding {
  readonly kind: 'http';
  readonly isReused: boolean;
  readonly replayed: boolean;
  readonly request: MessageState<RequestHead>;
  readonly response: MessageState<ResponseHead> | null;
  /** What V brings back, or null. */
  readonly backup: {
    readonly request: MessageState<RequestHead>;
    readonly response: MessageState<ResponseHead> | null;
    readonly error: FlowError | null;
    readonly replayed: boolean;
    readonly talk: TalkBatch | null;
  } | null;
}

export interface PassageState extends FlowStanding {
  readonly kind: 'passage';
  readonly host: string;
  readonly port: number;
  readonly scheme: string;
  readonly why: string;
  readonly sent: number;
  readonly received: number;
  readonly endedAt: number | null;
  readonly backup: TalkBatch | null;
}

export type FlowState = HttpState | PassageState;

/** Bytes that came for a flow under way. */
export interface DataState {
  readonly side: 'request' | 'response';
  /** Bytes of the whole body, and chunks, up to the end of these. */
  readonly size: number;
  readonly chunks: number | null;
  /** None where they are in a file. */
  readonly bytes: Uint8Array;
  readonly arrivals: readonly number[];
}

/** Messages that came, or were altered, in a conversation under way. */
export interface TalkDelta {
  readonly batch: TalkBatch;
  readonly end: TalkEnd | null;
  /** Where these bytes begin among the contents of all messages; none where they are in a file. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}
