import path from 'node:path';
import type { FlowId } from '../flow/flow.js';

/** Flows of one block. */
const BLOCK = 65_536;

/** Where a record begins, counted over all segments of the journal. */
export type Place = number;

/** Bytes of places that one segment has for itself. */
const STRIDE = 2 ** 32;

export function placeIn(segment: number, offset: number): Place {
  return segment * STRIDE + offset;
}

export function segmentOf(place: Place): number {
  return Math.floor(place / STRIDE);
}

export function offsetOf(place: Place): number {
  return place % STRIDE;
}

/** The file of a segment. */
export function segmentPath(folder: string, segment: number): string {
  return path.join(folder, `${segment}.journal`);
}

/**
 * The place of each flow's newest record, by its number, in memory that other threads can look into. A block has for
 * each flow one more than the place, and 0 where there is none.
 */
export class Places {
  private readonly blocks: (Float64Array | undefined)[] = [];

  constructor(
    /** Hears of each new block. */
    private readonly begun: (number: number, block: Float64Array) => void = () => {},
  ) {}

  get(id: FlowId): Place | null {
    const value = this.value(id);
    return value > 0 ? value - 1 : null;
  }

  put(id: FlowId, place: Place | null): void {
    this.block(Math.floor(id / BLOCK))[id % BLOCK] = place === null ? 0 : place + 1;
  }

  /** A block of another thread. */
  take(number: number, block: Float64Array): void {
    this.blocks[number] = block;
  }

  /** Every block there is, to be given to another thread. */
  *all(): Generator<readonly [number, Float64Array]> {
    for (const [number, block] of this.blocks.entries()) if (block) yield [number, block];
  }

  /** Flows that are there, ascending. */
  ids(): FlowId[] {
    const ids: FlowId[] = [];
    for (const [number, block] of this.all())
      for (let at = 0; at < BLOCK; at += 1) if ((block[at] ?? 0) > 0) ids.push((number * BLOCK + at) as FlowId);
    return ids;
  }

  /** The first flow behind that one which is there, or null. */
  after(id: FlowId): FlowId | null {
    for (let number = Math.floor((id + 1) / BLOCK); number < this.blocks.length; number += 1) {
      const block = this.blocks[number];
      const from = Math.max(id + 1, number * BLOCK);
      for (let at = from % BLOCK; block && at < BLOCK; at += 1)
        if ((block[at] ?? 0) > 0) return (number * BLOCK + at) as FlowId;
    }
    return null;
  }

  private value(id: FlowId): number {
    return this.blocks[Math.floor(id / BLOCK)]?.[id % BLOCK] ?? 0;
  }

  private block(number: number): Float64Array {
    const known = this.blocks[number];
    if (known) return known;
    const block = new Float64Array(new SharedArrayBuffer(BLOCK * Float64Array.BYTES_PER_ELEMENT));
    this.blocks[number] = block;
    this.begun(number, block);
    return block;
  }
}
