import type { FlowId } from '../flow/flow.js';
import { type FlowRow, RowWriter } from '../flow/row.js';
import type { Port, StoreEvent, StoreQuery } from '../protocol.js';

/** Milliseconds between two batches. */
const FRAME = 30;
/** Rows that wait for the interface before no more are made. */
const MOST = 8192;

/** Tells the interface rows, in batches against credit. */
export class RowFeed {
  private port: Port<StoreQuery, StoreEvent> | null = null;
  private readonly writer = new RowWriter();
  private rows: FlowRow[] = [];
  private removed = new Set<FlowId>();
  private credit = 2;
  private sentAt = 0;
  private timer: NodeJS.Timeout | null = null;
  private readonly waiting: (() => void)[] = [];

  connect(port: Port<StoreQuery, StoreEvent>): void {
    this.port = port;
  }

  say(event: StoreEvent): void {
    this.port?.say(event);
  }

  add(rows: readonly FlowRow[]): void {
    for (const row of rows) {
      this.removed.delete(row.id);
      this.rows.push(row);
    }
    this.schedule();
  }

  remove(ids: readonly FlowId[]): void {
    for (const id of ids) this.removed.add(id);
    this.schedule();
  }

  /** Resolves when more rows may come. */
  async room(): Promise<void> {
    if (this.rows.length >= MOST) await new Promise<void>((done) => this.waiting.push(done));
  }

  /** Resolves when the interface was told all there is. */
  async told(): Promise<void> {
    while (this.rows.length > 0) await new Promise<void>((done) => this.waiting.push(done));
  }

  returnCredit(): void {
    this.credit += 1;
    if (this.rows.length > 0 || this.removed.size > 0) this.schedule();
  }

  private schedule(): void {
    if (this.timer || this.credit <= 0) return;
    const wait = this.sentAt + FRAME - performance.now();
    if (wait <= 0) this.flush();
    else this.timer = setTimeout(() => this.flush(), wait);
  }

  private flush(): void {
    this.timer = null;
    this.sentAt = performance.now();
    this.credit -= 1;
    const { rows } = this;
    const removed = [...this.removed];
    this.rows = [];
    this.removed = new Set();
    this.say({ type: 'rows-changed', rows: this.writer.batch(rows), removed });
    for (const done of this.waiting.splice(0)) done();
  }
}
