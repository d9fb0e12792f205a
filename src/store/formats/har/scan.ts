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

/** Where the entries stand, in order. Throws a Damage where the file is no HAR, or ends too early. */
export function* entriesIn(source: ByteSource, start: number): Generator<EntryPlace> {
  const scanner = new Scanner({ size: source.size - start, read: (at, length) => source.read(start + at, length) });
  const keys = ['', '', ''];
  let depth = 0;
  let begun = 0;
  let expectsKey = false;
  let inEntries = false;
  let found = false;
  const damage = (what: string): Damage => new Damage(start + scanner.offset, what);
  for (;;) {
    const code = scanner.next();
    if (code < 0) break;
    if (code === QUOTE) {
      const from = scanner.offset;
      if (!scanner.string()) break;
      const length = scanner.offset - from - 1;
      if (expectsKey && depth <= IN_LOG && length < 100)
        keys[depth] = Buffer.from(source.read(start + from, length)).toString();
      expectsKey = false;
    } else if (code === OPEN || code === OPEN_LIST) {
      if (depth === IN_ENTRIES && inEntries) begun = scanner.offset - 1;
      if (depth === IN_LOG && code === OPEN_LIST && keys[IN_FILE] === 'log' && keys[IN_LOG] === 'entries') {
        inEntries = true;
        found = true;
      }
      if (depth === 0 && code !== OPEN) throw damage('this is no HAR: it does not begin with a brace');
      depth += 1;
      expectsKey = code === OPEN;
      if (depth > DEEPEST) throw damage(`values are nested more than ${DEEPEST} deep`);
    } else if (code === CLOSE || code === CLOSE_LIST) {
      depth -= 1;
      expectsKey = false;
      if (depth === IN_ENTRIES && inEntries) yield { offset: start + begun, length: scanner.offset - begun };
      if (depth === IN_LOG) inEntries = false;
      if (depth === 0) {
        if (!found) throw damage('this is no HAR: there is no log with entries in it,');
        return;
      }
    } else if (code === COMMA) expectsKey = true;
    else if (code === COLON) expectsKey = false;
    else if (depth === 0 && !BLANKS.includes(code)) throw damage('this is no HAR: it does not begin with a brace');
  }
  if (depth > 0)
    throw damage(found ? 'the file ends in the middle of its entries' : 'the file ends before its entries');
  throw damage('this is no HAR: it is empty,');
}
