import fs from 'node:fs';
import path from 'node:path';
import type { Shared } from '../journal/lines.js';
import { offsetOf, type Place, segmentOf } from '../journal/places.js';
import { type JournalRecord, readRecord, recordLength } from '../journal/record.js';
import { unpackShared } from '../journal/whole.js';

/** Files that stay open. */
const OPEN = 16;
/** Bytes read of a record before its length is known. */
const GUESS = 16_384;
/** Shared objects that are kept. */
const MOST = 1024;

const SEGMENT = /^(\d+)\.journal$/;

/** The segments of a session's folder, those of sessions that it has taken in among them: their numbers and folders. */
export function segmentsIn(folder: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const number = SEGMENT.exec(entry.name)?.[1];
    if (number !== undefined) found.set(Number(number), folder);
    else if (entry.isDirectory())
      for (const [one, place] of segmentsIn(path.join(folder, entry.name))) found.set(one, place);
  }
  return new Map([...found].sort(([a], [b]) => a - b));
}

export function segmentPath(folder: string, number: number): string {
  return path.join(folder, `${number}.journal`);
}

/** Reads records by their places. */
export class SegmentFiles implements Shared {
  private readonly open = new Map<number, number>();
  private readonly objects = new Map<number, object>();
  private readonly memory = new Map<number, Buffer>();

  constructor(
    /** The folder of a segment. */
    readonly folderOf: (segment: number) => string,
  ) {}

  hold(segment: number, memory: SharedArrayBuffer | null): void {
    if (memory) this.memory.set(segment, Buffer.from(memory));
    else this.memory.delete(segment);
  }

  /** Null where there is none, or not yet. */
  read(place: Place): JournalRecord | null {
    const memory = this.memory.get(segmentOf(place));
    return (memory && readCopy(memory, place)) ?? this.readFile(place);
  }

  private readFile(place: Place): JournalRecord | null {
    const fd = this.file(segmentOf(place));
    if (fd === null) return null;
    const start = offsetOf(place);
    const first = readAt(fd, start, GUESS);
    const length = recordLength(first, 0);
    if (length === null) return null;
    return readRecord(length <= first.length ? first : readAt(fd, start, length), 0, place);
  }

  object(place: number): object | null {
    if (place === 0) return null;
    const known = this.objects.get(place);
    if (known) return known;
    const record = this.read(place);
    if (record?.type !== 'shared') return null;
    const object = unpackShared(record.payload);
    this.objects.set(place, object);
    if (this.objects.size > MOST)
      for (const oldest of [...this.objects.keys()].slice(0, MOST / 2)) this.objects.delete(oldest);
    return object;
  }

  close(): void {
    for (const fd of this.open.values()) fs.closeSync(fd);
    this.open.clear();
  }

  private file(segment: number): number | null {
    const known = this.open.get(segment);
    if (known !== undefined) return known;
    try {
      const fd = fs.openSync(segmentPath(this.folderOf(segment), segment), 'r');
      this.open.set(segment, fd);
      this.limit();
      return fd;
    } catch {
      return null; // not written yet, or not wanted any more
    }
  }

  private limit(): void {
    for (const [segment, fd] of this.open) {
      if (this.open.size <= OPEN) return;
      this.open.delete(segment);
      fs.closeSync(fd);
    }
  }
}

/** Another thread may use the memory for something else at any time, so that only a copy is to be trusted. */
function readCopy(memory: Buffer, place: Place): JournalRecord | null {
  const start = offsetOf(place);
  const length = recordLength(memory, start);
  if (length === null || start + length > memory.length) return null;
  return readRecord(Buffer.from(memory.subarray(start, start + length)), 0, place);
}

function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, start));
}
