import type { FlowId } from '../flow/flow.js';
import { type FlowRow, idIn, ROW_NUMBERS, type RowBatch, RowReader, rowCount } from '../flow/row.js';

/** Rows of one block of numbers. */
const BLOCK = 4096;
/** As many removed rows are kept before the rest moves together. */
const HOLES = 1024;

/** The list's rows in the order they came, as columns: a row is an object only while it is looked at. */
export class Rows {
  private readonly reader = new RowReader();
  private readonly at = new Map<FlowId, number>();
  private blocks: Float64Array[] = [];
  private paths: string[] = [];
  /** Few rows have an error. */
  private errors = new Map<number, string>();
  /** What scripts say in their columns. */
  private readonly told = new Map<FlowId, Readonly<Record<string, string>>>();
  /** The slot of each line of the list, ascending. */
  private order: number[] = [];
  private holes = 0;

  get length(): number {
    return this.order.length;
  }

  /** The row at that place of the list. */
  row(index: number): FlowRow | undefined {
    const slot = this.order[index];
    return slot === undefined ? undefined : this.inSlot(slot);
  }

  byId(id: FlowId): FlowRow | undefined {
    const slot = this.at.get(id);
    return slot === undefined ? undefined : this.inSlot(slot);
  }

  indexOf(id: FlowId): number {
    const slot = this.at.get(id);
    if (slot === undefined) return -1;
    let low = 0;
    let high = this.order.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.order[middle] ?? 0;
      if (found === slot) return middle;
      if (found < slot) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  tell(id: FlowId, texts: Readonly<Record<string, string>>): void {
    if (this.at.has(id)) this.told.set(id, { ...this.told.get(id), ...texts });
  }

  /** What a script's column says of a flow. */
  toldOf(id: FlowId, column: string): string {
    return this.told.get(id)?.[column] ?? '';
  }

  /** Takes a batch. Returns how many rows are new. */
  change(batch: RowBatch, removed: readonly FlowId[]): number {
    this.reader.learn(batch);
    const { numbers, texts } = batch;
    let added = 0;
    for (let row = 0; row < rowCount(numbers); row += 1) {
      const id = idIn(numbers, row);
      let slot = this.at.get(id);
      if (slot === undefined) {
        slot = this.paths.length;
        this.at.set(id, slot);
        this.order.push(slot);
        added += 1;
      }
      const at = row * ROW_NUMBERS;
      this.put(slot, numbers.subarray(at, at + ROW_NUMBERS), texts[row * 2] ?? '', texts[row * 2 + 1] ?? '');
    }
    if (removed.length > 0) this.remove(removed);
    return added;
  }

  *[Symbol.iterator](): Generator<FlowRow> {
    for (const slot of this.order) yield this.inSlot(slot);
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
      gone.add(slot);
      this.at.delete(id);
      this.told.delete(id);
      this.errors.delete(slot);
      this.paths[slot] = '';
    }
    this.holes += gone.size;
    this.order = this.order.filter((slot) => !gone.has(slot));
    if (this.holes > HOLES && this.holes > this.order.length) this.compact();
  }

  private compact(): void {
    const { order, paths, errors, blocks } = this;
    this.blocks = [];
    this.paths = [];
    this.errors = new Map();
    this.holes = 0;
    this.at.clear();
    for (const [slot, old] of order.entries()) {
      const numbers = blocks[Math.floor(old / BLOCK)] ?? new Float64Array();
      const at = (old % BLOCK) * ROW_NUMBERS;
      this.put(slot, numbers.subarray(at, at + ROW_NUMBERS), paths[old] ?? '', errors.get(old) ?? '');
      this.at.set(idIn(numbers, old % BLOCK), slot);
    }
    this.order = order.map((_, slot) => slot);
  }
}
