import { TalkColumns } from '../flow/conversation.js';
import type { DataState, HttpState, MessageState, RecordingState, TalkDelta, TalkState } from '../journal/state.js';

/*
 * What came since the last whole record of a flow under way, put behind it. Where a record between is damaged, what it
 * had is missing, and nothing takes its place.
 */

const DAMAGED = 'a part of it was damaged in the journal';

export function withData(state: HttpState, delta: DataState): HttpState {
  if (delta.side === 'request') return { ...state, request: grown(state.request, delta) };
  return { ...state, response: state.response && grown(state.response, delta) };
}

function grown<Head>(message: MessageState<Head>, { size, chunks, bytes, arrivals }: DataState): MessageState<Head> {
  const whole = { ...message, size, chunks };
  const { recording } = message;
  const more = message.arrivals && [...message.arrivals, ...arrivals];
  if (!recording || recording.data.type === 'file')
    return { ...whole, arrivals: more, recording: recording && { ...recording, size } };
  const { data } = recording;
  if (data.bytes.length + bytes.length !== size)
    return { ...whole, recording: { data, size, failure: recording.failure ?? DAMAGED } };
  const longer = { type: 'bytes', bytes: Buffer.concat([data.bytes, bytes]) } as const;
  return { ...whole, arrivals: more, recording: { ...recording, data: longer, size } };
}

export function withTalk(state: TalkState, deltas: readonly TalkDelta[]): TalkState {
  const { protocol, batch, recording } = state;
  const columns = new TalkColumns();
  columns.take(batch);
  const isThere = Array.from(batch.at, () => true);
  for (const delta of deltas) {
    columns.take(delta.batch);
    for (let index = 0; index < delta.batch.at.length; index += 1) isThere[delta.batch.from + index] = true;
  }
  const { contents, isKept } = allContents(recording, deltas);
  const told = new TalkColumns();
  for (let index = 0; index < columns.length; index += 1) {
    const message = isThere[index] ? columns.get(index) : undefined;
    if (!message) continue;
    const { offset, size } = message;
    told.push({ ...message, offset: offset !== null && isKept(offset, size) ? offset : null });
  }
  const end = deltas.findLast((delta) => delta.end)?.end ?? state.end;
  return { protocol, batch: told.batch(0), end, recording: contents };
}

interface Contents {
  readonly contents: RecordingState;
  isKept(offset: number, size: number): boolean;
}

/** The contents of all messages, at the offsets that they had. */
function allContents(recording: RecordingState, deltas: readonly TalkDelta[]): Contents {
  const { data, failure } = recording;
  if (data.type === 'file') return { contents: recording, isKept: () => true };
  const size = deltas.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes.length), data.bytes.length);
  const bytes = new Uint8Array(size);
  bytes.set(data.bytes);
  const holes: (readonly [start: number, end: number])[] = [];
  let known = data.bytes.length;
  for (const delta of deltas) {
    if (delta.bytes.length === 0) continue;
    if (delta.offset > known) holes.push([known, delta.offset]);
    bytes.set(delta.bytes, delta.offset);
    known = delta.offset + delta.bytes.length;
  }
  return {
    contents: { data: { type: 'bytes', bytes }, size, failure },
    isKept: (offset, length) => !holes.some(([start, end]) => offset < end && offset + length > start),
  };
}
