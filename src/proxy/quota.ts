import type { FlowId } from '../flow/flow.js';
import { fullSize } from '../flow/sizes.js';
import type { Ledger } from './ledger.js';

/** Milliseconds of dropping in one go: now and then, and where a body waits for room. */
const [SLICE, MOST] = [4, 20];
/** Milliseconds before dropping for a body again: where room is used up faster than it is made, traffic comes first. */
const PAUSE = 400;
/** The shares of the limit at which dropping begins and ends. */
const [FROM, UNTIL] = [0.95, 0.9];
/** Milliseconds before all flows are looked at once more, when nothing more was to be dropped. */
const REST = 5000;
/** Milliseconds between two warnings. */
const QUIET = 60_000;

export interface Allowance {
  /** The option that says how much there may be. */
  readonly name: string;
  readonly bytes: number;
}

/** What may be forgotten beside bodies. */
interface Memories {
  /** Whether there was one. */
  forgetOldest(): boolean;
}

/** Where the session comes to its limit, the oldest bodies of flows without a mark are dropped. */
export class Quota {
  private at = 0 as FlowId;
  private isDropping = false;
  private restUntil = 0;
  private quietUntil = 0;
  private pauseUntil = 0;

  constructor(
    private readonly ledger: Ledger,
    private readonly history: Memories,
    private readonly allowance: () => Allowance,
    private readonly warn: (text: string) => void,
  ) {}

  /** To be called now and then. */
  keep(): void {
    if (this.ledger.shelf.refusedBytes > 0) this.history.forgetOldest(); // it may be what fills the disk
    this.isDropping ||= this.isOver(FROM);
    this.drop(UNTIL, 0, SLICE);
  }

  /** Whether so many bytes more may be there, for which room is made if need be. */
  hasRoom(bytes: number): boolean {
    const now = performance.now();
    if (this.left < bytes && now >= this.pauseUntil) {
      this.pauseUntil = now + PAUSE;
      this.isDropping = true;
      this.drop(1, bytes, MOST);
    }
    return this.left >= bytes;
  }

  private get left(): number {
    return this.allowance().bytes - this.ledger.shelf.bytes;
  }

  private isOver(share: number, more = 0): boolean {
    return this.ledger.shelf.bytes + more > this.allowance().bytes * share;
  }

  private drop(until: number, more: number, slice: number): void {
    const start = performance.now();
    if (start < this.restUntil) return;
    while (this.isDropping && performance.now() < start + slice) {
      this.isDropping = this.isOver(until, more);
      if (this.isDropping) this.step();
    }
  }

  private step(): void {
    const { shelf } = this.ledger;
    const next = shelf.after(this.at);
    if (next !== null) {
      this.at = next;
      const record = this.ledger.isLive(next) ? undefined : this.ledger.get(next);
      if (record && !record.marked && record.lose(this.why)) this.told();
      else if (record) shelf.put(record); // where it was, bytes of others may be waiting to go
    } else if (!this.history.forgetOldest()) {
      this.at = 0 as FlowId;
      this.isDropping = false;
      this.restUntil = performance.now() + REST;
    }
  }

  private get why(): string {
    const { name, bytes } = this.allowance();
    return `the session has come to ${name}, ${fullSize(bytes)} bytes`;
  }

  private told(): void {
    if (performance.now() < this.quietUntil) return;
    this.quietUntil = performance.now() + QUIET;
    this.warn(`The oldest bodies of flows without a mark are dropped: ${this.why}.`);
  }
}
