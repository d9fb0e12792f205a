import zlib from 'node:zlib';
import { offsetOf, type Place, placeIn, segmentOf } from './places.js';

/*
 * The journal is records one behind the other. Each begins with a mark by which a reader finds its way again after
 * damage, a checksum over its place and all that follows it, the length of what it carries, its type, and the flow it is
 * about. By its place a record is told from a copy of it elsewhere: a journal may pass through sluice as a body.
 *
 *   0 mark    4 CRC-32    8 length    12 type    16 number of the flow, or of a shared object    24 payload
 *
 * lines    a flow that is over, as lines of text
 * whole    a flow that is over, with everything it can have
 * live     a flow under way, as far as it had come
 * data     bytes that came since, for a flow under way
 * talk     messages that came since, for a flow under way
 * removed  the flow is deleted; a later record of it brings it back
 * shared   an object that many flows have in common: a connection
 * back     a flow that was left in its file is not deleted after all
 * loaded   numbers of flows that were left in their file
 */

const TYPES = ['lines', 'whole', 'live', 'data', 'talk', 'removed', 'shared', 'back', 'loaded'] as const;

export type RecordType = (typeof TYPES)[number];

/** Bytes in front of what a record carries. */
export const HEADER = 24;

const MARK = 0x7c53_4c4a;
const CHECKED_FROM = 8;

export interface JournalRecord {
  readonly type: RecordType;
  readonly id: number;
  readonly payload: Buffer;
}

function checksum(bytes: Buffer, start: number, end: number, place: Place): number {
  const seed = (Math.imul(segmentOf(place), 0x9e37_79b1) ^ offsetOf(place)) >>> 0;
  return zlib.crc32(bytes.subarray(start + CHECKED_FROM, end), seed);
}

/** Puts the header before a payload that is there already. */
export function seal(bytes: Buffer, start: number, length: number, type: RecordType, id: number, place: Place): void {
  bytes.writeUInt32LE(MARK, start);
  bytes.writeUInt32LE(length, start + 8);
  bytes.writeUInt32LE(TYPES.indexOf(type), start + 12);
  bytes.writeDoubleLE(id, start + 16);
  bytes.writeUInt32LE(checksum(bytes, start, start + HEADER + length, place), start + 4);
}

/** Bytes of the record that begins there, or null where none does, as far as its header tells. */
export function recordLength(bytes: Buffer, start: number): number | null {
  if (start + HEADER > bytes.length || bytes.readUInt32LE(start) !== MARK) return null;
  return HEADER + bytes.readUInt32LE(start + 8);
}

/** The record that begins there, or null where it is not whole or not what was written at that place. */
export function readRecord(bytes: Buffer, start: number, place: Place): JournalRecord | null {
  const length = recordLength(bytes, start);
  if (length === null || start + length > bytes.length) return null;
  const type = TYPES[bytes.readUInt32LE(start + 12)];
  if (type === undefined || checksum(bytes, start, start + length, place) !== bytes.readUInt32LE(start + 4))
    return null;
  return { type, id: bytes.readDoubleLE(start + 16), payload: bytes.subarray(start + HEADER, start + length) };
}

/** Bytes read of a record before its length is known. */
const GUESS = 16_384;

/** The record at a place, by what reads so many bytes of its segment from there on, or fewer where there are no more. */
export function recordThrough(read: (start: number, length: number) => Buffer, place: Place): JournalRecord | null {
  const start = offsetOf(place);
  const first = read(start, GUESS);
  const length = recordLength(first, 0);
  if (length === null) return null;
  return readRecord(length <= first.length ? first : read(start, length), 0, place);
}

/** A record, and where it begins; or bytes that are none. */
export type Found =
  | { readonly type: 'record'; readonly at: number; readonly record: JournalRecord }
  | { readonly type: 'damage'; readonly at: number; readonly length: number };

/** Every record of a segment, in order. What is damaged is passed over up to the next whole record. */
export function* records(bytes: Buffer, segment: number): Generator<Found> {
  let at = 0;
  while (at < bytes.length) {
    const record = readRecord(bytes, at, placeIn(segment, at));
    if (record) {
      yield { type: 'record', at, record };
      at += HEADER + record.payload.length;
      continue;
    }
    const next = nextRecord(bytes, segment, at + 1);
    yield { type: 'damage', at, length: next - at };
    at = next;
  }
}

const MARK_BYTES = Buffer.alloc(4);
MARK_BYTES.writeUInt32LE(MARK);

function nextRecord(bytes: Buffer, segment: number, from: number): number {
  for (let at = from; ; at += 1) {
    at = bytes.indexOf(MARK_BYTES, at);
    if (at < 0) return bytes.length;
    if (readRecord(bytes, at, placeIn(segment, at))) return at;
  }
}
