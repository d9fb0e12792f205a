import type { FlowId } from '../flow/flow.js';
import { type FlowRow, idIn, MARKED, ROW, ROW_NUMBERS, type RowBatch, RowReader, rowCount } from '../flow/row.js';
import { RowTable } from '../flow/rowtable.js';
import { bySlot, foundAt, placeOf, SlotList } from '../flow/slotlist.js';
import { SlotPages } from '../flow/slotpages.js';
import type { FlowTarget, ListQuery } from '../protocol.js';
import { Listing } from './listing.js';

/** As many removed rows are kept before the rest moves together. */
const HOLES = 1024;
/** Rows that may be moved at once. */
const MOVED_AT_ONCE = 5000;

/** Who tells of rows. */
export type RowSource = 'proxy' | 'store';

/** The rows that are meant, wherever they stand in the list. */
export type RowChoice = 'all' | 'shown' | 'hidden' | 'marked' | 'unmarked';

/** The list's rows as columns, which the store's thread reads too: a row is an object only while it is looked at. */
export class Rows {
  private readonly reader = new RowReader();
  /** The reader's number for each name that a source has numbered. */
  private readonly known: Readonly<Record<RowSource, number[]>> = { proxy: [], store: [] };
  private readonly table = new RowTable(this.reader.names);
  private readonly at = new SlotPages();
  /** What scripts say in their columns. */
  private readonly told = new Map<FlowId, Readonly<Record<string, string>>>();
  /** The newest flow the proxy has told of. Of a later one a script may speak before its row is here. */
  private newestId = 0;
  /** The slots in use, ascending: the order in which flows came. */
  private slots = new SlotList();
  /** The slots that removed flows had: one that comes back stands where it stood. */
  private left = new SlotPages();
  readonly listing = new Listing(this.table, () => this.slots);

  /** Lines of the list. */
  get length(): number {
    return this.listing.length;
  }

  /** All flows, shown or not. */
  get total(): number {
    return this.slots.length;
  }

  /** The row at that line of the list. */
  row(index: number): FlowRow | undefined {
    const slot = this.listing.slotAt(index);
    return slot === undefined ? undefined : this.table.row(slot);
  }

  /** The flow at that line of the list. */
  idAt(index: number): FlowId | undefined {
    const slot = this.listing.slotAt(index);
    return slot === undefined ? undefined : this.idIn(slot);
  }

  byId(id: FlowId): FlowRow | undefined {
    const slot = this.at.get(id);
    return slot === undefined ? undefined : this.table.row(slot);
  }

  indexOf(id: FlowId): number {
    const slot = this.at.get(id);
    return slot === undefined ? -1 : this.listing.indexOf(slot);
  }

  /** The line of the newest of some rows, or of all. */
  newest(slots: Uint32Array = this.slots.all().subarray(-1)): number {
    let newest = -1;
    for (const slot of slots) newest = Math.max(newest, slot);
    return this.listing.indexOf(newest);
  }

  tell(id: FlowId, texts: Readonly<Record<string, string>>): void {
    if (this.at.get(id) !== undefined || id > this.newestId) this.told.set(id, { ...this.told.get(id), ...texts });
  }

  /** What a script's column says of a flow. */
  toldOf(id: FlowId, column: string): string {
    return this.told.get(id)?.[column] ?? '';
  }

  /** Takes a batch. Returns what the store's thread is to be asked about it. */
  change(batch: RowBatch, removed: readonly FlowId[], from: RowSource = 'proxy'): readonly ListQuery[] {
    this.reader.take(batch, this.known[from]);
    const { numbers, texts } = batch;
    const touched: number[] = [];
    for (let row = 0; row < rowCount(numbers); row += 1) {
      const id = idIn(numbers, row);
      const slot = this.slotFor(id);
      if (from === 'proxy') this.newestId = Math.max(this.newestId, id);
      const at = row * ROW_NUMBERS;
      const own = numbers.subarray(at, at + ROW_NUMBERS);
      this.table.put(slot, own, texts[row * 2] ?? '', texts[row * 2 + 1] ?? '');
      touched.push(slot);
    }
    this.putBack(touched);
    if (removed.length > 0) for (const slot of this.remove(removed)) touched.push(slot);
    const queries = [this.listing.touched(touched), removed.length > 0 ? this.tidy() : null];
    return queries.flatMap((query) => query ?? []);
  }

  /** Flows, with the revision in which they are shown. */
  *targets(choice: RowChoice): Generator<FlowTarget> {
    const isHidden = choice === 'hidden' ? this.hidden() : () => false;
    const count = choice === 'shown' ? this.length : this.total;
    for (let index = 0; index < count; index += 1) {
      const slot = (choice === 'shown' ? this.listing.slotAt(index) : this.slots.at(index)) ?? 0;
      const isMarked = (this.table.whole(ROW.flags, slot) & MARKED) !== 0;
      if (choice === 'hidden' ? !isHidden(slot) : choice === 'marked' ? !isMarked : choice === 'unmarked' && isMarked)
        continue;
      yield { id: this.idIn(slot), revision: this.table.whole(ROW.revision, slot) };
    }
  }

  /** Whether a flow is marked. */
  isMarked(id: FlowId): boolean {
    const slot = this.at.get(id);
    return slot !== undefined && (this.table.whole(ROW.flags, slot) & MARKED) !== 0;
  }

  private hidden(): (slot: number) => boolean {
    const shown = new Uint8Array(this.table.count);
    for (let index = 0; index < this.length; index += 1) shown[this.listing.slotAt(index) ?? 0] = 1;
    return (slot) => shown[slot] !== 1;
  }

  private idIn(slot: number): FlowId {
    return this.table.whole(ROW.id, slot) as FlowId;
  }

  private slotFor(id: FlowId): number {
    const known = this.at.get(id);
    if (known !== undefined) return known;
    const slot = this.left.get(id) ?? this.table.count;
    this.at.set(id, slot);
    if (slot === this.table.count) this.slots.push(slot);
    return slot;
  }

  /** Slots that are in use again come in between. */
  private putBack(touched: readonly number[]): void {
    const all = this.slots.all();
    const back = touched.filter((slot) => this.left.get(this.idIn(slot)) === slot);
    if (back.length === 0) return;
    for (const slot of back) this.left.delete(this.idIn(slot));
    const came = Uint32Array.from(new Set(back)).sort();
    const places = came.map((slot, at) => placeOf(all, slot, bySlot) + at);
    this.slots.edit({ gone: new Uint32Array(), places, came });
  }

  /** Returns the slots that are no longer in use. */
  private remove(removed: readonly FlowId[]): number[] {
    const gone: number[] = [];
    for (const id of removed) {
      this.told.delete(id);
      const slot = this.at.get(id);
      if (slot === undefined) continue;
      gone.push(slot);
      this.at.delete(id);
      this.left.set(id, slot);
      this.table.remove(slot);
    }
    const all = this.slots.all();
    const none = new Uint32Array();
    this.slots.edit({ gone: Uint32Array.from(gone, (slot) => foundAt(all, slot)).sort(), places: none, came: none });
    return gone;
  }

  /** Moves the rows together where most are gone. */
  private tidy(): ListQuery | null {
    const holes = this.table.count - this.slots.length;
    if (holes <= HOLES || holes <= this.slots.length || this.slots.length > MOVED_AT_ONCE) return null;
    const before = this.table.move();
    const moved = new Uint32Array(before.count);
    const old = this.slots.all().slice();
    this.slots = new SlotList();
    this.left = new SlotPages();
    for (const [slot, from] of old.entries()) {
      this.table.copy(slot, before, from);
      this.at.set(this.idIn(slot), slot);
      this.slots.push(slot);
      moved[from] = slot + 1;
    }
    return this.listing.moved(moved);
  }
}
