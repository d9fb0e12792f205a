import path from 'node:path';
import { missesSome } from '../flow/body.js';
import { TalkColumns, type TalkMessage } from '../flow/conversation.js';
import type { BodyData } from '../flow/extent.js';
import type { RequestHead, ResponseHead } from '../flow/flow.js';
import {
  type BodyImage,
  type Finished,
  type FlowImage,
  type PassageImage,
  type TalkImage,
  type TalkMessageImage,
  UNENDED,
} from '../flow/image.js';
import type { FlowState, HttpState, Kept, MessageState, PassageState, TalkState } from './state.js';

const EMPTY: BodyData = { type: 'bytes', bytes: new Uint8Array() };

/** Where the bytes are, for a record of that folder. */
export function bodyData(kept: Kept, folder: string): BodyData {
  if (kept.type === 'bytes') return kept;
  const { file, offset, length } = kept;
  return { type: 'extent', extent: { file: path.resolve(folder, file), offset, length, growing: false } };
}

/** The body, or what is there of it. */
function bodyOf(message: MessageState<unknown>, folder: string): BodyImage {
  const { isLost, size, endedAt, recording } = message;
  if (isLost || (size > 0 && !recording)) return { body: null };
  const data = recording ? bodyData(recording.data, folder) : EMPTY;
  const why = missesSome(message) ?? (endedAt === null ? UNENDED : null);
  return why === null ? { body: data } : { body: null, part: { data, size, why } };
}

function common(message: MessageState<RequestHead | ResponseHead>, folder: string) {
  const { head, trailers, startedAt, endedAt } = message;
  const { version, fields } = head;
  return { version, fields, trailers, ...bodyOf(message, folder), startedAt, endedAt };
}

function standing({ id, error, client, server, createdAt, marked, comment, metadata, foreign }: FlowState) {
  const facts = { id, error, client, server, createdAt, marked, comment, metadata, live: false, held: false };
  return foreign ? { ...facts, foreign } : facts;
}

function httpImage(state: HttpState, folder: string): FlowImage {
  const { request, response, replayed, isReused, server, talk } = state;
  const { origin, method, path: target } = request.head;
  return {
    ...standing(state),
    server: server && { ...server, reused: isReused },
    request: { method, ...origin, path: target, ...common(request, folder) },
    response: response && { status: response.head.status, reason: response.head.reason, ...common(response, folder) },
    replayed,
    isWebSocket: talk?.protocol === 'websocket',
  };
}

function passageImage(state: PassageState): PassageImage {
  const { host, port, why } = state;
  return { ...standing(state), host, port, why };
}

function contentOf({ offset, size }: TalkMessage, all: BodyData): BodyData | null {
  if (offset === null) return null;
  if (all.type === 'bytes') return { type: 'bytes', bytes: all.bytes.slice(offset, offset + size) };
  return { type: 'extent', extent: { ...all.extent, offset: all.extent.offset + offset, length: size } };
}

function talkImage({ protocol, batch, end, recording }: TalkState, folder: string): TalkImage {
  const columns = new TalkColumns();
  columns.take(batch);
  const all = bodyData(recording.data, folder);
  const messages: TalkMessageImage[] = [];
  for (let index = 0; index < columns.length; index += 1) {
    const message = columns.get(index);
    if (!message) continue;
    const { fromClient, kind, at, size, offset, injected, dropped } = message;
    messages.push({ fromClient, kind, at, size, offset, injected, dropped, content: contentOf(message, all) });
  }
  return { protocol, from: 0, messages, end, kept: all.type === 'extent' ? all.extent : null };
}

/** The flow as scripts and files want it; names of files in the state are relative to the folder. */
export function finishedOf(state: FlowState, folder: string): Finished {
  const flow = state.kind === 'http' ? httpImage(state, folder) : passageImage(state);
  return { flow, talk: state.talk && talkImage(state.talk, folder) };
}
