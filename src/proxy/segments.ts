import fs from 'node:fs';
import { offsetOf, type Place, placeIn, segmentOf, segmentPath } from '../journal/places.js';
import { HEADER, type JournalRecord, type RecordType, readRecord, seal } from '../journal/record.js';
import { type HeldSegment, hasBytes, readFrom, type Segment, shared } from './segment.js';

/** Bytes of one segment; one that has to hold a larger record is as large as that. */
const SIZE = 4 * 1024 * 1024;
/** Segments that stay in memory; older ones are in their files only. */
const IN_MEMORY = 4;
/** Bytes left for what a record has in common with others, where it begins a segment. */
const SLACK = 64 * 1024;
/** Milliseconds before a disk that refused is asked again. */
const PATIENCE = 1000;

/** A record that is to be. */
export interface Packed {
  readonly type: RecordType;
  /** Of its payload. */
  readonly length: number;
  fill(bytes: Buffer, start: number): void;
}

export function packedBytes(type: RecordType, payload: Uint8Array): Packed {
  return { type, length: payload.length, fill: (bytes, start) => bytes.set(payload, start) };
}

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

  /** Bytes of all there are. */
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

  /** Bytes that the disk has refused so far; 0 while it takes what it is given. */
  get refusedBytes(): number {
    if (this.trouble === null) return 0;
    let bytes = 0;
    for (const { used, written } of this.segments.values()) bytes += Math.max(0, used - written);
    return bytes;
  }

  /** The segment that records go into now; 0 before the first. */
  get current(): number {
    return this.newest?.number ?? 0;
  }

  /**
   * Adds a record. What it has in common with others `pack` adds before it, and calls it by its place: all of that is in
   * the record's own segment, and goes with it.
   */
  append(id: number, pack: () => Packed): Place {
    if (!this.newest) this.begin(SLACK);
    for (let slack = SLACK; ; slack *= 2) {
      const { current } = this;
      const packed = pack();
      if (current === this.current && this.hasRoom(HEADER + packed.length)) return this.put(id, packed);
      this.begin(HEADER + packed.length + slack);
    }
  }

  /** Adds a record that has nothing in common with others. */
  add(type: RecordType, id: number, payload: Uint8Array): Place {
    return this.put(id, packedBytes(type, payload));
  }

  private put(id: number, { type, length, fill }: Packed): Place {
    const segment = this.roomFor(HEADER + length);
    const start = segment.used;
    fill(segment.bytes, start + HEADER);
    const place = placeIn(segment.number, start);
    seal(segment.bytes, start, length, type, id, place);
    segment.used += HEADER + length;
    this.bytes += HEADER + length;
    if (type === 'removed' || type === 'back') segment.hasRemovals = true;
    else if (type !== 'shared') segment.wanted += 1;
    return place;
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
    if (segment.wanted <= 0) this.clear();
  }

  /** Drops what nobody wants. Removals are wanted while there are segments before them. */
  private clear(): void {
    let isFirst = true;
    for (const segment of this.segments.values()) {
      const isWanted = segment.wanted > 0 || (segment.hasRemovals && !isFirst);
      if (isWanted || segment === this.newest || segment.isWriting) isFirst = false;
      else this.drop(segment);
    }
  }

  /** Takes in a segment of an earlier session, which stays. */
  adopt(number: number, folder: string): void {
    this.segments.set(number, {
      number,
      folder,
      bytes: null,
      used: 0,
      written: 0,
      fd: null,
      isWriting: false,
      wanted: Number.POSITIVE_INFINITY,
      hasRemovals: true,
    });
  }

  /** Begins to write what has come since. */
  write(): void {
    this.clear();
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
    return newest && hasBytes(newest) && this.hasRoom(length) ? newest : this.begin(length);
  }

  private hasRoom(length: number): boolean {
    const { newest } = this;
    return newest !== null && newest.used + length <= (newest.bytes?.length ?? 0);
  }

  private begin(length: number): HeldSegment {
    const number = this.next;
    this.next += 1;
    const bytes = length <= SIZE ? (this.spare ?? shared(SIZE)) : shared(length);
    if (bytes === this.spare) this.spare = null;
    const { folder } = this.settings;
    const segment = {
      number,
      folder,
      bytes,
      used: 0,
      written: 0,
      fd: null,
      isWriting: false,
      wanted: 0,
      hasRemovals: false,
    };
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
    this.bytes -= segment.used;
    this.free(segment);
    if (this.settings.keeps) fs.rm(segmentPath(segment.folder, segment.number), { force: true }, () => {});
  }

  private writeOn(segment: Segment): void {
    const { bytes } = segment;
    if (segment.isWriting || !bytes) return;
    try {
      segment.fd ??= fs.openSync(segmentPath(segment.folder, segment.number), 'wx', 0o600);
    } catch (error) {
      return this.refused(error as Error);
    }
    segment.isWriting = true;
    const { written, used } = segment;
    fs.write(segment.fd, bytes, written, used - written, written, (error, count) => {
      segment.isWriting = false;
      if (error) return this.refused(error);
      segment.written += count;
      this.tell(null);
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

  private tell(trouble: string | null): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.settings.troubled(trouble);
  }
}
