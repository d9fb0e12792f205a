import type { Carried, FlowId, Side } from './flow.js';

/*
 * The rows of the list, and how many of them travel at once. A row as an object is copied name by name when it crosses
 * to another thread, which costs more than all else the proxy does to show a flow; a batch is numbers and few strings.
 */

/** How a body stands, in one word for the list. */
export type BodySign = 'empty' | 'kept' | 'partial' | 'missing' | 'growing';

/** One line of the list. */
export interface FlowRow {
  readonly id: FlowId;
  readonly revision: number;
  readonly kind: 'http' | 'tunnel';
  /** When the request began, in milliseconds since 1970. */
  readonly at: number;
  readonly scheme: string;
  readonly method: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** 0 while there is none. */
  readonly status: number;
  readonly mediaType: string;
  readonly body: BodySign;
  readonly carried: Carried;
  /** The announced length, or null. */
  readonly expected: number | null;
  readonly size: number;
  /** Milliseconds; -1 while it runs. */
  readonly duration: number;
  readonly held: Side | null;
  /** What went wrong with the exchange, or, for a tunnel, why it is one. '' for nothing. */
  readonly error: string;
  readonly failed: boolean;
  readonly replayed: boolean;
  readonly changed: boolean;
  readonly marked: boolean;
  /** A script failed on this flow. */
  readonly scriptFailed: boolean;
  /** The view filter does not match it. */
  readonly hidden: boolean;
  /** Messages of its conversation; -1 where it has none. */
  readonly messages: number;
  /** A client here refuses our certificate, so passing its host through would help. */
  readonly passable: boolean;
}

/** Rows on their way. */
export interface RowBatch {
  /** `ROW_NUMBERS` for each row. */
  readonly numbers: Float64Array;
  /** Path and error of each row. */
  readonly texts: readonly string[];
  /** Hosts, methods and the like that no batch had before; a row has their numbers. */
  readonly names: readonly string[];
}

/** Where a row has the number of a name. */
const NAMED = [9, 10, 11, 12] as const;

/** How many numbers a row has. */
export const ROW_NUMBERS = 14;

const KINDS = ['http', 'tunnel'] as const;
const SIGNS = ['empty', 'kept', 'partial', 'missing', 'growing'] as const;
const CARRIED = ['passed', 'buffered', 'streamed'] as const;
const HELD = [null, 'request', 'response'] as const;

const REPLAYED = 1;
const CHANGED = 2;
const MARKED = 4;
const SCRIPT_FAILED = 8;
const PASSABLE = 16;
const FAILED = 32;
const KIND_AT = 6;
const SIGN_AT = 8;
const CARRIED_AT = 12;
const HELD_AT = 14;
const HIDDEN = 1 << 16;

function flagsOf(row: FlowRow): number {
  return (
    (row.replayed ? REPLAYED : 0) |
    (row.changed ? CHANGED : 0) |
    (row.marked ? MARKED : 0) |
    (row.scriptFailed ? SCRIPT_FAILED : 0) |
    (row.passable ? PASSABLE : 0) |
    (row.failed ? FAILED : 0) |
    (row.hidden ? HIDDEN : 0) |
    (KINDS.indexOf(row.kind) << KIND_AT) |
    (SIGNS.indexOf(row.body) << SIGN_AT) |
    (CARRIED.indexOf(row.carried) << CARRIED_AT) |
    (HELD.indexOf(row.held) << HELD_AT)
  );
}

/** Makes batches. One writer belongs to one reader. */
export class RowWriter {
  private readonly numberOf = new Map<string, number>();
  private fresh: string[] = [];

  batch(rows: readonly FlowRow[]): RowBatch {
    const numbers = new Float64Array(rows.length * ROW_NUMBERS);
    const texts: string[] = [];
    let at = 0;
    for (const row of rows) {
      texts.push(row.path, row.error);
      numbers[at] = row.id;
      numbers[at + 1] = row.revision;
      numbers[at + 2] = row.at;
      numbers[at + 3] = row.port;
      numbers[at + 4] = row.status;
      numbers[at + 5] = row.expected ?? Number.NaN;
      numbers[at + 6] = row.size;
      numbers[at + 7] = row.duration;
      numbers[at + 8] = flagsOf(row);
      numbers[at + 9] = this.name(row.scheme);
      numbers[at + 10] = this.name(row.method);
      numbers[at + 11] = this.name(row.host);
      numbers[at + 12] = this.name(row.mediaType);
      numbers[at + 13] = row.messages;
      at += ROW_NUMBERS;
    }
    const names = this.fresh;
    this.fresh = [];
    return { numbers, texts, names };
  }

  private name(text: string): number {
    const known = this.numberOf.get(text);
    if (known !== undefined) return known;
    const number = this.numberOf.size;
    this.numberOf.set(text, number);
    this.fresh.push(text);
    return number;
  }
}

/** Makes rows of batches again. It has to be shown every batch, in order. */
export class RowReader {
  private readonly names: string[] = [];
  private readonly numberOf = new Map<string, number>();

  learn(batch: RowBatch): void {
    for (const name of batch.names) this.names.push(name);
  }

  /** Learns a batch of one writer of several: `known` has this reader's number for each of the writer's. */
  take(batch: RowBatch, known: number[]): void {
    for (const name of batch.names) known.push(this.number(name));
    const { numbers } = batch;
    for (let at = 0; at < numbers.length; at += ROW_NUMBERS)
      for (const offset of NAMED) numbers[at + offset] = known[numbers[at + offset] ?? 0] ?? 0;
  }

  private number(name: string): number {
    const number = this.numberOf.get(name) ?? this.names.length;
    if (number < this.names.length) return number;
    this.numberOf.set(name, number);
    this.names.push(name);
    return number;
  }

  /** The row whose numbers begin at `at`. */
  row(numbers: Float64Array, at: number, path: string, error: string): FlowRow {
    const count = (offset: number): number => numbers[at + offset] ?? 0;
    const name = (offset: number): string => this.names[count(offset)] ?? '';
    const flags = count(8);
    const expected = count(5);
    return {
      id: count(0) as FlowId,
      revision: count(1),
      kind: KINDS[(flags >> KIND_AT) & 1] ?? 'http',
      at: count(2),
      scheme: name(9),
      method: name(10),
      host: name(11),
      port: count(3),
      path,
      status: count(4),
      mediaType: name(12),
      body: SIGNS[(flags >> SIGN_AT) & 7] ?? 'empty',
      carried: CARRIED[(flags >> CARRIED_AT) & 3] ?? 'passed',
      expected: Number.isNaN(expected) ? null : expected,
      size: count(6),
      duration: count(7),
      held: HELD[(flags >> HELD_AT) & 3] ?? null,
      error,
      failed: (flags & FAILED) !== 0,
      replayed: (flags & REPLAYED) !== 0,
      changed: (flags & CHANGED) !== 0,
      marked: (flags & MARKED) !== 0,
      scriptFailed: (flags & SCRIPT_FAILED) !== 0,
      hidden: (flags & HIDDEN) !== 0,
      messages: count(13),
      passable: (flags & PASSABLE) !== 0,
    };
  }

  /** Every row of a batch that was learnt. */
  rows({ numbers, texts }: RowBatch): FlowRow[] {
    return Array.from({ length: rowCount(numbers) }, (_, at) =>
      this.row(numbers, at * ROW_NUMBERS, texts[at * 2] ?? '', texts[at * 2 + 1] ?? ''),
    );
  }
}

/** Whether the row whose numbers begin at `at` is hidden. */
export function isHidden(numbers: Float64Array, at: number): boolean {
  return ((numbers[at + 8] ?? 0) & HIDDEN) !== 0;
}

export function hide(numbers: Float64Array, at: number, hidden: boolean): void {
  const flags = numbers[at + 8] ?? 0;
  numbers[at + 8] = hidden ? flags | HIDDEN : flags & ~HIDDEN;
}

export function rowCount(numbers: Float64Array): number {
  return numbers.length / ROW_NUMBERS;
}

/** Whether a batch tells of a flow. */
export function hasRow({ numbers }: RowBatch, id: FlowId): boolean {
  for (let row = 0; row < rowCount(numbers); row += 1) if (idIn(numbers, row) === id) return true;
  return false;
}

/** The flow a row of a batch is of. */
export function idIn(numbers: Float64Array, row: number): FlowId {
  return (numbers[row * ROW_NUMBERS] ?? 0) as FlowId;
}
