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
    /** Whether the list is not to show a flow. */
    private readonly hides: (record: R) => boolean = () => false,
    private credit = 2,
  ) {}

  changed(record: R): void {
    this.removed.delete(record.id);
    this.dirty.set(record.id, record.isLive ? record : this.rowOf(record));
    if (this.timer === null) this.schedule();
  }

  remove({ id }: { readonly id: FlowId }): void {
    this.dirty.delete(id);
    this.removed.add(id);
    if (this.timer === null) this.schedule();
  }

  /** The view filter is another one: rows that have been made and not sent are judged anew. */
  rejudge(hides: (id: FlowId) => boolean): void {
    for (const [id, record] of this.dirty) if (!('row' in record)) this.dirty.set(id, { ...record, hidden: hides(id) });
  }

  returnCredit(): void {
    this.credit += 1;
    if (this.timer === null && (this.dirty.size > 0 || this.removed.size > 0)) this.schedule();
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
  }

  private rowOf(record: R): FlowRow {
    const row = record.row();
    return this.hides(record) ? { ...row, hidden: true } : row;
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
    for (const record of this.dirty.values()) rows.push('row' in record ? this.rowOf(record) : record);
    const removed = [...this.removed];
    this.dirty = new Map();
    this.removed = new Set();
    this.credit -= 1;
    this.say({ type: 'rows-changed', rows: this.writer.batch(rows), removed });
  }
}
