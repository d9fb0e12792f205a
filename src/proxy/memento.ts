import path from 'node:path';
import { type TalkBatch, TalkColumns } from '../flow/conversation.js';
import type { BodyData } from '../flow/extent.js';
import type {
  FlowState,
  HttpState,
  Kept,
  MessageState,
  PassageState,
  RecordingState,
  TalkState,
} from '../journal/state.js';
import type { Conversation } from './conversation.js';
import { Entry } from './entry.js';
import { LiveMessage } from './message.js';
import type { Passage } from './passage.js';
import { Recording } from './recording.js';
import type { Record } from './shelf.js';
import type { Spool } from './spool.js';

/*
 * Between the ledger's objects and the plain data of the journal.
 */

/** Names files of the session relative to its folder, so that the folder can be moved. */
function kept(data: BodyData, folder: string): Kept {
  if (data.type === 'bytes') return data;
  const { file, offset, length } = data.extent;
  const isOurs = file.startsWith(folder + path.sep);
  return { type: 'file', file: isOurs ? path.relative(folder, file) : file, offset, length };
}

function recordingState(recording: Recording, folder: string): RecordingState {
  const { size, failure } = recording;
  return { data: kept(recording.final(), folder), size, failure };
}

function messageState<Head>(message: LiveMessage<Head>, folder: string): MessageState<Head> {
  const { head, carriage, expected, size, chunks, trailers, startedAt, endedAt, malformed, cut, isLost } = message;
  const { arrivals, recording } = message;
  const facts = { head, carriage, expected, size, chunks, trailers, startedAt, endedAt, malformed, cut, isLost };
  return { ...facts, arrivals, recording: recording && recordingState(recording, folder) };
}

function talkState(conversation: Conversation, folder: string): TalkState {
  const { protocol, end } = conversation;
  const batch = conversation.snapshot().batch(0);
  return { protocol, batch, end, recording: recordingState(conversation.recording, folder) };
}

function standing(record: Record, folder: string) {
  const { id, revision, createdAt, client, server, error, marked, notes, comment, metadata, foreign } = record;
  const talk = record.conversation && talkState(record.conversation, folder);
  return { id, revision, createdAt, client, server, error, marked, notes, comment, metadata, foreign, talk };
}

function httpState(entry: Entry, folder: string): HttpState {
  const { isReused, replayed, backup } = entry;
  return {
    ...standing(entry, folder),
    kind: 'http',
    isReused,
    replayed,
    request: messageState(entry.request, folder),
    response: entry.response && messageState(entry.response, folder),
    backup: backup && {
      request: messageState(backup.request, folder),
      response: backup.response && messageState(backup.response, folder),
      error: backup.error,
      replayed: backup.replayed,
      talk: backup.talk?.batch(0) ?? null,
    },
  };
}

function passageState(passage: Passage, folder: string): PassageState {
  const { host, port, scheme, why, sent, received, endedAt, backup } = passage;
  const facts = { host, port, scheme, why, sent, received, endedAt, backup: backup?.batch(0) ?? null };
  return { ...standing(passage, folder), ...facts, kind: 'passage' };
}

/** The whole of a flow; names of files are relative to the folder. */
export function stateOf(record: Record, folder: string): FlowState {
  return record instanceof Entry ? httpState(record, folder) : passageState(record, folder);
}

/** Makes an empty record for a state to be put into. */
export interface RecordMaker {
  entry(id: Entry['id'], client: Entry['client']): Entry;
  passage(state: PassageState): Passage;
}

function recordingFrom({ data, size, failure }: RecordingState, folder: string, spool: Spool): Recording {
  const recording = new Recording(spool);
  if (data.type === 'bytes') recording.hold(data.bytes, failure);
  else {
    const { file, offset, length } = data;
    recording.refer({ file: path.resolve(folder, file), offset, length, growing: false }, size, failure);
  }
  return recording;
}

function messageFrom<Head>(state: MessageState<Head>, folder: string, spool: Spool): LiveMessage<Head> {
  const { head, carriage, expected, startedAt, recording, arrivals, ...rest } = state;
  const kept = recording && recordingFrom(recording, folder, spool);
  const message = new LiveMessage(head, carriage, expected, kept, startedAt);
  const { size, chunks, trailers, endedAt, malformed, cut, isLost } = rest;
  return Object.assign(message, {
    size,
    chunks,
    trailers,
    endedAt,
    malformed,
    cut,
    isLost,
    arrivals: arrivals?.slice() ?? null,
  });
}

function columnsFrom(batch: TalkBatch): TalkColumns {
  const columns = new TalkColumns();
  columns.take(batch);
  return columns;
}

function talkFrom(record: Record, state: TalkState, folder: string, spool: Spool): void {
  const conversation = record instanceof Entry ? record.converse(state.protocol) : record.converse(spool);
  conversation.recall(columnsFrom(state.batch), state.end, recordingFrom(state.recording, folder, spool));
}

function entryFrom(state: HttpState, folder: string, spool: Spool, make: RecordMaker): Entry {
  const entry = make.entry(state.id, state.client);
  const { server, isReused, marked, replayed, error, notes, comment, metadata, foreign, backup } = state;
  Object.assign(entry, {
    createdAt: state.createdAt,
    request: messageFrom(state.request, folder, spool),
    response: state.response && messageFrom(state.response, folder, spool),
    backup: backup && {
      request: messageFrom(backup.request, folder, spool),
      response: backup.response && messageFrom(backup.response, folder, spool),
      error: backup.error,
      replayed: backup.replayed,
      talk: backup.talk && columnsFrom(backup.talk),
    },
    isLive: false,
  });
  return Object.assign(entry, { server, isReused, marked, replayed, error, notes, comment, metadata, foreign });
}

function passageFrom(state: PassageState, make: RecordMaker): Passage {
  const passage = make.passage(state);
  const { createdAt, server, marked, error, notes, comment, metadata, foreign, sent, received, endedAt } = state;
  const backup = state.backup && columnsFrom(state.backup);
  const facts = { createdAt, server, marked, error, notes, comment, metadata, foreign, sent, received, endedAt };
  return Object.assign(passage, facts, { backup, isLive: false });
}

/** The flow of a state whose files are named relative to the folder. */
export function recordFrom(state: FlowState, folder: string, spool: Spool, make: RecordMaker): Record {
  const record = state.kind === 'http' ? entryFrom(state, folder, spool, make) : passageFrom(state, make);
  if (state.talk) talkFrom(record, state.talk, folder, spool);
  record.revision = state.revision;
  return record;
}
