import { now } from '../flow/clock.js';
import type { BodyData } from '../flow/extent.js';
import { type Fields, sameName } from '../flow/fields.js';
import type { Carriage, FlowError, RequestHead, ResponseHead, Side } from '../flow/flow.js';
import {
  type Finished,
  type FlowImage,
  type PassageImage,
  type RequestImage,
  type ResponseImage,
  UNENDED,
} from '../flow/image.js';
import type { Changed, FlowChange, MessageChange } from '../script/image.js';
import type { Entry } from './entry.js';
import { LiveMessage } from './message.js';
import type { Passage } from './passage.js';
import { recordingOf } from './recording.js';
import type { Record } from './shelf.js';
import type { Spool } from './spool.js';
import { talkImage } from './talkimage.js';

/*
 * Between the ledger and a script: a flow's image, and what came back put onto the flow.
 */

const EMPTY: BodyData = { type: 'bytes', bytes: new Uint8Array() };

/** Bytes with nothing around them: a view would be copied to the other thread with all of its buffer. */
function alone(data: BodyData): BodyData {
  if (data.type !== 'bytes' || data.bytes.byteLength === data.bytes.buffer.byteLength) return data;
  return { type: 'bytes', bytes: new Uint8Array(data.bytes) };
}

function bodyData(message: LiveMessage<RequestHead | ResponseHead>): BodyData | null {
  if (!message.isWhole) return null;
  return message.recording ? alone(message.recording.contents()) : EMPTY;
}

function common(message: LiveMessage<RequestHead | ResponseHead>) {
  const { head, trailers, startedAt, endedAt } = message;
  return { version: head.version, fields: head.fields, trailers, body: bodyData(message), startedAt, endedAt };
}

export function imageOf(entry: Entry, error: FlowError | null): FlowImage {
  const { request, response, server } = entry;
  const { origin, method, path } = request.head;
  return {
    id: entry.id,
    request: { method, ...origin, path, ...common(request) },
    response: response && { status: response.head.status, reason: response.head.reason, ...common(response) },
    error,
    client: entry.client,
    server: server && { ...server, reused: entry.isReused },
    createdAt: entry.createdAt,
    live: entry.isLive,
    held: entry.heldSide !== null,
    marked: entry.marked,
    replayed: entry.replayed,
    isWebSocket: entry.isWebSocket,
    comment: entry.comment,
    metadata: entry.metadata,
    ...(entry.foreign ? { foreign: entry.foreign } : {}),
  };
}

export function passageImage(passage: Passage): PassageImage {
  const { id, host, port, why, error, client, server, createdAt, marked, comment, metadata, foreign } = passage;
  const { isLive: live, heldSide } = passage;
  const facts = { id, host, port, why, error, client, server, createdAt, ...(foreign ? { foreign } : {}) };
  return { ...facts, live, held: heldSide !== null, marked, comment, metadata };
}

/** With what is there of a body that is not whole: files hold it, scripts see the body as missing. */
function withPart<Image extends RequestImage | ResponseImage>(image: Image, message: LiveMessage<unknown>): Image {
  const { isWhole, isLost, recording, size, missesSome } = message;
  if (isWhole || isLost || !recording) return image;
  return { ...image, part: { data: alone(recording.contents()), size, why: missesSome ?? UNENDED } };
}

function httpImage(entry: Entry): FlowImage {
  const image = imageOf(entry, entry.error);
  const response = image.response && entry.response && withPart(image.response, entry.response);
  return { ...image, request: withPart(image.request, entry.request), response };
}

/** A flow with its conversation; contents of messages are read from where they were recorded. */
export async function finishedImage(record: Record): Promise<Finished> {
  const { conversation } = record;
  if (conversation) await new Promise<void>((done) => conversation.ready(done));
  const flow = 'request' in record ? httpImage(record) : passageImage(record);
  return { flow, talk: conversation && talkImage(conversation, 0, null) };
}

type AnyChange = Changed<RequestImage> | Changed<ResponseImage>;

function withHead<Head>(old: LiveMessage<Head>, head: Head, change: AnyChange, spool: Spool): LiveMessage<Head> {
  const { body } = change;
  const recording = body === undefined ? old.recording : body === null ? null : recordingOf(body, spool);
  const message = new LiveMessage(head, old.carriage, old.expected, recording, old.startedAt);
  message.size = body ? body.length : old.size;
  message.chunks = old.chunks;
  message.tail = old.tail;
  message.arrivals = old.arrivals;
  message.trailers = change.trailers;
  message.endedAt = old.endedAt;
  message.cut = body ? null : old.cut;
  message.isLost = body === undefined && old.isLost;
  return message;
}

function requestAfter(old: RequestHead, change: Changed<RequestImage>): RequestHead {
  const { method, scheme, host, port, path, version, fields } = change;
  return { ...old, method, origin: { scheme, host, port }, path, version, fields };
}

function responseAfter(change: Changed<ResponseImage>): ResponseHead {
  const { status, reason, version, fields } = change;
  return { status, reason, version, fields };
}

/** A response that a script gave. */
function givenResponse(change: Changed<ResponseImage>, carriage: Carriage, spool: Spool): LiveMessage<ResponseHead> {
  const bytes = change.body ?? new Uint8Array();
  const message = new LiveMessage(responseAfter(change), carriage, bytes.length, recordingOf(bytes, spool), now());
  message.size = bytes.length;
  message.trailers = change.trailers;
  message.endedAt = message.startedAt;
  return message;
}

const GIVEN: Carriage = { how: 'buffered', why: 'a script gave it' };

/** The messages as a script left them, without what had been sent before. */
function messagesAfter(entry: Entry, change: FlowChange, sent: readonly Side[], spool: Spool) {
  const { request, response } = entry;
  const asked = sent.includes('request') ? null : change.request;
  const answer = sent.includes('response') ? null : change.response;
  return {
    request: asked ? withHead(request, requestAfter(request.head, asked), asked, spool) : request,
    response: !answer
      ? response
      : response
        ? withHead(response, responseAfter(answer), answer, spool)
        : givenResponse(answer, GIVEN, spool),
  };
}

/** Puts what a script made of a finished flow onto it; the state before can be brought back. */
export function applyChange(entry: Entry, change: FlowChange, spool: Spool): void {
  const { request, response } = messagesAfter(entry, change, [], spool);
  entry.keepBackup();
  entry.replaceMessages(request, response);
  entry.annotate(change);
}

/** Puts what a hook made of a flow under way onto it. What has been sent stays as it was sent, but for trailers. */
export function applyLive(entry: Entry, change: FlowChange, sent: readonly Side[], spool: Spool): void {
  const { request, response } = messagesAfter(entry, change, sent, spool);
  if (request !== entry.request || response !== entry.response) entry.replaceMessages(request, response);
  for (const side of sent)
    if (change.names.includes(`${side}.trailers`)) entry.trailers(side, change[side]?.trailers ?? [], []);
  entry.annotate(change);
}

/** Takes every field of that name out of a head. */
export function withoutField(entry: Entry, side: Side, name: string, spool: Spool): void {
  const { request, response } = entry;
  const left = (fields: Fields): Fields => fields.filter((field) => !sameName(field[0], name));
  if (side === 'request') {
    const { method, origin, path, version, fields } = request.head;
    const change = { method, ...origin, path, version, fields: left(fields), trailers: request.trailers };
    entry.replaceMessages(withHead(request, requestAfter(request.head, change), change, spool), response);
  } else if (response) {
    const change = { ...response.head, fields: left(response.head.fields), trailers: response.trailers };
    entry.replaceMessages(request, withHead(response, responseAfter(change), change, spool));
  }
}

/** Puts what a script made of a flow that is over onto it, its messages too; V brings the state before back. */
export function applyOnce(
  record: Record,
  change: FlowChange | null,
  messages: readonly MessageChange[],
  spool: Spool,
): void {
  record.keepBackup();
  if (change && 'replaceMessages' in record) applyChange(record, change, spool);
  else if (change) record.annotate(change);
  if (messages.length > 0) record.conversation?.revise(messages);
}
