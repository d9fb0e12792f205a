import type { FilterTree } from '../flow/filtertree.js';
import { ROW } from '../flow/row.js';
import { RowTable } from '../flow/rowtable.js';
import { SlotPages } from '../flow/slotpages.js';
import type { ListEvent, ListQuery } from '../protocol.js';
import { type Deadline, Endless } from './deadline.js';
import { type DeepJudge, judgedId } from './deepjudge.js';
import { makeList } from './listmaking.js';
import { orderingOf } from './ordering.js';
import { RowJudge } from './rowjudge.js';
import { RowList } from './rowlist.js';

/** Milliseconds between two words about progress. */
const PROGRESS = 100;
/** Milliseconds before flows that could not be read are tried again, at first and at most. */
const [SOON, LATE] = [250, 8000];

/** A list as it is shown. */
interface Kept {
  readonly number: number;
  readonly filter: FilterTree | null;
  readonly list: RowList;
  /** Ends looking into flows for it. */
  readonly looking: AbortController;
  /** Rows whose flows are being looked into, and those that are to be looked into after that. */
  open: SlotPages | null;
  later: Set<number>;
  /** Milliseconds before flows that could not be read, as those under way, are tried again. */
  pause: number;
}

type Say = (event: ListEvent, handed?: readonly ArrayBuffer[]) => void;

/**
 * Makes the list of the interface where it is not all rows in the order in which they came, and keeps it up: one that is
 * shown, and one that is being made instead.
 */
export class Lists {
  private readonly rows = new RowTable([]);
  private kept: Kept | null = null;
  private making: { readonly controller: AbortController; readonly touched: Uint32Array[] } | null = null;

  constructor(
    private readonly say: Say,
    private readonly deep: DeepJudge,
    private readonly deadline: Deadline,
  ) {}

  make({ number, filter, order, rows }: Extract<ListQuery, { type: 'make-list' }>): void {
    if (rows.epoch !== this.rows.epoch) this.drop();
    this.rows.learn(rows);
    this.making?.controller.abort();
    const making = { controller: new AbortController(), touched: [] };
    this.making = making;
    void this.build(number, filter, order, making).catch((error: Error) => {
      if (this.making === making) this.making = null;
      this.refuse(number, error);
    });
  }

  touch({ slots, rows }: Extract<ListQuery, { type: 'touch-rows' }>): void {
    this.rows.learn(rows);
    this.making?.touched.push(slots);
    if (this.kept) this.update(this.kept, slots);
  }

  stop(all: boolean): void {
    this.making?.controller.abort();
    this.making = null;
    if (all) this.drop();
    else this.kept?.looking.abort();
  }

  private drop(): void {
    this.kept?.looking.abort();
    this.kept = null;
  }

  private async build(
    number: number,
    filter: FilterTree | null,
    order: string,
    making: NonNullable<Lists['making']>,
  ): Promise<void> {
    const { signal } = making.controller;
    const judge = new RowJudge(this.rows, filter, this.deadline);
    const ordering = orderingOf(order, this.rows);
    const made = await makeList(this.rows, judge, ordering, signal, this.progress(number));
    if (!made || signal.aborted) return;
    const list = new RowList(made.shown, this.rows, judge, ordering);
    const kept: Kept = {
      number,
      filter,
      list,
      looking: new AbortController(),
      open: null,
      later: new Set(made.open),
      pause: SOON,
    };
    for (const slots of making.touched) for (const slot of list.touch(slots).open) kept.later.add(slot);
    this.making = null;
    this.drop();
    this.kept = kept;
    const slots = list.all().slice();
    this.say({ type: 'list-made', number, slots }, [slots.buffer]);
    void this.look(kept);
  }

  private update(kept: Kept, slots: Uint32Array): void {
    try {
      const { edit, open } = kept.list.touch(slots);
      this.say({ type: 'list-edited', number: kept.number, edit });
      const isOpen = new Set(open);
      kept.pause = SOON;
      for (const slot of slots)
        if (isOpen.has(slot)) kept.later.add(slot);
        else {
          kept.later.delete(slot);
          kept.open?.delete(judgedId(this.rows.whole(ROW.id, slot)));
        }
      void this.look(kept);
    } catch (error) {
      if (!(error instanceof Endless)) throw error;
      this.drop();
      this.refuse(kept.number, error);
    }
  }

  private refuse(number: number, error: Error): void {
    this.say({ type: 'list-refused', number, reason: error.message });
  }

  /** Looks into the flows of which rows do not tell, as long as there are any. */
  private async look(kept: Kept): Promise<void> {
    const { number, filter, looking } = kept;
    if (filter === null || kept.open || kept.later.size === 0 || looking.signal.aborted) return;
    const slots = [...kept.later].filter((slot) => this.rows.isThere(slot));
    const ids = Float64Array.from(slots, (slot) => this.rows.whole(ROW.id, slot));
    kept.later = new Set();
    kept.open = new SlotPages();
    for (const [at, id] of ids.entries()) kept.open.set(judgedId(id), slots[at] ?? 0);
    const progress = this.progress(number);
    let done = 0;
    try {
      for await (const judged of this.deep.judge(ids, filter, looking.signal)) {
        if (this.kept !== kept) return;
        this.settle(kept, judged);
        done += judged.length;
        progress(done / ids.length);
      }
      if (slots.length > 0 && !looking.signal.aborted) this.say({ type: 'list-progressed', number, done: 1, of: 1 });
    } catch (error) {
      if (this.kept !== kept) return;
      this.drop();
      this.refuse(number, error as Error);
    }
    this.retry(kept, slots);
    kept.open = null;
    void this.look(kept);
  }

  /** Flows that nothing was said of are looked into again, after a while. */
  private retry(kept: Kept, slots: readonly number[]): void {
    const unread = slots.filter((slot) => kept.open?.get(judgedId(this.rows.whole(ROW.id, slot))) === slot);
    if (unread.length === 0 || kept.looking.signal.aborted) return;
    const again = (): void => {
      if (this.kept !== kept) return;
      for (const slot of unread) kept.later.add(slot);
      void this.look(kept);
    };
    setTimeout(again, kept.pause).unref();
    kept.pause = Math.min(LATE, kept.pause * 2);
  }

  private settle(kept: Kept, judged: Float64Array): void {
    const slots: number[] = [];
    const wanted: boolean[] = [];
    for (const signed of judged) {
      const slot = kept.open?.get(judgedId(signed));
      if (slot === undefined || !this.rows.isThere(slot) || this.rows.whole(ROW.id, slot) !== judgedId(signed))
        continue;
      slots.push(slot);
      wanted.push(signed > 0);
      kept.open?.delete(judgedId(signed));
    }
    this.say({ type: 'list-edited', number: kept.number, edit: kept.list.settle(Uint32Array.from(slots), wanted) });
  }

  /** Tells of progress now and then, once it has taken a while. */
  private progress(number: number): (share: number) => void {
    let toldAt = performance.now();
    return (share) => {
      if (performance.now() < toldAt + PROGRESS) return;
      toldAt = performance.now();
      this.say({ type: 'list-progressed', number, done: Math.round(share * 1000), of: 1000 });
    };
  }
}
