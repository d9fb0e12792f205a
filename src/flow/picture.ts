import type { Talk } from './conversation.js';
import { sizeOf } from './extent.js';
import { type Fields, fieldValue } from './fields.js';
import type { Body, Carriage, Contents, Flow, Message, RequestHead, ResponseHead } from './flow.js';
import {
  bytesThere,
  type Finished,
  type PassageImage,
  type RequestImage,
  type ResponseImage,
  type TalkImage,
} from './image.js';
import type { BodySign, FlowRow } from './row.js';
import { httpRow, passageRow } from './rowof.js';

/*
 * Finished flows as the list and filters see them.
 */

const KEPT: Carriage = { how: 'passed', why: 'it is from a file' };
const MISSING: Carriage = { how: 'streamed', why: 'the file has no content of it' };

/** The length that a head announces, or null. */
export function announced(length: string | undefined): number | null {
  const expected = Number(length ?? Number.NaN);
  return Number.isSafeInteger(expected) ? expected : null;
}

export function announcedIn(fields: Fields): number | null {
  return announced(fieldValue(fields, 'content-length'));
}

/** How a body of that size stands in a row; null for one that is not there. */
export function signOf(size: number | null): BodySign {
  return size === null ? 'missing' : size === 0 ? 'empty' : 'kept';
}

/** How a body stands that is no longer arriving: what is there of it, and its size as far as is known. */
export function bodyFacts(image: RequestImage | ResponseImage) {
  const { part, fields } = image;
  const there = bytesThere(image);
  const expected = announcedIn(fields);
  const size = part?.size ?? (there ? sizeOf(there) : (expected ?? 0));
  const carriage = there ? KEPT : MISSING;
  return { there, isLost: there === null, carriage, expected, size, cut: part?.why ?? null };
}

function contentsOf({ there, size, cut }: ReturnType<typeof bodyFacts>): Contents {
  if (!there) return { type: 'missing', why: null };
  if (size === 0) return { type: 'empty' };
  return cut === null ? { type: 'kept' } : { type: 'partial', kept: sizeOf(there), why: cut };
}

function bodyOf(image: RequestImage | ResponseImage): Body {
  const facts = bodyFacts(image);
  const { carriage, expected, size } = facts;
  return { carriage, contents: contentsOf(facts), growing: false, size, expected, chunks: null };
}

function messageOf<Head>(head: Head, image: RequestImage | ResponseImage): Message<Head> {
  const { trailers, startedAt, endedAt } = image;
  return { head, body: bodyOf(image), trailers, startedAt, endedAt: endedAt ?? startedAt, malformed: null };
}

function requestHead({ method, scheme, host, port, path, version, fields }: RequestImage): RequestHead {
  return { method, target: path, origin: { scheme, host, port }, path, version, fields };
}

function responseHead({ status, reason, version, fields }: ResponseImage): ResponseHead {
  return { status, reason, version, fields };
}

/** Bytes of the messages to the server and to the client that were sent on. */
function talkSizes({ messages }: TalkImage): { readonly sent: number; readonly received: number } {
  let [sent, received] = [0, 0];
  for (const { fromClient, size, dropped } of messages)
    if (dropped) continue;
    else if (fromClient) sent += size;
    else received += size;
  return { sent, received };
}

export function talkOf(talk: TalkImage): Talk {
  return { protocol: talk.protocol, count: talk.messages.length, ...talkSizes(talk), end: talk.end };
}

/** When a conversation was over as far as it tells: its end, else its last message; -Infinity where it says nothing. */
export function talkEndedAt(talk: TalkImage | null): number {
  return talk?.end?.at ?? talk?.messages.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
}

/** A flow as filters want it. */
export function pictureOf({ flow, talk }: Finished): Flow {
  const { id, createdAt, client, server, marked } = flow;
  const common = { id, revision: 0, createdAt, client, server, held: null, marked, changed: false, notes: [] } as const;
  const said = talk && talkOf(talk);
  if (!('request' in flow)) return tunnel(flow, { ...common, replayed: false, talk: said }, talk);
  const request = messageOf(requestHead(flow.request), flow.request);
  const base = { ...common, replayed: flow.replayed, talk: said, kind: 'http', request } as const;
  const response = flow.response && messageOf(responseHead(flow.response), flow.response);
  if (flow.error) return { ...base, phase: 'failed', error: flow.error, response };
  return response ? { ...base, phase: 'done', response } : { ...base, phase: 'requested' };
}

type Shared = Omit<Extract<Flow, { kind: 'tunnel' }>, keyof Tunnel>;
type Tunnel = Pick<
  Extract<Flow, { kind: 'tunnel' }>,
  'kind' | 'host' | 'port' | 'why' | 'sent' | 'received' | 'endedAt' | 'error'
>;

function tunnel(flow: PassageImage, shared: Shared, talk: TalkImage | null): Flow {
  const { host, port, why = FROM_FILE, error } = flow;
  const sizes = talk ? talkSizes(talk) : { sent: 0, received: 0 };
  return { ...shared, kind: 'tunnel', host, port, why, ...sizes, endedAt: passageEndedAt(flow, talk), error };
}

/** Why a connection of a file is one. */
export const FROM_FILE = 'from a file';

export function passageEndedAt({ error, createdAt }: PassageImage, talk: TalkImage | null): number {
  return Math.max(createdAt, error?.at ?? createdAt, talkEndedAt(talk));
}

/** A line of the list. */
export function rowOf({ flow, talk }: Finished): FlowRow {
  const { id, error, marked } = flow;
  const standing = { id, revision: 0, error, marked, heldSide: null, hasChanged: false, notes: [] };
  const sizes = talk ? talkSizes(talk) : { sent: 0, received: 0 };
  const conversation = talk && { length: talk.messages.length, received: sizes.received, endedAt: talkEndedAt(talk) };
  if (!('request' in flow)) {
    const { createdAt, host, port, why = FROM_FILE } = flow;
    const facts = { createdAt, host, port, why, scheme: 'tcp', endedAt: passageEndedAt(flow, talk) };
    return passageRow({ ...standing, ...sizes, ...facts, conversation });
  }
  const { request, response, replayed } = flow;
  return httpRow({
    ...standing,
    conversation,
    replayed,
    isLive: false,
    waitsFor: null,
    request: shownMessage(requestHead(request), request),
    response: response && shownMessage(responseHead(response), response),
  });
}

function shownMessage<Head>(head: Head, image: RequestImage | ResponseImage) {
  const { startedAt, endedAt } = image;
  const { there, ...facts } = bodyFacts(image);
  return { head, ...facts, startedAt, endedAt: endedAt ?? startedAt, recording: there && { failure: null } };
}
