import type { FlowId } from '../flow/flow.js';

/** Which flows are with the store's thread. They came in runs of numbers that ascend. */
export class Outside {
  private readonly firsts: number[] = [];
  private readonly ends: number[] = [];
  private readonly gone = new Set<FlowId>();

  add(first: FlowId, count: number): void {
    let at = this.firsts.length;
    while (at > 0 && (this.firsts[at - 1] ?? 0) > first) at -= 1;
    this.firsts.splice(at, 0, first);
    this.ends.splice(at, 0, first + count);
  }

  has(id: FlowId): boolean {
    let [low, high] = [0, this.firsts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.firsts[middle] ?? 0) <= id) low = middle;
      else high = middle - 1;
    }
    return id >= (this.firsts[low] ?? Number.POSITIVE_INFINITY) && id < (this.ends[low] ?? 0) && !this.gone.has(id);
  }

  remove(id: FlowId): void {
    this.gone.add(id);
  }

  takeBack(id: FlowId): void {
    this.gone.delete(id);
  }

  /** The thread is gone, and what it had with it. */
  clear(): void {
    this.firsts.length = 0;
    this.ends.length = 0;
    this.gone.clear();
  }
}
