import fs from 'node:fs';
import path from 'node:path';
import { TalkColumns, type TalkMessage } from '../flow/conversation.js';
import type { FlowError } from '../flow/flow.js';
import { stateIn } from '../journal/decode.js';
import { over } from '../journal/over.js';
import type { FlowState, HttpState, MessageState, RecordingState, TalkState } from '../journal/state.js';
import { withData, withTalk } from './regrown.js';
import type { SegmentFiles } from './segmentfiles.js';
import type { Running } from './survey.js';

/*
 * Flows that were under way when their session broke off.
 */

const BROKEN_OFF = 'sluice ended before it was complete';

/** A flow as far as it had come, over since its session broke off at that time. */
export function brokenOff(running: Running, files: SegmentFiles, at: number): FlowState | null {
  const record = files.read(running.record);
  const state = record && stateIn(record, files);
  return state && ended(state, running, at);
}

function ended(state: FlowState, { data, talk: deltas }: Running, at: number): FlowState {
  const error: FlowError = { kind: 'cut-off', message: BROKEN_OFF, at };
  const talk = state.talk && released(withTalk(state.talk, deltas));
  const told = state.kind === 'passage' ? { ...state, talk } : { ...data.reduce(withData, state), talk };
  return over(told, error, BROKEN_OFF);
}

/** Nobody holds a message any more. */
function released(talk: TalkState): TalkState {
  return altered(talk, () => ({ held: false }));
}

function altered(talk: TalkState, change: (message: TalkMessage) => Partial<TalkMessage>): TalkState {
  const columns = new TalkColumns();
  columns.take(talk.batch);
  for (let index = 0; index < columns.length; index += 1) {
    const message = columns.get(index);
    if (message) columns.put(index, { ...message, ...change(message) });
  }
  return { ...talk, batch: columns.batch(0) };
}

/**
 * Files of bodies may have grown after the last word on them, or not have got all of it; their names become whole paths.
 * Those of the user are as they were.
 */
export function withFiles(state: FlowState, folder: string): FlowState {
  const real = (recording: RecordingState): RecordingState => {
    const { data, failure } = recording;
    if (data.type === 'bytes' || path.isAbsolute(data.file)) return recording;
    const file = path.resolve(folder, data.file);
    const length = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    const size = Math.max(length, recording.size);
    return { data: { ...data, file, length }, size, failure: length < size ? (failure ?? BROKEN_OFF) : failure };
  };
  const message = <Head>(one: MessageState<Head>): MessageState<Head> => {
    const recording = one.recording && real(one.recording);
    return { ...one, recording, size: Math.max(one.size, recording?.size ?? 0) };
  };
  const both = <Part extends Pick<HttpState, 'request' | 'response'>>(part: Part): Part => ({
    ...part,
    request: message(part.request),
    response: part.response && message(part.response),
  });
  const talk = state.talk && withContents({ ...state.talk, recording: real(state.talk.recording) });
  if (state.kind === 'passage') return { ...state, talk };
  return { ...both(state), talk, backup: state.backup && both(state.backup) };
}

/** Messages that the file did not get are told as not kept. */
function withContents(talk: TalkState): TalkState {
  const { data } = talk.recording;
  if (data.type === 'bytes') return talk;
  return altered(talk, ({ offset, size }) => ({
    offset: offset !== null && offset + size <= data.length ? offset : null,
  }));
}
