import fs from 'node:fs';
import path from 'node:path';
import { offsetOf, type Place, placeIn, segmentOf } from '../journal/places.js';
import { HEADER, type JournalRecord, type RecordType, readRecord, recordLength, seal } from '../journal/record.js';

/** Bytes of one segment; one that has to hold a larger record is as large as that. */
const SIZE = 4 * 1024 * 1024;
/** Segments that stay in memory; older ones are in their files only. */
const IN_MEMORY = 4;
/** Bytes read of a record before its length is known. */
const GUESS = 4096;
/** Milliseconds before a disk that refused is asked again. */
const PATIENCE = 1000;

interface Segment {
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
}

type HeldSegment = Segment & { readonly bytes: Buffer<SharedArrayBuffer> };

export interface Placed {
  readonly record: JournalRecord;
  /** The folder that the names of files in it are relative to. */
  readonly folder: string;
}

export interface SegmentsSettings {
  readonly folder: string;
  /** The number of the first segment. */
  readonly first: number;
  /** Whether they are written to the disk. */
  readonly keeps: boolean;
  /** Hears why the disk takes no more, and null when it does again. */
  readonly troubled: (reason: string | null) => void;
}

/** Hears which segments can be read in memory; null for one that can no longer. */
type InMemory = (number: number, memory: SharedArrayBuffer | null) => void;

function shared(length: number): Buffer<SharedArrayBuffer> {
  return Buffer.from(new SharedArrayBuffer(length));
}

export function segmentFile(folder: string, number: number): string {
  return path.join(folder, `${number}.journal`);
}

/**
 * The files of the journal. Records are written one behind the other into large buffers outside the heap, so that the
 * collector never looks at them and other threads can, and from there to the disk in the background. A file whose last
 * record is not wanted any more goes.
 */
export class Segments {
  private readonly segments = new Map<number, Segment>();
  private newest: Segment | null = null;
  private next: number;
  /** A written segment's memory, to be used again: fresh pages cost more than what is put into them. */
  private spare: Buffer<SharedArrayBuffer> | null = null;
  private refusedAt = Number.NEGATIVE_INFINITY;
  private trouble: string | null = null;
  private readonly flushing: (() => void)[] = [];

  /** Bytes that were written. */
  bytes = 0;

  constructor(
    private readonly settings: SegmentsSettings,
    private readonly inMemory: InMemory,
  ) {
    this.next = settings.first;
  }

  /** The number that no segment has yet. */
  get nextNumber(): number {
    return this.next;
  }

  /** Adds a record whose payload `fill` puts there. */
  append(type: RecordType, id: number, length: number, fill: (bytes: Buffer, start: number) => void): Place {
    const segment = this.roomFor(HEADER + length);
    const start = segment.used;
    fill(segment.bytes, start + HEADER);
    const place = placeIn(segment.number, start);
    seal(segment.bytes, start, length, type, id, place);
    segment.used += HEADER + length;
    segment.wanted += 1;
    return place;
  }

  add(type: RecordType, id: number, payload: Uint8Array): Place {
    return this.append(type, id, payload.length, (bytes, start) => bytes.set(payload, start));
  }

  /** Null where it is damaged. What it gives is to be used before anything else is added. */
  read(place: Place): Placed | null {
    const segment = this.segments.get(segmentOf(place));
    if (!segment) return null;
    const record = segment.bytes ? readRecord(segment.bytes, offsetOf(place), place) : readFrom(segment, place);
    return record && { record, folder: segment.folder };
  }

  /** Those that can be read in memory. */
  *held(): Generator<readonly [number, SharedArrayBuffer]> {
    for (const { number, bytes } of this.segments.values()) if (bytes) yield [number, bytes.buffer];
  }

  /** It is wanted once more. */
  retain(place: Place): void {
    const segment = this.segments.get(segmentOf(place));
    if (segment) segment.wanted += 1;
  }

  release(place: Place): void {
    const segment = this.segments.get(segmentOf(place));
    if (!segment) return;
    segment.wanted -= 1;
    if (segment.wanted > 0 || segment === this.newest || segment.isWriting) return;
    this.drop(segment);
    fs.rm(segmentFile(segment.folder, segment.number), { force: true }, () => {});
  }

  /** Takes in a segment of an earlier session with so many records that are wanted. */
  adopt(number: number, folder: string, wanted: number): void {
    this.segments.set(number, {
      number,
      folder,
      bytes: null,
      used: 0,
      written: 0,
      fd: null,
      isWriting: false,
      wanted,
    });
  }

  /** Begins to write what has come since. */
  write(): void {
    if (!this.settings.keeps || performance.now() < this.refusedAt + PATIENCE) return;
    for (const segment of this.segments.values()) if (segment.written < segment.used) this.writeOn(segment);
    this.settle();
  }

  /** Calls back once all that was added is on the disk, or cannot be. */
  flush(done: () => void): void {
    this.flushing.push(done);
    this.write();
    this.settle();
  }

  private settle(): void {
    const isBehind =
      this.settings.keeps &&
      this.trouble === null &&
      [...this.segments.values()].some(({ written, used }) => written < used);
    if (!isBehind) for (const done of this.flushing.splice(0)) done();
  }

  private roomFor(length: number): HeldSegment {
    const { newest } = this;
    if (newest && hasBytes(newest) && newest.used + length <= newest.bytes.length) return newest;
    return this.begin(length);
  }

  private begin(length: number): HeldSegment {
    const number = this.next;
    this.next += 1;
    const bytes = length <= SIZE ? (this.spare ?? shared(SIZE)) : shared(length);
    if (bytes === this.spare) this.spare = null;
    const { folder } = this.settings;
    const segment = { number, folder, bytes, used: 0, written: 0, fd: null, isWriting: false, wanted: 0 };
    this.segments.set(number, segment);
    this.newest = segment;
    this.inMemory(number, bytes.buffer);
    this.write();
    for (const old of this.segments.values()) this.forget(old);
    return segment;
  }

  /** Frees the memory of an old one that is on the disk. */
  private forget(segment: Segment): void {
    const isOld = segment.number <= this.next - 1 - IN_MEMORY;
    if (!this.settings.keeps || !isOld || segment.isWriting || segment.written < segment.used) return;
    if (segment.wanted <= 0) return this.release(placeIn(segment.number, 0));
    this.free(segment);
  }

  private free(segment: Segment): void {
    if (segment.bytes?.length === SIZE) this.spare ??= segment.bytes;
    if (segment.bytes) this.inMemory(segment.number, null);
    segment.bytes = null;
    if (segment.fd !== null) fs.closeSync(segment.fd);
    segment.fd = null;
  }

  private drop(segment: Segment): void {
    this.segments.delete(segment.number);
    this.free(segment);
  }

  private writeOn(segment: Segment): void {
    const { bytes } = segment;
    if (segment.isWriting || !bytes) return;
    try {
      segment.fd ??= fs.openSync(segmentFile(segment.folder, segment.number), 'wx', 0o600);
    } catch (error) {
      return this.refused(error as Error);
    }
    segment.isWriting = true;
    const { written, used } = segment;
    fs.write(segment.fd, bytes, written, used - written, written, (error, count) => {
      segment.isWriting = false;
      if (error) return this.refused(error);
      segment.written += count;
      this.bytes += count;
      this.relieved();
      const isUrgent = segment !== this.newest || this.flushing.length > 0;
      if (isUrgent && segment.written < segment.used) this.writeOn(segment);
      else if (segment !== this.newest) this.forget(segment);
      this.settle();
    });
  }

  private refused(error: Error): void {
    this.refusedAt = performance.now();
    this.tell(error.message);
    this.settle();
  }

  private relieved(): void {
    this.tell(null);
  }

  private tell(trouble: string | null): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.settings.troubled(trouble);
  }
}

function hasBytes(segment: Segment): segment is HeldSegment {
  return segment.bytes !== null;
}

function readFrom(segment: Segment, place: Place): JournalRecord | null {
  let fd: number;
  try {
    fd = fs.openSync(segmentFile(segment.folder, segment.number), 'r');
  } catch {
    return null; // somebody removed it
  }
  try {
    const start = offsetOf(place);
    const first = readAt(fd, start, GUESS);
    const length = recordLength(first, 0);
    if (length === null) return null;
    return readRecord(length <= first.length ? first : readAt(fd, start, length), 0, place);
  } finally {
    fs.closeSync(fd);
  }
}

function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, start));
}
