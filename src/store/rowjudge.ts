import { type FilterTree, type Judge, judgeBy, leavesOf } from '../flow/filtertree.js';
import { rowLeaf } from '../flow/rowfilter.js';
import type { RowTable } from '../flow/rowtable.js';
import { type Deadline, Endless } from './deadline.js';

/** What a filter says of a row. */
export const NO = 0;
export const YES = 1;
export const OPEN = 2;

/** Milliseconds of work between two pauses. */
const SLICE = 8;
/** Rows between two looks at the clock. */
const STRIDE = 64;
/** Judges rows by a filter of the user's, whose expressions may never end. */
export class RowJudge {
  private readonly judge: Judge<number>;

  constructor(
    private readonly rows: RowTable,
    private readonly filter: FilterTree | null,
    private readonly deadline: Deadline,
  ) {
    this.judge = filter === null ? () => true : judgeBy(filter, rowLeaf(rows));
  }

  /** Judges some of the slots, from a place in them on; returns up to where. Throws an Endless. */
  some(slots: Uint32Array, from: number, verdicts: Uint8Array): number {
    let at = from;
    const until = performance.now() + SLICE;
    const work = (): void => {
      while (at < slots.length) {
        verdicts[at] = this.verdict(slots[at] ?? 0);
        at += 1;
        if (at % STRIDE === 0 && performance.now() >= until) return;
      }
    };
    if (this.deadline.isMetBy(work)) return at;
    this.tryAlone(slots[at] ?? 0);
    verdicts[at] = this.verdict(slots[at] ?? 0);
    return at + 1;
  }

  /** Judges all of a few slots. */
  all(slots: Uint32Array): Uint8Array {
    const verdicts = new Uint8Array(slots.length);
    for (let at = 0; at < slots.length; ) at = this.some(slots, at, verdicts);
    return verdicts;
  }

  private verdict(slot: number): number {
    if (!this.rows.isThere(slot)) return NO;
    const verdict = this.judge(slot);
    return verdict === null ? OPEN : verdict ? YES : NO;
  }

  /** The row may only have been the last of many slow ones; else the expression that does not end on it is named. */
  private tryAlone(slot: number): void {
    const leaves = this.filter === null ? [] : leavesOf(this.filter);
    for (const leaf of leaves) {
      const judge = rowLeaf(this.rows)(leaf);
      if (leaf.type === 'text' && !this.deadline.isMetBy(() => judge(slot)))
        throw new Endless(leaf.source, this.deadline);
    }
  }
}
