import type { ByteSource } from '../../../content/source.js';
import { Damage } from '../tnetstring.js';

/*
 * Finds the entries of a HAR by their brackets alone, so that a large file is never built as a whole: each entry is read
 * by itself.
 */

export interface EntryPlace {
  readonly offset: number;
  readonly length: number;
}

const CHUNK = 1_048_576;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN, CLOSE] = [0x7b, 0x7d];
const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d];
const [COMMA, COLON] = [0x2c, 0x3a];
const BLANKS = [0x20, 0x09, 0x0a, 0x0d];
const DEEPEST = 1000;

/** How deep the log, its members, and the entries stand. */
const IN_FILE = 1;
const IN_LOG = 2;
const IN_ENTRIES = 3;

class Scanner {
  private chunk: Buffer = Buffer.alloc(0);
  private base = 0;
  private at = 0;

  constructor(private readonly source: ByteSource) {}

  /** The offset of the next byte. */
  get offset(): number {
    return this.base + this.at;
  }

  /** The next byte, or -1 at the end. */
  next(): number {
    if (this.at >= this.chunk.length && !this.more()) return -1;
    const code = this.chunk[this.at] ?? -1;
    this.at += 1;
    return code;
  }

  /** Steps over a string whose quote was read. False where the file ends in it. */
  string(): boolean {
    for (;;) {
      const end = this.chunk.indexOf(QUOTE, this.at);
      const from = this.at;
      this.at = end < 0 ? this.chunk.length : end + 1;
      if (end < 0) {
        const escapes = trailing(this.chunk, this.chunk.length, from);
        if (!this.more()) return false;
        if (escapes % 2 === 1) this.next();
      } else if (trailing(this.chunk, end, from) % 2 === 0) return true;
    }
  }

  private more(): boolean {
    this.base += this.chunk.length;
    const bytes = this.source.read(this.base, CHUNK);
    this.chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    return this.chunk.length > 0;
  }
}

/** How many backslashes stand before `end`, not going back before `from`. */
function trailing(bytes: Uint8Array, end: number, from: number): number {
  let at = end;
  while (at > from && bytes[at - 1] === BACKSLASH) at -= 1;
  return end - at;
}

/** Where in a HAR the scanner is. */
class Position {
  depth = 0;
  /** Whether there was a list of entries. */
  found = false;
  private inEntries = false;
  private expectsKey = false;
  private readonly keys = ['', '', ''];

  /** Whether a string that comes next is a name on the way to the entries. */
  get wantsKey(): boolean {
    return this.expectsKey && this.depth <= IN_LOG;
  }

  get atEntry(): boolean {
    return this.inEntries && this.depth === IN_ENTRIES;
  }

  string(key: string): void {
    if (this.wantsKey) this.keys[this.depth] = key;
    this.expectsKey = false;
  }

  open(code: number): void {
    const isEntries = this.depth === IN_LOG && this.keys[IN_FILE] === 'log' && this.keys[IN_LOG] === 'entries';
    if (isEntries && code === OPEN_LIST) {
      this.inEntries = true;
      this.found = true;
    }
    this.depth += 1;
    this.expectsKey = code === OPEN;
  }

  close(): void {
    this.depth -= 1;
    this.expectsKey = false;
    if (this.depth === IN_LOG) this.inEntries = false;
  }

  between(code: number): void {
    this.expectsKey = code === COMMA;
  }
}

const LONGEST_KEY = 100;

/** Where the entries stand, in order. Throws a Damage where the file is no HAR, or ends too early. */
export function* entriesIn(source: ByteSource, start: number): Generator<EntryPlace> {
  const scanner = new Scanner({ size: source.size - start, read: (at, length) => source.read(start + at, length) });
  const position = new Position();
  const damage = (what: string): Damage => new Damage(start + scanner.offset, what);
  let begun = 0;
  for (let code = scanner.next(); code >= 0; code = scanner.next()) {
    if (position.depth === 0 && code !== OPEN && !BLANKS.includes(code))
      throw damage('this is no HAR: it does not begin with a brace');
    if (code === QUOTE) {
      const from = scanner.offset;
      if (!scanner.string()) break;
      const length = scanner.offset - from - 1;
      const isKey = position.wantsKey && length < LONGEST_KEY;
      position.string(isKey ? Buffer.from(source.read(start + from, length)).toString() : '');
    } else if (code === OPEN || code === OPEN_LIST) {
      if (position.atEntry) begun = scanner.offset - 1;
      position.open(code);
      if (position.depth > DEEPEST) throw damage(`values are nested more than ${DEEPEST} deep`);
    } else if (code === CLOSE || code === CLOSE_LIST) {
      position.close();
      if (position.atEntry) yield { offset: start + begun, length: scanner.offset - begun };
      if (position.depth === 0) break;
    } else if (code === COMMA || code === COLON) position.between(code);
  }
  if (position.depth > 0)
    throw damage(position.found ? 'the file ends in the middle of its entries' : 'the file ends before its entries');
  if (scanner.offset === 0) throw damage('this is no HAR: it is empty,');
  if (!position.found) throw damage('this is no HAR: there is no log with entries in it,');
}
