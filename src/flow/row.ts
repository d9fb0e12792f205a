import type { Carried, FlowId, Side } from './flow.js';

/*
 * The rows of the list, and how many of them travel at once. A row as an object is copied name by name when it crosses
 * to another thread, which costs more than all else the proxy does to show a flow; a batch is numbers and few strings.
 */

/** How a body stands, in one word for the list. */
export type BodySign = 'empty' | 'kept' | 'partial' | 'missing' | 'dropped' | 'growing';

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
  /** The value of the Host field; '' for none. */
  readonly hostHeader: string;
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

/** Where among the numbers of a row what stands: first the whole ones, then those with a fraction. */
export const ROW = {
  id: 0,
  revision: 1,
  port: 2,
  status: 3,
  flags: 4,
  scheme: 5,
  method: 6,
  host: 7,
  mediaType: 8,
  hostHeader: 9,
  messages: 10,
  at: 11,
  expected: 12,
  size: 13,
  duration: 14,
} as const;

/** How many of them are whole. */
export const WHOLE_NUMBERS = 11;

/** How many numbers a row has. */
export const ROW_NUMBERS = 15;

/** Where a row has the number of a name. */
const NAMED = [ROW.scheme, ROW.method, ROW.host, ROW.mediaType, ROW.hostHeader] as const;

const KINDS = ['http', 'tunnel'] as const;
const SIGNS = ['empty', 'kept', 'partial', 'missing', 'growing', 'dropped'] as const;
const CARRIED = ['passed', 'buffered', 'streamed'] as const;
const HELD = [null, 'request', 'response'] as const;

export const REPLAYED = 1;
const CHANGED = 2;
export const MARKED = 4;
const SCRIPT_FAILED = 8;
const PASSABLE = 16;
export const FAILED = 32;
const KIND_AT = 6;
const SIGN_AT = 8;
const CARRIED_AT = 12;
const HELD_AT = 14;

/** Whether the flags of a row say that it is no HTTP. */
export function isTunnel(flags: number): boolean {
  return ((flags >> KIND_AT) & 1) === 1;
}

function flagsOf(row: FlowRow): number {
  return (
    (row.replayed ? REPLAYED : 0) |
    (row.changed ? CHANGED : 0) |
    (row.marked ? MARKED : 0) |
    (row.scriptFailed ? SCRIPT_FAILED : 0) |
    (row.passable ? PASSABLE : 0) |
    (row.failed ? FAILED : 0) |
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
      numbers[at + ROW.id] = row.id;
      numbers[at + ROW.revision] = row.revision;
      numbers[at + ROW.port] = row.port;
      numbers[at + ROW.status] = row.status;
      numbers[at + ROW.flags] = flagsOf(row);
      numbers[at + ROW.scheme] = this.name(row.scheme);
      numbers[at + ROW.method] = this.name(row.method);
      numbers[at + ROW.host] = this.name(row.host);
      numbers[at + ROW.mediaType] = this.name(row.mediaType);
      numbers[at + ROW.hostHeader] = this.name(row.hostHeader);
      numbers[at + ROW.messages] = row.messages;
      numbers[at + ROW.at] = row.at;
      numbers[at + ROW.expected] = row.expected ?? Number.NaN;
      numbers[at + ROW.size] = row.size;
      numbers[at + ROW.duration] = row.duration;
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
  /** The text of each name, by its number. */
  readonly names: string[] = [];
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

  /** Every row of a batch that was learnt. */
  rows({ numbers, texts }: RowBatch): FlowRow[] {
    return Array.from({ length: rowCount(numbers) }, (_, at) =>
      rowFrom(numbers.subarray(at * ROW_NUMBERS), texts[at * 2] ?? '', texts[at * 2 + 1] ?? '', this.names),
    );
  }
}

/** The row that begins these numbers. */
export function rowFrom(numbers: Float64Array, path: string, error: string, names: readonly string[]): FlowRow {
  const count = (place: number): number => numbers[place] ?? 0;
  const name = (place: number): string => names[count(place)] ?? '';
  const flags = count(ROW.flags);
  const expected = count(ROW.expected);
  return {
    id: count(ROW.id) as FlowId,
    revision: count(ROW.revision),
    kind: KINDS[(flags >> KIND_AT) & 1] ?? 'http',
    at: count(ROW.at),
    scheme: name(ROW.scheme),
    method: name(ROW.method),
    host: name(ROW.host),
    port: count(ROW.port),
    hostHeader: name(ROW.hostHeader),
    path,
    status: count(ROW.status),
    mediaType: name(ROW.mediaType),
    body: SIGNS[(flags >> SIGN_AT) & 7] ?? 'empty',
    carried: CARRIED[(flags >> CARRIED_AT) & 3] ?? 'passed',
    expected: Number.isNaN(expected) ? null : expected,
    size: count(ROW.size),
    duration: count(ROW.duration),
    held: HELD[(flags >> HELD_AT) & 3] ?? null,
    error,
    failed: (flags & FAILED) !== 0,
    replayed: (flags & REPLAYED) !== 0,
    changed: (flags & CHANGED) !== 0,
    marked: (flags & MARKED) !== 0,
    scriptFailed: (flags & SCRIPT_FAILED) !== 0,
    messages: count(ROW.messages),
    passable: (flags & PASSABLE) !== 0,
  };
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
