import { parseTree } from '../flow/filter.js';
import type { RowTable } from '../flow/rowtable.js';
import { foundAt, type ListEdit, SlotList } from '../flow/slotlist.js';
import type { ListQuery } from '../protocol.js';
import { type Arrangement, AS_THEY_CAME, isSame } from './arrangement.js';

/** An arrangement and the number of the question for it. */
interface Question {
  readonly number: number;
  readonly arrangement: Arrangement;
}

/**
 * Which rows the list shows. All of them in the order in which they came need no list; any other is made and kept up by
 * the store's thread, and what was shown before stays until it is there.
 */
export class Listing {
  isReversed = false;
  /** How much of the list that was asked for is made, or looked through; null where nothing is under way. */
  share: number | null = null;
  private shown: Question = { number: 0, arrangement: AS_THEY_CAME };
  private list: SlotList | null = null;
  private asked: Question | null = null;
  /** It was asked for before anybody could be asked. */
  private isUnasked = false;
  private lastNumber = 0;

  constructor(
    private readonly table: RowTable,
    /** All rows, in the order in which they came. */
    private readonly all: () => SlotList,
  ) {}

  get length(): number {
    return this.slots.length;
  }

  /** What is shown now. */
  get arrangement(): Arrangement {
    return this.shown.arrangement;
  }

  /** Whether something is under way that can be stopped. */
  get isBusy(): boolean {
    return this.asked !== null || this.share !== null;
  }

  slotAt(index: number): number | undefined {
    return this.slots.at(this.turned(index));
  }

  indexOf(slot: number): number {
    const slots = this.slots.all();
    const place = this.arrangement.by === 'time' ? foundAt(slots, slot) : slots.indexOf(slot);
    return place < 0 ? -1 : this.turned(place);
  }

  /** Arranges the list from the beginning, before there are rows. */
  begin(arrangement: Arrangement): void {
    if (isSame(arrangement, AS_THEY_CAME)) return;
    this.list = new SlotList();
    this.asked = { number: this.next(), arrangement };
    this.isUnasked = true;
  }

  want(arrangement: Arrangement): ListQuery | null {
    if (isSame(arrangement, this.asked?.arrangement ?? this.shown.arrangement)) return null;
    this.share = null;
    this.asked = null;
    if (isSame(arrangement, this.shown.arrangement)) return { type: 'stop-list', all: false };
    if (isSame(arrangement, AS_THEY_CAME)) {
      this.shown = { number: 0, arrangement };
      this.list = null;
      return { type: 'stop-list', all: true };
    }
    this.asked = { number: this.next(), arrangement };
    return this.ask(this.asked);
  }

  /** Rows came, changed or went. */
  touched(slots: readonly number[]): ListQuery | null {
    if (this.isUnasked && this.asked) return this.ask(this.asked);
    if (slots.length === 0 || (!this.list && !this.asked)) return null;
    return { type: 'touch-rows', slots: Uint32Array.from(slots), rows: this.table.share() };
  }

  /** Rows have other slots now: one less than what stands at their old ones, or none. */
  moved(slots: Uint32Array): ListQuery | null {
    if (!this.list && !this.asked) return null;
    if (this.list)
      this.list = new SlotList(
        this.list
          .all()
          .map((slot) => slots[slot] ?? 0)
          .filter((slot) => slot > 0)
          .map((slot) => slot - 1),
      );
    const { arrangement } = this.asked ?? this.shown;
    this.asked = { number: this.next(), arrangement };
    return this.ask(this.asked);
  }

  made(number: number, slots: Uint32Array): void {
    if (this.asked?.number !== number) return;
    this.shown = this.asked;
    this.list = new SlotList(slots);
    this.asked = null;
    this.share = null;
  }

  edited(number: number, edit: ListEdit): void {
    if (this.shown.number === number) this.list?.edit(edit);
  }

  progressed(number: number, share: number): void {
    if (number === (this.asked ?? this.shown).number) this.share = share < 1 ? share : null;
  }

  /** Gives up what is under way: what is shown stays. */
  stop(): ListQuery {
    this.asked = null;
    this.share = null;
    return { type: 'stop-list', all: false };
  }

  /** A list could not be made. Whether it was one that is wanted or shown. */
  refused(number: number): boolean {
    if (this.asked?.number === number) {
      this.asked = null;
      this.share = null;
      return true;
    }
    if (this.shown.number !== number || number === 0) return false;
    this.shown = { number: 0, arrangement: AS_THEY_CAME };
    this.list = null;
    this.share = null;
    return true;
  }

  private get slots(): SlotList {
    return this.list ?? this.all();
  }

  private turned(index: number): number {
    return this.isReversed ? this.length - 1 - index : index;
  }

  private next(): number {
    this.lastNumber += 1;
    return this.lastNumber;
  }

  private ask({ number, arrangement: { filter, by } }: Question): ListQuery {
    this.isUnasked = false;
    const tree = filter === null || filter.trim() === '' ? null : parseTree(filter);
    return {
      type: 'make-list',
      number,
      filter: tree && 'mistake' in tree ? null : tree, // a mistake was refused where the option was set
      order: by,
      rows: this.table.share(),
    };
  }
}
