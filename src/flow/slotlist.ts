/*
 * A list of slots, and how one that is kept twice is changed in both places.
 */

/** What changes in a list: places in it as it was that go, then places in it as it is to be, and what comes there; all ascending. */
export interface ListEdit {
  readonly gone: Uint32Array;
  readonly places: Uint32Array;
  readonly came: Uint32Array;
}

const LEAST = 1024;

/** A list of up to millions of slots. */
export class SlotList {
  private items: Uint32Array;
  /** Takes the place of the items with the next edit. */
  private spare = new Uint32Array();

  constructor(
    items: Uint32Array = new Uint32Array(),
    public length = items.length,
  ) {
    this.items = items;
  }

  at(place: number): number | undefined {
    return place >= 0 && place < this.length ? this.items[place] : undefined;
  }

  push(slot: number): void {
    if (this.length === this.items.length) {
      const items = new Uint32Array(Math.max(LEAST, this.length + (this.length >> 1)));
      items.set(this.items);
      this.items = items;
    }
    this.items[this.length] = slot;
    this.length += 1;
  }

  /** The items; to be read before the next change. */
  all(): Uint32Array {
    return this.items.subarray(0, this.length);
  }

  edit({ gone, places, came }: ListEdit): void {
    if (gone.length === 0 && places.length === 0) return;
    const length = this.length - gone.length + places.length;
    const first = Math.min(gone[0] ?? this.length, places[0] ?? this.length);
    const kept = this.without(gone, first);
    const items = this.items.length >= length ? this.items : new Uint32Array(length + (length >> 2) + LEAST);
    if (items !== this.items) items.set(this.items.subarray(0, first));
    let [from, to] = [0, first];
    for (let one = 0; one < places.length; one += 1) {
      const place = places[one] ?? 0;
      items.set(kept.subarray(from, from + place - to), to);
      from += place - to;
      items[place] = came[one] ?? 0;
      to = place + 1;
    }
    items.set(kept.subarray(from), to);
    this.items = items;
    this.length = length;
  }

  /** The items from the first place on but those at some places, in the spare room. */
  private without(gone: Uint32Array, first: number): Uint32Array {
    if (this.spare.length < this.length - first) this.spare = new Uint32Array(this.items.length);
    let [from, to] = [first, 0];
    for (const place of gone) {
      this.spare.set(this.items.subarray(from, place), to);
      to += place - from;
      from = place + 1;
    }
    this.spare.set(this.items.subarray(from, this.length), to);
    return this.spare.subarray(0, to + this.length - from);
  }
}

/** The first place in an ordered list whose item is not before a slot. */
export function placeOf(items: Uint32Array, slot: number, compare: (a: number, b: number) => number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(items[middle] ?? 0, slot) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function bySlot(a: number, b: number): number {
  return a - b;
}

/** The place of a slot in a list in the order of slots, or -1. */
export function foundAt(items: Uint32Array, slot: number): number {
  const place = placeOf(items, slot, bySlot);
  return items[place] === slot ? place : -1;
}
