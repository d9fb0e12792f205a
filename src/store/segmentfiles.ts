import fs from 'node:fs';
import path from 'node:path';
import type { Shared } from '../journal/lines.js';
import { type Place, segmentOf, segmentPath } from '../journal/places.js';
import { type JournalRecord, recordThrough } from '../journal/record.js';
import { SharedReader } from '../journal/sharedreader.js';

/** Files that stay open. */
const OPEN = 16;

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

/** Reads records by their places. */
export class SegmentFiles implements Shared {
  private readonly open = new Map<number, number>();
  private readonly shared = new SharedReader((place) => this.read(place));
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
    return (memory && recordThrough(copyOf(memory), place)) ?? this.readFile(place);
  }

  private readFile(place: Place): JournalRecord | null {
    const fd = this.file(segmentOf(place));
    if (fd === null) return null;
    return recordThrough((start, length) => readAt(fd, start, length), place);
  }

  object(place: Place): object | null {
    return this.shared.object(place);
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
function copyOf(memory: Buffer): (start: number, length: number) => Buffer {
  return (start, length) => Buffer.from(memory.subarray(start, start + length));
}

function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, start));
}
