import type { ByteSource } from '../../content/source.js';
import type { Extent } from '../../flow/extent.js';

/*
 * Typed netstrings (NF-02): `<length>:<bytes><tag>`. The length stands in front, so a value can be stepped over
 * without being read.
 */

/** A number with a fraction, apart from whole ones; `text` is how it stood. */
export class Float {
  constructor(
    readonly value: number,
    readonly text: string = floatText(value),
  ) {}
}

/** Bytes that are left where they are. */
export class Far {
  constructor(readonly extent: Extent) {}
}

export type NetMap = Map<string, NetValue>;
export type NetValue = null | boolean | number | bigint | string | Uint8Array | Float | Far | NetValue[] | NetMap;

function floatText(value: number): string {
  const text = String(value);
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text;
}

/** What cannot be read, and where. */
export class Damage extends Error {
  constructor(
    readonly offset: number,
    what: string,
  ) {
    super(`${what} at byte ${offset}`);
  }
}

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
const TAGS = { bytes: 44, text: 59, int: 35, float: 94, bool: 33, nothing: 126, list: 93, map: 125 } as const;

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

/** What is written: bytes, and bytes of files. */
export type NetPart = Uint8Array | Extent;

/** Bytes of more than this are not copied together with what is around them. */
const APART = 16_384;

/** Writes a value from its end to its front: then its length is known when it is due. */
class NetWriter {
  private readonly parts: NetPart[] = [];
  private buffer = Buffer.allocUnsafe(4096);
  private free = 4096;
  private written = 0;

  put(value: NetValue): void {
    if (value === null) this.tagged(TAGS.nothing, () => {});
    else if (typeof value === 'boolean') this.tagged(TAGS.bool, () => this.ascii(String(value)));
    else if (typeof value === 'number' && !Number.isSafeInteger(value)) this.put(new Float(value));
    else if (typeof value === 'number' || typeof value === 'bigint')
      this.tagged(TAGS.int, () => this.ascii(String(value)));
    else if (typeof value === 'string') this.tagged(TAGS.text, () => this.bytes(Buffer.from(value)));
    else if (value instanceof Uint8Array) this.tagged(TAGS.bytes, () => this.bytes(value));
    else if (value instanceof Float) this.tagged(TAGS.float, () => this.ascii(value.text));
    else if (value instanceof Far) this.tagged(TAGS.bytes, () => this.apart(value.extent, value.extent.length));
    else if (Array.isArray(value)) this.tagged(TAGS.list, () => this.list(value));
    else this.tagged(TAGS.map, () => this.map(value));
  }

  finish(): NetPart[] {
    this.flush();
    return this.parts.reverse();
  }

  private tagged(tag: number, content: () => void): void {
    this.room(1);
    this.free -= 1;
    this.buffer[this.free] = tag;
    this.written += 1;
    const before = this.written;
    content();
    this.ascii(`${this.written - before}:`);
  }

  private list(values: readonly NetValue[]): void {
    for (let index = values.length - 1; index >= 0; index -= 1) this.put(values[index] ?? null);
  }

  private map(values: NetMap): void {
    for (const [key, value] of [...values].reverse()) {
      this.put(value);
      this.put(key);
    }
  }

  private ascii(text: string): void {
    this.room(text.length);
    this.free -= text.length;
    for (let at = 0; at < text.length; at += 1) this.buffer[this.free + at] = text.charCodeAt(at);
    this.written += text.length;
  }

  private bytes(bytes: Uint8Array): void {
    if (bytes.length > APART) return this.apart(bytes, bytes.length);
    this.room(bytes.length);
    this.free -= bytes.length;
    this.buffer.set(bytes, this.free);
    this.written += bytes.length;
  }

  private apart(part: NetPart, length: number): void {
    this.flush();
    this.parts.push(part);
    this.written += length;
  }

  private room(length: number): void {
    if (this.free >= length) return;
    this.flush();
    this.free = Math.max(length, 32_768);
    this.buffer = Buffer.allocUnsafe(this.free);
  }

  private flush(): void {
    if (this.free < this.buffer.length) this.parts.push(this.buffer.subarray(this.free));
    this.buffer = this.buffer.subarray(0, this.free);
  }
}

/** A value as it is written, in order. */
export function netParts(value: NetValue): NetPart[] {
  const writer = new NetWriter();
  writer.put(value);
  return writer.finish();
}

/** A value as bytes; it must hold none that are in files. */
export function netBytes(value: NetValue): Uint8Array {
  const parts = netParts(value).filter((part) => part instanceof Uint8Array);
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}
