import type { FlowId } from '../flow/flow.js';
import type { FlowRow } from '../protocol.js';

/** The list's rows in the order they came. Only the visible ones are ever turned into lines. */
export class Rows {
  private readonly at = new Map<FlowId, number>();
  private list: (FlowRow | null)[] = [];
  private order: number[] = [];
  private holes = 0;

  get length(): number {
    return this.order.length;
  }

  /** The row at that place of the list. */
  row(index: number): FlowRow | undefined {
    const slot = this.order[index];
    return slot === undefined ? undefined : (this.list[slot] ?? undefined);
  }

  byId(id: FlowId): FlowRow | undefined {
    const slot = this.at.get(id);
    return slot === undefined ? undefined : (this.list[slot] ?? undefined);
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

  /** Takes a batch. Returns how many rows are new. */
  change(rows: readonly FlowRow[], removed: readonly FlowId[]): number {
    let added = 0;
    for (const row of rows) {
      const slot = this.at.get(row.id);
      if (slot !== undefined) {
        this.list[slot] = row;
        continue;
      }
      this.at.set(row.id, this.list.length);
      this.order.push(this.list.length);
      this.list.push(row);
      added += 1;
    }
    if (removed.length > 0) this.remove(removed);
    return added;
  }

  *[Symbol.iterator](): Generator<FlowRow> {
    for (const slot of this.order) {
      const row = this.list[slot];
      if (row) yield row;
    }
  }

  private remove(removed: readonly FlowId[]): void {
    for (const id of removed) {
      const slot = this.at.get(id);
      if (slot === undefined) continue;
      this.list[slot] = null;
      this.at.delete(id);
      this.holes += 1;
    }
    this.order = this.order.filter((slot) => this.list[slot] !== null);
    if (this.holes > 1024 && this.holes > this.order.length) this.compact();
  }

  private compact(): void {
    this.list = this.list.filter((row) => row !== null);
    this.order = this.list.map((_, slot) => slot);
    this.at.clear();
    for (const [slot, row] of this.list.entries()) if (row) this.at.set(row.id, slot);
    this.holes = 0;
  }
}
