import type { ByteSource } from '../../content/source.js';
import { Damage, Far, Float, type NetMap, type NetValue, TAGS } from './tnetstring.js';

export interface NetReading {
  /** The file of the source: strings of more than `inline` bytes are left in it. */
  readonly file?: string;
  readonly inline?: number;
  /** Keys of the outermost map whose values are stepped over. */
  readonly skips?: ReadonlySet<string>;
  /** Bytes that are read at once. */
  readonly chunk?: number;
}

export interface NetRead {
  readonly value: NetValue;
  /** Where the next value begins. */
  readonly end: number;
}

const MOST_DIGITS = 12;
const DEEPEST = 64;
const CHUNK = 262_144;
const INLINE = 65_536;
const COLON = 58;
const NINE = 57;
const ZERO = 48;
const TRUE = 't'.charCodeAt(0);

/** Reads values of one source, which must not change meanwhile. */
export class NetReader {
  private chunk: Buffer = Buffer.alloc(0);
  private base = 0;
  /** What `head` found. */
  private start = 0;
  private end = 0;
  private readonly inline: number;
  private readonly file: string | undefined;
  private readonly skips: ReadonlySet<string> | undefined;
  private readonly size: number;

  constructor(
    private readonly source: ByteSource,
    { file, inline = INLINE, skips, chunk = CHUNK }: NetReading = {},
  ) {
    this.inline = inline;
    this.file = file;
    this.skips = skips;
    this.size = chunk;
  }

  /** The value there. Throws a Damage. */
  read(at: number): NetRead {
    const value = this.value(at, this.source.size, 0);
    return { value, end: this.end + 1 };
  }

  /** Where the value there ends, without a look at it. Throws a Damage. */
  step(at: number): number {
    this.head(at, this.source.size);
    return this.end + 1;
  }

  private cover(at: number, length: number): void {
    if (at >= this.base && at + length <= this.base + this.chunk.length) return;
    const bytes = this.source.read(at, Math.max(length, this.size));
    this.chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.base = at;
  }

  /** One byte, for which the chunk is not left. */
  private tag(at: number): number | undefined {
    const inside = at - this.base;
    if (inside >= 0 && inside < this.chunk.length) return this.chunk[inside];
    return this.source.read(at, 1)[0];
  }

  private head(at: number, limit: number): void {
    this.cover(at, Math.min(MOST_DIGITS + 1, limit - at));
    let length = 0;
    let next = at - this.base;
    const first = next;
    for (; ; next += 1) {
      const code = this.chunk[next];
      if (code === undefined) throw new Damage(at, 'the file ends in the middle of a length');
      if (code === COLON && next > first) break;
      if (code < ZERO || code > NINE) throw new Damage(at, 'there should be a length');
      if (next - first >= MOST_DIGITS) throw new Damage(at, `a length has more than ${MOST_DIGITS} digits`);
      length = length * 10 + code - ZERO;
    }
    this.start = this.base + next + 1;
    this.end = this.start + length;
    if (this.end >= limit) throw new Damage(at, 'a value runs past the end of what it stands in');
  }

  private value(at: number, limit: number, depth: number): NetValue {
    if (depth > DEEPEST) throw new Damage(at, `values are nested more than ${DEEPEST} deep`);
    this.head(at, limit);
    const { start, end } = this;
    const tag = this.tag(end);
    switch (tag) {
      case TAGS.bytes:
        return this.bytes(start, end);
      case TAGS.text:
        return this.text(start, end, 'utf8');
      case TAGS.int:
        return whole(this.text(start, end, 'latin1'), start);
      case TAGS.float:
        return float(this.text(start, end, 'latin1'), start);
      case TAGS.bool:
        return this.tag(start) === TRUE;
      case TAGS.nothing:
        return null;
      case TAGS.list:
        return this.list(start, end, depth);
      case TAGS.map:
        return this.map(start, end, depth);
      default:
        throw new Damage(end, 'a value has no type');
    }
  }

  private bytes(start: number, end: number): Uint8Array | Far {
    const length = end - start;
    if (this.file !== undefined && length > this.inline)
      return new Far({ file: this.file, offset: start, length, growing: false });
    this.cover(start, length);
    return this.chunk.subarray(start - this.base, end - this.base);
  }

  private text(start: number, end: number, encoding: 'utf8' | 'latin1'): string {
    this.cover(start, end - start);
    return this.chunk.toString(encoding, start - this.base, end - this.base);
  }

  private list(start: number, end: number, depth: number): NetValue[] {
    const values: NetValue[] = [];
    for (let at = start; at < end; at = this.end + 1) values.push(this.value(at, end, depth + 1));
    this.end = end;
    return values;
  }

  private map(start: number, end: number, depth: number): NetMap {
    const values: NetMap = new Map();
    let at = start;
    while (at < end) {
      const key = keyText(this.value(at, end, depth + 1), at);
      at = this.end + 1;
      if (depth === 0 && this.skips?.has(key)) this.head(at, end);
      else values.set(key, this.value(at, end, depth + 1));
      at = this.end + 1;
    }
    this.end = end;
    return values;
  }
}

/** Python 2 wrote keys as bytes. */
function keyText(key: NetValue, at: number): string {
  if (typeof key === 'string') return key;
  if (key instanceof Uint8Array) return Buffer.from(key).toString();
  throw new Damage(at, 'the key of a map is neither text nor bytes');
}

function whole(text: string, at: number): number | bigint {
  if (!/^[+-]?\d{1,40}$/.test(text)) throw new Damage(at, 'a whole number is none');
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function float(text: string, at: number): Float {
  const value = Number(text === 'inf' ? 'Infinity' : text === '-inf' ? '-Infinity' : text);
  if (Number.isNaN(value) && text !== 'nan') throw new Damage(at, 'a number is none');
  return new Float(value, text);
}
