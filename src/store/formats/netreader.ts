import type { ByteSource } from '../../content/source.js';
import { Damage, Far, Float, type NetMap, type NetValue, TAGS } from './tnetstring.js';

/**
 * What becomes of a map's values by their keys: `skip` leaves them out, `far` leaves lists and bytes where they are. `*`
 * stands for all keys that are not named.
 */
export type Plan = ReadonlyMap<string, 'skip' | 'far' | Plan>;

export interface NetReading {
  /** The file of the source: strings of more than `inline` bytes are left in it. */
  readonly file?: string;
  readonly inline?: number;
  /** How values of the outermost map are read that are not wanted whole. */
  readonly plan?: Plan;
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
const [UPPER_A, UPPER_Z, TO_LOWER] = [65, 90, 32];

/** Keys are few and come again and again: each is made once. */
class Names {
  private readonly known = new Map<number, string>();

  of(bytes: Buffer, start: number, end: number): string {
    if (end - start > LONGEST_NAME) return bytes.toString('utf8', start, end);
    let hash = end - start;
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    const name = this.known.get(hash);
    if (name !== undefined && isAt(bytes, start, end, name)) return name;
    const fresh = bytes.toString('utf8', start, end);
    if (name === undefined && this.known.size < MOST_NAMES) this.known.set(hash, fresh);
    return fresh;
  }
}

function isAt(bytes: Buffer, start: number, end: number, name: string): boolean {
  if (name.length !== end - start) return false;
  for (let at = start; at < end; at += 1) if (bytes[at] !== name.charCodeAt(at - start)) return false;
  return true;
}

const LONGEST_NAME = 32;
const MOST_NAMES = 1000;

/** Reads values of one source, which must not change meanwhile. */
export class NetReader {
  private chunk: Buffer = Buffer.alloc(0);
  private base = 0;
  /** What `head` found. */
  private start = 0;
  private end = 0;
  private readonly inline: number;
  private readonly file: string | undefined;
  private readonly plan: Plan | undefined;
  private readonly size: number;
  private readonly names = new Names();

  constructor(
    private readonly source: ByteSource,
    { file, inline = INLINE, plan, chunk = CHUNK }: NetReading = {},
  ) {
    this.inline = inline;
    this.file = file;
    this.plan = plan;
    this.size = chunk;
  }

  /** The value there. Throws a Damage. */
  read(at: number): NetRead {
    const value = this.value(at, this.source.size, 0, this.plan);
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

  private value(at: number, limit: number, depth: number, plan?: Plan): NetValue {
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
        return this.map(start, end, depth, plan);
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

  private map(start: number, end: number, depth: number, plan: Plan | undefined): NetMap {
    const values: NetMap = new Map();
    let at = start;
    while (at < end) {
      const key = this.key(at, end, depth + 1);
      at = this.end + 1;
      const how = plan?.get(key) ?? plan?.get('*');
      if (how === 'skip') this.head(at, end);
      else if (how === 'far') values.set(key, this.far(at, end));
      else values.set(key, this.value(at, end, depth + 1, how));
      at = this.end + 1;
    }
    this.end = end;
    return values;
  }

  private key(at: number, limit: number, depth: number): string {
    this.head(at, limit);
    const { start, end } = this;
    if (this.tag(end) !== TAGS.text) return keyText(this.value(at, limit, depth), at);
    this.cover(start, end - start);
    return this.names.of(this.chunk, start - this.base, end - this.base);
  }

  /** A list or bytes unread; anything else as it is. */
  private far(at: number, limit: number): NetValue {
    this.head(at, limit);
    const { start, end } = this;
    const tag = this.tag(end);
    if (tag !== TAGS.list && tag !== TAGS.bytes) return this.value(at, limit, DEEPEST);
    return new Far({ file: this.file ?? '', offset: start, length: end - start, growing: false });
  }

  /**
   * Of a list of pairs that was left where it is: for each name, which is in small letters, the second of the first pair
   * whose first is that name in any letters.
   */
  find({ extent }: Far, names: readonly string[]): (NetValue | undefined)[] {
    const found: (NetValue | undefined)[] = names.map(() => undefined);
    const end = extent.offset + extent.length;
    for (let at = extent.offset; at < end; ) {
      this.head(at, end);
      const [start, next] = [this.start, this.end];
      if (start < next) this.pair(start, next, names, found);
      at = next + 1;
    }
    return found;
  }

  private pair(at: number, limit: number, names: readonly string[], found: (NetValue | undefined)[]): void {
    this.head(at, limit);
    const { start, end } = this;
    const index = names.findIndex((name, one) => found[one] === undefined && this.says(name, start, end));
    if (index >= 0) found[index] = this.value(end + 1, limit, 1);
  }

  private says(name: string, start: number, end: number): boolean {
    if (end - start !== name.length) return false;
    this.cover(start, name.length);
    const from = start - this.base;
    for (let at = 0; at < name.length; at += 1) {
      const code = this.chunk[from + at] ?? 0;
      if ((code >= UPPER_A && code <= UPPER_Z ? code + TO_LOWER : code) !== name.charCodeAt(at)) return false;
    }
    return true;
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
