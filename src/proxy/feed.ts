import type { FlowId } from '../flow/flow.js';
import { type FlowRow, RowWriter } from '../flow/row.js';
import type { ProxyEvent } from '../protocol.js';

export interface Rowed {
  readonly id: FlowId;
  readonly isLive: boolean;
  row(): FlowRow;
}

/** Milliseconds between two batches while much happens. */
const FRAME = 50;
/** Milliseconds until the first batch after a while in which nothing happened. */
const AT_ONCE = 5;

/**
 * Tells the interface what changed: rows coalesced per flow, one batch per frame, and only while it holds credit. With
 * an interface that does not answer, what is kept here is one row per changed flow.
 */
export class Feed<R extends Rowed = Rowed> {
  /** A live flow's row is made when it is sent; a finished one's at once, so that nothing else of it is kept. */
  private dirty = new Map<FlowId, R | FlowRow>();
  private removed = new Set<FlowId>();
  private readonly writer = new RowWriter();
  private timer: NodeJS.Timeout | null = null;
  private sentAt = 0;

  constructor(
    private readonly say: (event: ProxyEvent) => void,
    private credit = 2,
  ) {}

  changed(record: R): void {
    this.removed.delete(record.id);
    this.dirty.set(record.id, record.isLive ? record : record.row());
    if (this.timer === null) this.schedule();
  }

  remove({ id }: { readonly id: FlowId }): void {
    this.dirty.delete(id);
    this.removed.add(id);
    if (this.timer === null) this.schedule();
  }

  returnCredit(): void {
    this.credit += 1;
    if (this.timer === null && (this.dirty.size > 0 || this.removed.size > 0)) this.schedule();
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private schedule(): void {
    if (this.credit <= 0) return;
    const wait = Math.max(AT_ONCE, this.sentAt + FRAME - performance.now());
    this.timer = setTimeout(() => this.flush(), wait);
  }

  private flush(): void {
    this.timer = null;
    this.sentAt = performance.now();
    const rows: FlowRow[] = [];
    for (const record of this.dirty.values()) rows.push('row' in record ? record.row() : record);
    const removed = [...this.removed];
    this.dirty = new Map();
    this.removed = new Set();
    this.credit -= 1;
    this.say({ type: 'rows-changed', rows: this.writer.batch(rows), removed });
  }
}
