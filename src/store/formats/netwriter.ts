import type { Extent } from '../../flow/extent.js';
import { Far, Float, type NetMap, type NetValue, TAGS } from './tnetstring.js';

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
