import type { ByteSource } from '../content/source.js';
import type { Rendering } from '../content/views.js';
import { type Line, line, type Span, type Style, span } from './lines.js';
import { glyphOf } from './text.js';

/*
 * A body as rows of a given width, at any offset, without reading more than a window. Rows begin at line breaks. A
 * line that has not ended a whole block after it began is cut at the next multiple of 64 KiB, so that there is always a
 * place nearby where rows can be counted from.
 */

const BLOCK = 65_536;
/** Bytes read at a time while lines are short. */
const WINDOW = 16_384;
const HEX_ROW = 16;
const TAB = 4;
/** Smallest code point that needs that many bytes. */
const LEAST = [0, 0, 0x80, 0x800, 0x10000];

interface Row {
  /** Where the row begins. */
  readonly at: number;
  readonly line: Line;
}

interface Character {
  readonly size: number;
  readonly text: string;
  readonly width: number;
}

/** One character of UTF-8, or one bad byte as \xNN (CVV-01). */
function characterAt(bytes: Uint8Array, at: number): Character {
  const first = bytes[at] ?? 0;
  if (first === 9) return { size: 1, text: ' '.repeat(TAB), width: TAB };
  const size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  const code = size === 1 ? first : size === 0 ? -1 : multibyte(bytes, at, size);
  if (code < 0) return { size: 1, text: `\\x${first.toString(16).padStart(2, '0')}`, width: 4 };
  const glyph = glyphOf(code);
  return { size, text: glyph?.text ?? '', width: glyph?.width ?? 0 };
}

function multibyte(bytes: Uint8Array, at: number, size: number): number {
  let code = (bytes[at] ?? 0) & (0xff >> (size + 1));
  for (let next = 1; next < size; next += 1) {
    const byte = bytes[at + next] ?? 0;
    if ((byte & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (byte & 0x3f);
  }
  return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || code < (LEAST[size] ?? 0) ? -1 : code;
}

export class BodyText {
  constructor(
    private readonly source: ByteSource,
    readonly rendering: Pick<Rendering, 'view' | 'shape' | 'isJson' | 'note'>,
    /** "gzip", when codings were taken off; what else the bar says. */
    readonly remark: string,
  ) {}

  get size(): number {
    return this.source.size;
  }

  /** `count` rows from a row's beginning; the one that holds the byte `marked` stands out. */
  rows(at: number, count: number, width: number, marked: number | null = null): Line[] {
    const lines: Line[] = [];
    const markedRow = marked === null ? -1 : this.rowAt(marked, width);
    for (const row of this.walk(at, width)) {
      if (lines.length >= count) break;
      lines.push(row.at === markedRow ? { ...row.line, tone: 'focus' } : row.line);
    }
    return lines;
  }

  /** Where the row `count` rows further down begins; the last row at most. */
  next(at: number, count: number, width: number): number {
    let last = at;
    let left = count;
    for (const row of this.walk(at, width)) {
      last = row.at;
      if (left === 0) break;
      left -= 1;
    }
    return last;
  }

  /** Where the row `count` rows further up begins. */
  previous(at: number, count: number, width: number): number {
    let place = at;
    let left = count;
    while (left > 0 && place > 0) {
      const anchor = this.lineBefore(place);
      const starts: number[] = [];
      for (const row of this.walk(anchor, width)) {
        if (row.at >= place) break;
        starts.push(row.at);
      }
      if (starts.length === 0) return anchor;
      const wanted = starts[Math.max(0, starts.length - left)] ?? anchor;
      left -= Math.min(left, starts.length);
      place = wanted;
    }
    return place;
  }

  /** The top of the last page. */
  end(rows: number, width: number): number {
    if (this.size === 0) return 0;
    const last = this.rowAt(this.size - 1, width);
    return this.previous(last, Math.max(0, rows - 1), width);
  }

  /** The beginning of the row that holds a byte. */
  rowAt(at: number, width: number): number {
    const place = Math.max(0, Math.min(at, this.size));
    if (this.rendering.shape === 'hex') return Math.floor(place / HEX_ROW) * HEX_ROW;
    let found = this.anchorBefore(place + 1);
    for (const row of this.walk(found, width)) {
      if (row.at > place) break;
      found = row.at;
    }
    return found;
  }

  /** The nearest place before `at` where a line, or a piece of a long one, surely begins. */
  private anchorBefore(at: number): number {
    if (this.rendering.shape === 'hex') return Math.max(0, Math.floor((at - 1) / HEX_ROW) * HEX_ROW);
    const block = Math.floor((at - 1) / BLOCK) * BLOCK;
    const from = Math.max(0, block - BLOCK);
    const near = Math.max(from, at - 1 - WINDOW);
    const feed = this.lastFeed(near, at - 1) ?? this.lastFeed(from, near);
    if (feed !== null) return feed + 1;
    if (block === 0) return 0;
    const piece = this.characterStart(block);
    return piece < at ? piece : this.anchorBefore(block);
  }

  private lastFeed(from: number, to: number): number | null {
    const window = this.source.read(from, Math.max(0, to - from));
    const found = window.lastIndexOf(10);
    return found < 0 ? null : from + found;
  }

  /** A line's beginning some way before `at`, so that the rows between can be counted in one go. */
  private lineBefore(at: number): number {
    const from = Math.max(0, at - WINDOW);
    if (from === 0 || this.rendering.shape === 'hex') return this.anchorBefore(at);
    const feed = this.source.read(from, at - 1 - from).indexOf(10);
    return feed < 0 ? this.anchorBefore(at) : from + feed + 1;
  }

  /** The first place from there on that is not within a character of UTF-8. */
  private characterStart(at: number): number {
    const bytes = this.source.read(at, 4);
    let on = 0;
    while (on < 3 && ((bytes[on] ?? 0) & 0xc0) === 0x80) on += 1;
    return at + on;
  }

  private isLineStart(at: number): boolean {
    return at === 0 || this.source.read(at - 1, 1)[0] === 10;
  }

  /** Where the line, or the piece of a long one, that begins there is cut at the latest. */
  private cutAfter(start: number): number {
    const isLine = this.isLineStart(start);
    const blocks = start / BLOCK;
    return this.characterStart(((isLine ? Math.ceil(blocks) : Math.floor(blocks)) + 1) * BLOCK);
  }

  private *walk(from: number, width: number): Generator<Row> {
    if (this.rendering.shape === 'hex') yield* this.hexRows(from);
    else yield* this.textRows(from, Math.max(1, width));
  }

  private *textRows(from: number, width: number): Generator<Row> {
    let at = from;
    let start = this.isLineStart(from) ? from : this.anchorBefore(from + 1);
    let base = from;
    let bytes = this.source.read(from, WINDOW);
    while (at < this.size) {
      const cut = this.cutAfter(start);
      let feed = bytes.indexOf(10, at - base);
      if (feed < 0 && base + bytes.length < Math.min(this.size, cut)) {
        base = at;
        bytes = this.source.read(at, 2 * BLOCK + WINDOW);
        if (bytes.length === 0) return;
        feed = bytes.indexOf(10);
      }
      const isWhole = feed >= 0 && base + feed <= cut;
      const end = isWhole ? base + feed : Math.min(this.size, cut, base + bytes.length);
      yield* this.wrap(bytes.subarray(at - base), end - at, at, width);
      at = isWhole ? end + 1 : Math.max(at + 1, end);
      start = at;
    }
  }

  /** Cuts one line, or the piece of a long one, into rows. */
  private *wrap(bytes: Uint8Array, end: number, base: number, width: number): Generator<Row> {
    const stop = end > 0 && bytes[end - 1] === 13 ? end - 1 : end;
    let start = 0;
    let text = '';
    let used = 0;
    let at = 0;
    while (at < stop) {
      const character = characterAt(bytes, at);
      if (used + character.width > width && used > 0) {
        yield { at: base + start, line: this.colored(text) };
        start = at;
        text = '';
        used = 0;
      }
      text += character.text;
      used += character.width;
      at += character.size;
    }
    yield { at: base + start, line: this.colored(text) };
  }

  private *hexRows(from: number): Generator<Row> {
    for (let at = from; at < this.size; at += HEX_ROW) {
      const bytes = this.source.read(at, HEX_ROW);
      if (bytes.length === 0) return;
      yield { at, line: hexLine(at, bytes) };
    }
  }

  private colored(text: string): Line {
    return this.rendering.isJson ? line(...jsonSpans(text)) : line(span(text));
  }
}

function hexLine(at: number, bytes: Uint8Array): Line {
  const groups: string[] = [];
  for (let start = 0; start < HEX_ROW; start += 4) {
    const group = Array.from(bytes.subarray(start, start + 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    groups.push(group.padEnd(11));
  }
  const letters = Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
  return line(
    span(at.toString(16).padStart(10, '0'), 'dim'),
    span(`  ${groups.join('  ')}  `),
    span(letters, 'string'),
  );
}

const JSON_TOKEN = /("(?:[^"\\]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)|[^"\d\-tfn]+|./gu;

/** Colours for a row of indented JSON; a row cut out of a long string simply stays plain. */
function jsonSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (const [whole, quoted, colon, number, literal] of text.matchAll(JSON_TOKEN)) {
    const style: Style = quoted ? (colon ? 'name' : 'string') : number ? 'number' : literal ? 'literal' : 'plain';
    if (quoted && colon) spans.push(span(quoted, style), span(colon));
    else spans.push(span(whole, style));
  }
  return spans;
}
