import type { MessageKind, Talk, TalkEnd } from './conversation.js';
import { type BodyData, type Extent, sizeOf } from './extent.js';
import type { Fields } from './fields.js';
import type { ClientFacts, FlowError, FlowId, HttpVersion, Scheme, ServerFacts } from './flow.js';

/*
 * A flow as plain data with all that it holds: what scripts are given, and what is written to files. A body that is
 * null is missing: it was streamed, or is not whole.
 */

/** What is there of a body that is not whole. */
export interface PartialBody {
  readonly data: BodyData;
  /** Bytes that passed, as far as is known. */
  readonly size: number;
  /** Why it is not whole, in words. */
  readonly why: string;
}

/** What a file said of a flow that is not held here, so that writing it back loses nothing. */
export interface Foreign {
  readonly format: 'mitmproxy' | 'har';
  /** As that format has it. */
  readonly bytes: Uint8Array;
}

/** A body, or what is there of it: only where `body` is null there may be a part. */
export interface BodyImage {
  readonly body: BodyData | null;
  readonly part?: PartialBody;
}

/** Why a body is not whole whose sender has not ended it. */
export const UNENDED = 'it had not ended';

/** Why bytes are not the whole body, and of how many they are the beginning. */
export type Cut = Omit<PartialBody, 'data'>;

/** Null for a body that is whole, or missing. */
export function cutOf({ part }: BodyImage): Cut | null {
  return part ? { size: part.size, why: part.why } : null;
}

/** A cut that a file tells of, and that cannot be, is none. */
export function withCut(data: BodyData | null, cut: Cut | null): BodyImage {
  const isCut = data && cut && Number.isSafeInteger(cut.size) && cut.size >= sizeOf(data);
  return isCut ? { body: null, part: { data, ...cut } } : { body: data };
}

interface MessageImage extends BodyImage {
  readonly version: HttpVersion;
  readonly fields: Fields;
  readonly trailers: Fields;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Options say that the body is streamed, as far as its head tells. */
  readonly streams?: boolean;
}

/** The bytes that are there of a body, be it whole or not. */
export function bytesThere({ body, part }: BodyImage): BodyData | null {
  return body ?? part?.data ?? null;
}

export interface RequestImage extends MessageImage {
  readonly method: string;
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export interface ResponseImage extends MessageImage {
  readonly status: number;
  readonly reason: string;
}

/** What flows of all kinds have. */
export interface Standing {
  readonly id: FlowId;
  readonly error: FlowError | null;
  readonly client: ClientFacts | null;
  readonly server: ServerFacts | null;
  readonly createdAt: number;
  readonly live: boolean;
  readonly held: boolean;
  readonly marked: boolean;
  readonly comment: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly foreign?: Foreign;
}

export interface FlowImage extends Standing {
  readonly request: RequestImage;
  readonly response: ResponseImage | null;
  readonly replayed: boolean;
  /** The server has switched to websocket. */
  readonly isWebSocket?: boolean;
}

/** A connection that is read as raw TCP, or one of a file whose messages are like it. */
export interface PassageImage extends Standing {
  readonly host: string;
  readonly port: number;
  /** What it is if not raw TCP, in words. */
  readonly why?: string;
}

export interface TalkMessageImage {
  readonly fromClient: boolean;
  readonly kind: MessageKind;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly size: number;
  /** Where its content begins in the conversation's file, once it is there. */
  readonly offset: number | null;
  readonly injected: boolean;
  readonly dropped: boolean;
  /** Null where it was not kept. */
  readonly content: BodyData | null;
}

/** What is new of a conversation since the thread last heard of it. */
export interface TalkImage {
  readonly protocol: Talk['protocol'];
  /** The number of the first of these messages. */
  readonly from: number;
  readonly messages: readonly TalkMessageImage[];
  readonly end: TalkEnd | null;
  /** The file of the contents as far as it is written, once there is one. */
  readonly kept: Extent | null;
}

/** A flow that is over, with its conversation if it had one. */
export interface Finished {
  readonly flow: FlowImage | PassageImage;
  readonly talk: TalkImage | null;
}
