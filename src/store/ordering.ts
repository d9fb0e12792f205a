import { ROW } from '../flow/row.js';
import type { RowTable } from '../flow/rowtable.js';
import { bySlot } from '../flow/slotlist.js';

/** How rows are ordered; those that are alike stay in the order in which they came. */
export interface Ordering {
  /** Notes what a row is ordered by; tells whether that was another before. */
  take(slot: number): boolean;
  /** By what was noted. */
  compare(a: number, b: number): number;
}

const BY_TIME: Ordering = { take: () => false, compare: bySlot };

/** Numbers by slot, of which the last one noted counts: rows change while they are ordered. */
class Keys {
  private keys = new Float64Array(1024);

  at(slot: number): number {
    return this.keys[slot] ?? 0;
  }

  note(slot: number, key: number): boolean {
    if (slot >= this.keys.length) {
      const keys = new Float64Array(slot + (slot >> 1));
      keys.set(this.keys);
      this.keys = keys;
    }
    const isNew = this.keys[slot] !== key;
    this.keys[slot] = key;
    return isNew;
  }
}

function byNumber(numberOf: (slot: number) => number): Ordering {
  const keys = new Keys();
  return {
    take: (slot) => keys.note(slot, numberOf(slot)),
    compare: (a, b) => keys.at(a) - keys.at(b) || a - b,
  };
}

/** Texts that many rows share, and how they compare. */
class SharedTexts {
  readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();
  /** The place of each text among those there were when they were last put in order. */
  private ranks: number[] = [];

  number(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.texts.length);
    this.texts.push(text);
    return this.texts.length - 1;
  }

  /** Ranks make comparing cheap; texts that are new since are compared as they are. */
  rank(): void {
    const numbers = [...this.texts.keys()].sort((a, b) => this.compareTexts(a, b));
    this.ranks = [];
    for (const [rank, number] of numbers.entries()) this.ranks[number] = rank;
  }

  compare(a: number, b: number): number {
    if (a === b) return 0;
    const [first, second] = [this.ranks[a], this.ranks[b]];
    return first === undefined || second === undefined ? this.compareTexts(a, b) : first - second;
  }

  private compareTexts(a: number, b: number): number {
    const [first = '', second = ''] = [this.texts[a], this.texts[b]];
    return first < second ? -1 : first > second ? 1 : 0;
  }
}

function byText(
  textNumber: (slot: number, texts: SharedTexts) => number,
  then: (a: number, b: number) => number,
): Ordering & { rank(): void } {
  const keys = new Keys();
  const texts = new SharedTexts();
  return {
    take: (slot) => keys.note(slot, textNumber(slot, texts)),
    compare: (a, b) => texts.compare(keys.at(a), keys.at(b)) || then(a, b) || a - b,
    rank: () => texts.rank(),
  };
}

/** By a name of the row. */
function byName(rows: RowTable, place: number): Ordering {
  const known: number[] = [];
  return byText(
    (slot, texts) => {
      const name = rows.whole(place, slot);
      const number = known[name] ?? texts.number(rows.names[name] ?? '');
      known[name] = number;
      return number;
    },
    () => 0,
  );
}

/** By scheme, host and port, then by path. */
function byUrl(rows: RowTable): Ordering & { rank(): void } {
  const known = new Map<number, number>();
  const paths = new Keys();
  const byFront = byText(
    (slot, texts) => {
      const [scheme, host, port] = [
        rows.whole(ROW.scheme, slot),
        rows.whole(ROW.host, slot),
        rows.whole(ROW.port, slot),
      ];
      const place = (host * 1024 + (scheme % 1024)) * 65536 + port;
      const front = scheme < 1024 ? known.get(place) : undefined;
      if (front !== undefined) return front;
      const number = texts.number(`${rows.names[scheme] ?? ''}://${rows.names[host] ?? ''}:${port}`);
      if (scheme < 1024) known.set(place, number);
      return number;
    },
    (a, b) => rows.comparePaths(a, b),
  );
  return {
    ...byFront,
    take: (slot) => {
      const isOtherPath = paths.note(slot, rows.pathMark(slot));
      return byFront.take(slot) || isOtherPath;
    },
  };
}

/** What `view_order` names (UI-FL-02). */
export function orderingOf(order: string, rows: RowTable): Ordering & { rank?(): void } {
  switch (order) {
    case 'method':
      return byName(rows, ROW.method);
    case 'host':
      return byName(rows, ROW.host);
    case 'url':
      return byUrl(rows);
    case 'size':
      return byNumber((slot) => rows.fraction(ROW.size, slot));
    case 'duration':
      return byNumber((slot) => rows.fraction(ROW.duration, slot));
    case 'status':
      return byNumber((slot) => rows.whole(ROW.status, slot));
    default:
      return BY_TIME;
  }
}
