import { type FlowRow, ROW, ROW_NUMBERS, rowFrom } from './row.js';
import { BLOCK_ROWS, RowBlock, type SharedBlock } from './rowblock.js';

/*
 * slot    where a row is kept; rows have them in the order in which they came
 * name    a host, a method and the like, of which rows have the number
 */

/** What another thread needs to read the rows, as far as it was not told before. */
export interface SharedRows {
  /** Another one once rows have moved to other slots: then nothing that was told before holds any more. */
  readonly epoch: number;
  /** Slots from there on have not been used yet. */
  readonly count: number;
  readonly blocks: readonly SharedBlock[];
  /** Names from `firstName` on. */
  readonly names: readonly string[];
  readonly firstName: number;
}

/** A row that is not removed. */
const THERE = 1 << 16;

const SHIFT = Math.log2(BLOCK_ROWS);

/** Rows by their slots, which one thread writes and another can read. */
export class RowTable {
  epoch = 0;
  count = 0;
  private blocks: RowBlock[] = [];
  /** Rooms for texts that were told, by block. */
  private told: SharedArrayBuffer[] = [];
  private toldNames = 0;
  private readonly numbers = new Float64Array(ROW_NUMBERS);

  constructor(readonly names: string[]) {}

  put(slot: number, numbers: Float64Array, path: string, error: string): void {
    this.numbers.set(numbers);
    this.numbers[ROW.flags] = (numbers[ROW.flags] ?? 0) | THERE;
    const block = this.blocks[slot >>> SHIFT] ?? new RowBlock();
    this.blocks[slot >>> SHIFT] = block;
    block.put(slot % BLOCK_ROWS, this.numbers, path, error);
    this.count = Math.max(this.count, slot + 1);
  }

  /** It can still be read, for as long as a list shows it. */
  remove(slot: number): void {
    const block = this.blocks[slot >>> SHIFT];
    if (block) block.whole[ROW.flags * BLOCK_ROWS + (slot % BLOCK_ROWS)] = this.whole(ROW.flags, slot) & ~THERE;
  }

  /** Rows are about to get other slots. What is in them now stays readable by what is returned. */
  move(): RowTable {
    const before = new RowTable(this.names);
    before.blocks = this.blocks;
    before.count = this.count;
    this.blocks = [];
    this.told = [];
    this.toldNames = 0;
    this.count = 0;
    this.epoch += 1;
    return before;
  }

  isThere(slot: number): boolean {
    return (this.whole(ROW.flags, slot) & THERE) !== 0;
  }

  /** A whole number of a row, by its place in `ROW`. */
  whole(place: number, slot: number): number {
    return this.blocks[slot >>> SHIFT]?.whole[place * BLOCK_ROWS + (slot % BLOCK_ROWS)] ?? 0;
  }

  /** A number of a row that may have a fraction. */
  fraction(place: number, slot: number): number {
    return this.blocks[slot >>> SHIFT]?.fractions[(place - ROW.at) * BLOCK_ROWS + (slot % BLOCK_ROWS)] ?? 0;
  }

  name(place: number, slot: number): string {
    return this.names[this.whole(place, slot)] ?? '';
  }

  path(slot: number): string {
    return this.blocks[slot >>> SHIFT]?.path(slot % BLOCK_ROWS) ?? '';
  }

  /** A number that is another one, but for chance, where the path is another one. */
  pathMark(slot: number): number {
    return this.blocks[slot >>> SHIFT]?.pathMark(slot % BLOCK_ROWS) ?? 0;
  }

  comparePaths(a: number, b: number): number {
    const [first, second] = [this.blocks[a >>> SHIFT], this.blocks[b >>> SHIFT]];
    return first && second ? first.comparePaths(a % BLOCK_ROWS, second, b % BLOCK_ROWS) : 0;
  }

  row(slot: number): FlowRow {
    const block = this.blocks[slot >>> SHIFT];
    block?.read(slot % BLOCK_ROWS, this.numbers);
    return rowFrom(this.numbers, this.path(slot), block?.error(slot % BLOCK_ROWS) ?? '', this.names);
  }

  /** Copies a row of another table with the same names. */
  copy(slot: number, from: RowTable, old: number): void {
    const block = from.blocks[old >>> SHIFT];
    if (!block) return;
    const numbers = new Float64Array(ROW_NUMBERS);
    block.read(old % BLOCK_ROWS, numbers);
    this.put(slot, numbers, block.path(old % BLOCK_ROWS), block.error(old % BLOCK_ROWS));
  }

  /** What a reader has not been told yet. */
  share(): SharedRows {
    const blocks: SharedBlock[] = [];
    for (const [index, { numbers, texts }] of this.blocks.entries()) {
      if (this.told[index] === texts) continue;
      this.told[index] = texts;
      blocks.push({ index, numbers, texts });
    }
    const firstName = this.toldNames;
    this.toldNames = this.names.length;
    return { epoch: this.epoch, count: this.count, blocks, names: this.names.slice(firstName), firstName };
  }

  /** Reads what another thread shares from now on. */
  learn({ epoch, count, blocks, names, firstName }: SharedRows): void {
    if (epoch !== this.epoch) this.blocks = [];
    this.epoch = epoch;
    this.count = count;
    for (const { index, numbers, texts } of blocks) this.blocks[index] = new RowBlock(numbers, texts);
    this.names.length = firstName;
    for (const name of names) this.names.push(name);
  }
}
