import { ROW_NUMBERS, WHOLE_NUMBERS } from './row.js';

/** Rows of one block; a power of two. */
export const BLOCK_ROWS = 4096;

const FRACTIONS = ROW_NUMBERS - WHOLE_NUMBERS;

/** Beside its own whole numbers, where a row's texts begin and how long its path and its error are. */
const TEXT_AT = WHOLE_NUMBERS;
const PATH_LENGTH = WHOLE_NUMBERS + 1;
const ERROR_LENGTH = WHOLE_NUMBERS + 2;
const WHOLE_COLUMNS = WHOLE_NUMBERS + 3;

/** Bytes by which the room for texts grows. */
const GROWTH = 32 * 1024;

const WHOLE_BYTES = WHOLE_COLUMNS * BLOCK_ROWS * Int32Array.BYTES_PER_ELEMENT;
const BLOCK_BYTES = WHOLE_BYTES + FRACTIONS * BLOCK_ROWS * Float64Array.BYTES_PER_ELEMENT;

/** What another thread needs to read a block. */
export interface SharedBlock {
  readonly index: number;
  readonly numbers: SharedArrayBuffer;
  readonly texts: SharedArrayBuffer;
}

const WIDE = /[^\0-\xff]/;

/**
 * Rows as columns of numbers, and their texts one after the other. One thread writes, others read meanwhile: what they
 * read of a row that is being written may be wrong, and they are told to read it again.
 */
export class RowBlock {
  /** A column of whole numbers after the other. */
  readonly whole: Int32Array;
  /** The columns of numbers with a fraction. */
  readonly fractions: Float64Array;
  private text: Buffer;
  /** Bytes of the room for texts that are in use, or were. */
  private used = 0;

  constructor(
    readonly numbers: SharedArrayBuffer = new SharedArrayBuffer(BLOCK_BYTES),
    private room: SharedArrayBuffer = new SharedArrayBuffer(GROWTH),
  ) {
    this.whole = new Int32Array(numbers, 0, WHOLE_COLUMNS * BLOCK_ROWS);
    this.fractions = new Float64Array(numbers, WHOLE_BYTES);
    this.text = Buffer.from(room);
  }

  /** It is another one after texts have outgrown it. */
  get texts(): SharedArrayBuffer {
    return this.room;
  }

  put(row: number, numbers: Float64Array, path: string, error: string): void {
    for (let column = 0; column < WHOLE_NUMBERS; column += 1)
      this.whole[column * BLOCK_ROWS + row] = numbers[column] ?? 0;
    for (let column = 0; column < FRACTIONS; column += 1)
      this.fractions[column * BLOCK_ROWS + row] = numbers[WHOLE_NUMBERS + column] ?? 0;
    this.putTexts(row, path, error);
  }

  /** The numbers of a row, as it was put. */
  read(row: number, into: Float64Array): void {
    for (let column = 0; column < WHOLE_NUMBERS; column += 1) into[column] = this.column(column, row);
    for (let column = 0; column < FRACTIONS; column += 1)
      into[WHOLE_NUMBERS + column] = this.fractions[column * BLOCK_ROWS + row] ?? 0;
  }

  path(row: number): string {
    return this.slice(this.column(TEXT_AT, row), this.column(PATH_LENGTH, row));
  }

  error(row: number): string {
    const length = this.column(ERROR_LENGTH, row);
    return length === 0 ? '' : this.slice(this.errorAt(row), length);
  }

  /** How the bytes of two paths compare. */
  comparePaths(row: number, other: RowBlock, otherRow: number): number {
    const [at, otherAt] = [this.column(TEXT_AT, row), other.column(TEXT_AT, otherRow)];
    const [length, otherLength] = [
      bytesOf(this.column(PATH_LENGTH, row)),
      bytesOf(other.column(PATH_LENGTH, otherRow)),
    ];
    const both = Math.min(length, otherLength);
    for (let byte = 0; byte < both; byte += 1) {
      const difference = (this.text[at + byte] ?? 0) - (other.text[otherAt + byte] ?? 0);
      if (difference !== 0) return difference;
    }
    return length - otherLength;
  }

  /** A number that is another one, but for chance, where a path is another one. */
  pathMark(row: number): number {
    const at = this.column(TEXT_AT, row);
    const end = at + bytesOf(this.column(PATH_LENGTH, row));
    let mark = end - at;
    for (let byte = at; byte < end; byte += 1) mark = (Math.imul(mark, 31) + (this.text[byte] ?? 0)) | 0;
    return mark;
  }

  private column(column: number, row: number): number {
    return this.whole[column * BLOCK_ROWS + row] ?? 0;
  }

  private errorAt(row: number): number {
    return this.column(TEXT_AT, row) + bytesOf(this.column(PATH_LENGTH, row));
  }

  private slice(at: number, length: number): string {
    return length < 0 ? this.text.toString('utf8', at, at - length) : this.text.toString('latin1', at, at + length);
  }

  private putTexts(row: number, path: string, error: string): void {
    const [pathLength, errorLength] = [lengthOf(path), lengthOf(error)];
    const wanted = bytesOf(pathLength) + bytesOf(errorLength);
    const had = bytesOf(this.column(PATH_LENGTH, row)) + bytesOf(this.column(ERROR_LENGTH, row));
    if (wanted > had) {
      this.whole[PATH_LENGTH * BLOCK_ROWS + row] = 0;
      this.whole[ERROR_LENGTH * BLOCK_ROWS + row] = 0;
      if (this.used + wanted > this.text.length) this.grow(wanted);
      this.whole[TEXT_AT * BLOCK_ROWS + row] = this.used;
      this.used += wanted;
    }
    const at = this.column(TEXT_AT, row);
    write(this.text, path, at, pathLength);
    write(this.text, error, at + bytesOf(pathLength), errorLength);
    this.whole[PATH_LENGTH * BLOCK_ROWS + row] = pathLength;
    this.whole[ERROR_LENGTH * BLOCK_ROWS + row] = errorLength;
  }

  /** Moves what is in use to a larger room, and leaves out what was. */
  private grow(wanted: number): void {
    const rows = Array.from({ length: BLOCK_ROWS }, (_, row) => row);
    const sizes = rows.map((row) => bytesOf(this.column(PATH_LENGTH, row)) + bytesOf(this.column(ERROR_LENGTH, row)));
    const inUse = sizes.reduce((sum, size) => sum + size, 0);
    const room = new SharedArrayBuffer(Math.ceil((inUse + wanted) / GROWTH + 0.5) * GROWTH);
    const text = Buffer.from(room);
    this.used = 0;
    for (const row of rows) {
      const size = sizes[row] ?? 0;
      const at = this.column(TEXT_AT, row);
      text.set(this.text.subarray(at, at + size), this.used);
      this.whole[TEXT_AT * BLOCK_ROWS + row] = this.used;
      this.used += size;
    }
    this.room = room;
    this.text = text;
  }
}

/** A text that is not latin-1 is kept as UTF-8, and its length is negative. */
function lengthOf(text: string): number {
  return WIDE.test(text) ? -Buffer.byteLength(text, 'utf8') : text.length;
}

function bytesOf(length: number): number {
  return Math.abs(length);
}

function write(into: Buffer, text: string, at: number, length: number): void {
  if (length < 0) into.write(text, at, 'utf8');
  else if (length > 0) into.write(text, at, 'latin1');
}
