import type { FlowId } from '../flow/flow.js';

/**
 * The flows under way, in no order. An array, and not a Map keyed by id: a Map that is written all the time leaves its
 * old tables behind, each points to the next, and the collector keeps whatever was in any of them.
 */
export class Live<R extends { readonly id: FlowId }> {
  private readonly records: R[] = [];

  add(record: R): void {
    this.records.push(record);
  }

  has(record: R): boolean {
    return this.records.lastIndexOf(record) >= 0;
  }

  get(id: FlowId): R | undefined {
    return this.records.find((record) => record.id === id);
  }

  all(): readonly R[] {
    return this.records;
  }

  ids(): FlowId[] {
    return this.records.map(({ id }) => id);
  }

  remove(record: R): void {
    const at = this.records.lastIndexOf(record);
    const last = this.records.at(-1);
    if (at < 0 || !last) return;
    this.records[at] = last;
    this.records.pop();
  }
}
