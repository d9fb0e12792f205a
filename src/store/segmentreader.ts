import fs from 'node:fs';
import { offsetOf, type Place, segmentOf, segmentPath } from '../journal/places.js';
import { type JournalRecord, readRecord } from '../journal/record.js';
import type { SegmentFiles } from './segmentfiles.js';

/** Segments that are held as wholes. */
const HELD = 4;
/** Single records read of a segment before all of it is. */
const PATIENCE = 8;

/**
 * Reads records in the order of their flows. Most stand one behind the other, so that whole segments are read; flows that
 * were changed later have theirs elsewhere, and are read by themselves.
 */
export class SegmentReader {
  /** The one held longest comes first. */
  private readonly held = new Map<number, Buffer>();
  private readonly missed = new Map<number, number>();

  constructor(private readonly files: SegmentFiles) {}

  read(place: Place): JournalRecord | null {
    const segment = segmentOf(place);
    const bytes = this.held.get(segment) ?? this.load(segment);
    return bytes ? readRecord(bytes, offsetOf(place), place) : this.files.read(place);
  }

  private load(segment: number): Buffer | null {
    const missed = (this.missed.get(segment) ?? 0) + 1;
    this.missed.set(segment, missed % PATIENCE);
    if (missed < PATIENCE) return null;
    const bytes = fs.readFileSync(segmentPath(this.files.folderOf(segment), segment));
    this.held.set(segment, bytes);
    const [oldest] = this.held.keys();
    if (this.held.size > HELD && oldest !== undefined) this.held.delete(oldest);
    return bytes;
  }
}
