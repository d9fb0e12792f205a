import type { RowTable } from '../flow/rowtable.js';
import { type ListEdit, placeOf, SlotList } from '../flow/slotlist.js';
import type { Ordering } from './ordering.js';
import { NO, OPEN, type RowJudge } from './rowjudge.js';

/** Rows that are shown, in their order, as the interface has them too: whatever changes here is told there. */
export class RowList {
  private readonly slots: SlotList;
  /** Whether the row of a slot is in the list. */
  private shown: Uint8Array;

  constructor(
    slots: Uint32Array,
    private readonly rows: RowTable,
    private readonly judge: RowJudge,
    private readonly ordering: Ordering,
  ) {
    this.slots = new SlotList(slots);
    this.shown = new Uint8Array(rows.count);
    for (const slot of slots) this.shown[slot] = 1;
  }

  /** The slots; to be read before the next change. */
  all(): Uint32Array {
    return this.slots.all();
  }

  /** Rows that came, changed or went. Returns what changes, and the rows of which only a look into their flows tells. */
  touch(slots: Uint32Array): { readonly edit: ListEdit; readonly open: readonly number[] } {
    const touched = Uint32Array.from(new Set(slots));
    const verdicts = this.judge.all(touched);
    const open: number[] = [];
    const wanted = (slot: number, at: number): boolean => {
      if (verdicts[at] !== OPEN) return verdicts[at] !== NO;
      open.push(slot);
      return this.isShown(slot);
    };
    return { edit: this.change(touched, Array.from(touched, wanted)), open };
  }

  /** Rows that are known to be wanted, or not to be. */
  settle(slots: Uint32Array, wanted: readonly boolean[]): ListEdit {
    return this.change(slots, wanted);
  }

  private isShown(slot: number): boolean {
    return this.shown[slot] === 1;
  }

  private change(slots: Uint32Array, wanted: readonly boolean[]): ListEdit {
    const gone: number[] = [];
    const came: number[] = [];
    const all = this.all();
    const places = Array.from(slots, (slot) => (this.isShown(slot) ? this.placeIn(all, slot) : -1));
    for (const [at, slot] of slots.entries()) {
      const place = places[at] ?? -1;
      const isMoved = wanted[at] === true && this.ordering.take(slot);
      if (place >= 0 && (!wanted[at] || isMoved)) gone.push(place);
      if (wanted[at] && (place < 0 || isMoved)) came.push(slot);
    }
    const edit = this.edited(Uint32Array.from(gone).sort(), Uint32Array.from(came));
    for (const [at, slot] of slots.entries()) this.mark(slot, wanted[at] === true);
    return edit;
  }

  /** Where a row is; if what it is ordered by changed unnoticed, it is looked for. */
  private placeIn(all: Uint32Array, slot: number): number {
    const place = placeOf(all, slot, this.ordering.compare);
    return all[place] === slot ? place : all.indexOf(slot);
  }

  private edited(gone: Uint32Array, came: Uint32Array): ListEdit {
    const none = new Uint32Array();
    this.slots.edit({ gone, places: none, came: none });
    const kept = this.all();
    came.sort(this.ordering.compare);
    const places = came.map((slot, at) => placeOf(kept, slot, this.ordering.compare) + at);
    this.slots.edit({ gone: none, places, came });
    return { gone, places, came };
  }

  private mark(slot: number, isShown: boolean): void {
    if (slot >= this.shown.length) {
      const shown = new Uint8Array(Math.max(this.rows.count, slot + 1) + (slot >> 2));
      shown.set(this.shown);
      this.shown = shown;
    }
    this.shown[slot] = isShown ? 1 : 0;
  }
}
