import fs from 'node:fs';
import path from 'node:path';
import { TalkColumns } from '../flow/conversation.js';
import type { FlowError } from '../flow/flow.js';
import { stateIn } from '../journal/decode.js';
import type {
  DataState,
  FlowState,
  HttpState,
  MessageState,
  RecordingState,
  TalkDelta,
  TalkState,
} from '../journal/state.js';
import { SegmentFiles } from './segmentfiles.js';
import type { Running } from './survey.js';

/*
 * Flows that were under way when their session broke off.
 */

const BROKEN_OFF = 'sluice ended before it was complete';

/** A flow as far as it had come, over since its session broke off at that time. */
export function brokenOff(running: Running, segments: ReadonlyMap<number, string>, at: number): FlowState | null {
  const files = new SegmentFiles((segment) => segments.get(segment) ?? '');
  try {
    const record = files.read(running.record);
    const state = record && stateIn(record, files);
    return state && ended(state, running, at);
  } finally {
    files.close();
  }
}

function ended(state: FlowState, { data, talk }: Running, at: number): FlowState {
  const error: FlowError = { kind: 'cut-off', message: BROKEN_OFF, at };
  const said = talk.reduce((whole, delta) => whole && withTalk(whole, delta), state.talk);
  if (state.kind === 'passage') return { ...state, talk: said, error, endedAt: at };
  const told = data.reduce(withData, state);
  const { request, response } = told;
  return {
    ...told,
    talk: said,
    error: state.error ?? error,
    request: cut(request),
    response: response && cut(response),
  };
}

function cut<Head>(message: MessageState<Head>): MessageState<Head> {
  return message.endedAt === null ? { ...message, cut: message.cut ?? BROKEN_OFF } : message;
}

function withData(state: HttpState, { side, size, chunks, bytes, arrivals }: DataState): HttpState {
  const grown = <Head>(message: MessageState<Head>): MessageState<Head> => ({
    ...message,
    size,
    chunks,
    arrivals: message.arrivals && [...message.arrivals, ...arrivals],
    recording: message.recording && longer(message.recording, bytes, size),
  });
  if (side === 'request') return { ...state, request: grown(state.request) };
  return { ...state, response: state.response && grown(state.response) };
}

function longer({ data, failure }: RecordingState, bytes: Uint8Array, size: number): RecordingState {
  if (data.type === 'file') return { data, size, failure };
  return { data: { type: 'bytes', bytes: Buffer.concat([data.bytes, bytes]) }, size, failure };
}

function withTalk({ protocol, batch, end, recording }: TalkState, delta: TalkDelta): TalkState {
  const columns = new TalkColumns();
  columns.take(batch);
  columns.take(delta.batch);
  const size = Math.max(recording.size, delta.offset + delta.bytes.length);
  return {
    protocol,
    batch: columns.batch(0),
    end: delta.end ?? end,
    recording: longer(recording, delta.bytes, size),
  };
}

/** Files of bodies may have grown after the last word on them; their names become whole paths. */
export function withFiles(state: FlowState, folder: string): FlowState {
  const real = (recording: RecordingState): RecordingState => {
    const { data } = recording;
    if (data.type === 'bytes') return recording;
    const file = path.resolve(folder, data.file);
    const length = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    return { ...recording, data: { ...data, file, length }, size: Math.max(length, recording.size) };
  };
  const message = <Head>(one: MessageState<Head>): MessageState<Head> => {
    const recording = one.recording && real(one.recording);
    return { ...one, recording, size: Math.max(one.size, recording?.size ?? 0) };
  };
  const talk = state.talk && { ...state.talk, recording: real(state.talk.recording) };
  if (state.kind === 'passage') return { ...state, talk };
  return { ...state, talk, request: message(state.request), response: state.response && message(state.response) };
}
