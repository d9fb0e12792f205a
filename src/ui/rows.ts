import type { FlowId } from '../flow/flow.js';
import { type FlowRow, hide, idIn, isHidden, ROW_NUMBERS, type RowBatch, RowReader, rowCount } from '../flow/row.js';
import { type Arrangement, arranged, BY_TIME } from './arrangement.js';

/** Rows of one block of numbers. */
const BLOCK = 4096;
/** As many removed rows are kept before the rest moves together. */
const HOLES = 1024;
/** Rows that may be put in order for one batch; with more of them some batches wait for one another. */
const ORDERED_AT_ONCE = 10_000;

/** Who tells of rows. */
export type RowSource = 'proxy' | 'store';

/** The list's rows as columns: a row is an object only while it is looked at. */
export class Rows {
  private readonly reader = new RowReader();
  /** The reader's number for each name that a source has numbered. */
  private readonly known: Readonly<Record<RowSource, number[]>> = { proxy: [], store: [] };
  private readonly at = new Map<FlowId, number>();
  private blocks: Float64Array[] = [];
  private paths: string[] = [];
  /** Few rows have an error. */
  private errors = new Map<number, string>();
  /** What scripts say in their columns. */
  private readonly told = new Map<FlowId, Readonly<Record<string, string>>>();
  /** The slots in use, ascending: the order in which flows came. */
  private slots: number[] = [];
  /** The slot of each line of the list; the same array while all are shown as they came. */
  private view: number[] = this.slots;
  private arrangement: Arrangement = BY_TIME;
  private hidden = 0;
  private holes = 0;
  /** Batches since the view was made. */
  private stale = 0;

  /** Lines of the list. */
  get length(): number {
    return this.view.length;
  }

  /** All flows, shown or not. */
  get total(): number {
    return this.slots.length;
  }

  /** The row at that line of the list. */
  row(index: number): FlowRow | undefined {
    const slot = this.view[index];
    return slot === undefined ? undefined : this.inSlot(slot);
  }

  byId(id: FlowId): FlowRow | undefined {
    const slot = this.at.get(id);
    return slot === undefined ? undefined : this.inSlot(slot);
  }

  indexOf(id: FlowId): number {
    const slot = this.at.get(id);
    if (slot === undefined) return -1;
    return this.view === this.slots ? found(this.slots, slot) : this.view.indexOf(slot);
  }

  tell(id: FlowId, texts: Readonly<Record<string, string>>): void {
    if (this.at.has(id)) this.told.set(id, { ...this.told.get(id), ...texts });
  }

  /** What a script's column says of a flow. */
  toldOf(id: FlowId, column: string): string {
    return this.told.get(id)?.[column] ?? '';
  }

  /** Takes a batch. Returns how many lines there are more than before. */
  change(batch: RowBatch, removed: readonly FlowId[], from: RowSource = 'proxy'): number {
    const before = this.length;
    this.reader.take(batch, this.known[from]);
    const { numbers, texts } = batch;
    for (let row = 0; row < rowCount(numbers); row += 1) {
      const id = idIn(numbers, row);
      let slot = this.at.get(id);
      if (slot === undefined) {
        slot = this.paths.length;
        this.at.set(id, slot);
        this.slots.push(slot);
      } else if (this.hides(slot)) this.hidden -= 1;
      const at = row * ROW_NUMBERS;
      this.put(slot, numbers.subarray(at, at + ROW_NUMBERS), texts[row * 2] ?? '', texts[row * 2 + 1] ?? '');
      if (isHidden(numbers, at)) this.hidden += 1;
    }
    if (removed.length > 0) this.remove(removed);
    this.stale += 1;
    if (this.isPlain || removed.length > 0 || this.stale * ORDERED_AT_ONCE >= this.slots.length) this.look();
    return this.length - before;
  }

  /** Orders the list anew. */
  arrange(arrangement: Arrangement): void {
    this.arrangement = arrangement;
    this.look();
  }

  /** What the view filter says of flows: their numbers, negative for those it hides. */
  judge(judged: Float64Array): void {
    for (const signed of judged) {
      const slot = this.at.get(Math.abs(signed) as FlowId);
      if (slot === undefined) continue;
      if (this.hides(slot)) this.hidden -= 1;
      const { numbers, at } = this.place(slot);
      hide(numbers, at, signed < 0);
      if (signed < 0) this.hidden += 1;
    }
    this.look();
  }

  /** The rows of the list. */
  *[Symbol.iterator](): Generator<FlowRow> {
    for (const slot of this.view) yield this.inSlot(slot);
  }

  /** Every row, shown or not. */
  *all(): Generator<FlowRow> {
    for (const slot of this.slots) yield this.inSlot(slot);
  }

  private get isPlain(): boolean {
    const { by, isReversed } = this.arrangement;
    return this.hidden === 0 && by === 'time' && !isReversed;
  }

  /** Makes the view. */
  private look(): void {
    this.stale = 0;
    if (this.isPlain) this.view = this.slots;
    else {
      const shown = this.hidden === 0 ? [...this.slots] : this.slots.filter((slot) => !this.hides(slot));
      this.view = arranged(shown, this.arrangement, (slot) => this.inSlot(slot));
    }
  }

  private hides(slot: number): boolean {
    const { numbers, at } = this.place(slot);
    return isHidden(numbers, at);
  }

  private inSlot(slot: number): FlowRow {
    const { numbers, at } = this.place(slot);
    return this.reader.row(numbers, at, this.paths[slot] ?? '', this.errors.get(slot) ?? '');
  }

  private put(slot: number, row: Float64Array, path: string, error: string): void {
    const { numbers, at } = this.place(slot);
    numbers.set(row, at);
    this.paths[slot] = path;
    if (error !== '') this.errors.set(slot, error);
    else if (this.errors.size > 0) this.errors.delete(slot);
  }

  private place(slot: number): { readonly numbers: Float64Array; readonly at: number } {
    const block = Math.floor(slot / BLOCK);
    const numbers = this.blocks[block] ?? new Float64Array(BLOCK * ROW_NUMBERS);
    this.blocks[block] = numbers;
    return { numbers, at: (slot % BLOCK) * ROW_NUMBERS };
  }

  private remove(removed: readonly FlowId[]): void {
    const gone = new Set<number>();
    for (const id of removed) {
      const slot = this.at.get(id);
      if (slot === undefined) continue;
      if (this.hides(slot)) this.hidden -= 1;
      gone.add(slot);
      this.at.delete(id);
      this.told.delete(id);
      this.errors.delete(slot);
      this.paths[slot] = '';
    }
    this.holes += gone.size;
    this.slots = this.slots.filter((slot) => !gone.has(slot));
    if (this.holes > HOLES && this.holes > this.slots.length) this.compact();
  }

  private compact(): void {
    const { slots, paths, errors, blocks } = this;
    this.blocks = [];
    this.paths = [];
    this.errors = new Map();
    this.holes = 0;
    this.at.clear();
    for (const [slot, old] of slots.entries()) {
      const numbers = blocks[Math.floor(old / BLOCK)] ?? new Float64Array();
      const at = (old % BLOCK) * ROW_NUMBERS;
      this.put(slot, numbers.subarray(at, at + ROW_NUMBERS), paths[old] ?? '', errors.get(old) ?? '');
      this.at.set(idIn(numbers, old % BLOCK), slot);
    }
    this.slots = slots.map((_, slot) => slot);
  }
}

/** The place of a number in an ascending list, or -1. */
function found(ascending: readonly number[], wanted: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const number = ascending[middle] ?? 0;
    if (number === wanted) return middle;
    if (number < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
