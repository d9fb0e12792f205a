import fs from 'node:fs';
import { type Place, segmentPath } from '../journal/places.js';
import { type JournalRecord, recordThrough } from '../journal/record.js';

/** One file of the journal, and its bytes while they are in memory too. */
export interface Segment {
  readonly number: number;
  readonly folder: string;
  /** Null once it is in its file only. */
  bytes: Buffer<SharedArrayBuffer> | null;
  used: number;
  written: number;
  fd: number | null;
  isWriting: boolean;
  /** Records in it that are still wanted. */
  wanted: number;
  /** Whether it says of flows in segments before it that they are gone. */
  hasRemovals: boolean;
}

export type HeldSegment = Segment & { readonly bytes: Buffer<SharedArrayBuffer> };

export function shared(length: number): Buffer<SharedArrayBuffer> {
  return Buffer.from(new SharedArrayBuffer(length));
}

export function hasBytes(segment: Segment): segment is HeldSegment {
  return segment.bytes !== null;
}

/** A record of a file; null where it is damaged, or somebody removed the file. */
export function readFrom(segment: Segment, place: Place): JournalRecord | null {
  let fd: number;
  try {
    fd = fs.openSync(segmentPath(segment.folder, segment.number), 'r');
  } catch {
    return null; // somebody removed it
  }
  try {
    return recordThrough((start, length) => readAt(fd, start, length), place);
  } finally {
    fs.closeSync(fd);
  }
}

function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, start));
}
