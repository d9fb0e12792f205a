import { CodingError } from '../flow/codings.js';
import { shortSize } from '../flow/sizes.js';
import type { Decoding } from './decoding.js';
import { type Looking, lookingOf, type StreamFunction, type StreamGenerator } from './stream.js';

/** Largest piece of a chunk that a function gets at once. */
const LARGEST = 1024 * 1024;

/** Most that goes on in place of bytes that came together: a call is answered once, with all of it in memory. */
const MOST = 128 * 1024 * 1024;

/** Cuts what comes of a body into the pieces a stream function looks at: whole chunks, or `size` bytes at most. */
export class Looker {
  private readonly looking: Looking;
  private held: Buffer[] = [];
  private heldSize = 0;
  /** What the function threw; from there on everything passes unchanged. */
  failure: unknown = null;
  /** Its content codings could not be taken off: nothing more passes, and the body must not end as if it were whole. */
  isBroken = false;

  constructor(
    stream: StreamFunction | StreamGenerator,
    private readonly size: number,
    private readonly decoding: Decoding | null = null,
  ) {
    this.looking = lookingOf(stream);
  }

  get isDecoding(): boolean {
    return this.decoding !== null;
  }

  /** What goes on in place of these bytes, one chunk a piece. */
  async look(bytes: Uint8Array, chunkEnds: readonly number[] | null, ends: boolean): Promise<Uint8Array[]> {
    const out: Uint8Array[] = [];
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.decoding) await this.decode(this.decoding, whole, chunkEnds !== null, ends, out);
    else
      for (const piece of this.pieces(whole, chunkEnds, ends)) {
        const late = this.give(piece, out);
        if (late) await late;
      }
    if (ends && this.failure === null) await this.last(out);
    return out;
  }

  private async decode(
    decoding: Decoding,
    bytes: Buffer,
    isChunked: boolean,
    ends: boolean,
    out: Uint8Array[],
  ): Promise<void> {
    if (this.isBroken) return;
    let made = 0;
    let counted = 0;
    try {
      for await (const plain of decoding.push(bytes, ends)) {
        const size = isChunked ? plain.length : this.size;
        for (let at = 0; at < plain.length; at += size) await this.give(plain.subarray(at, at + size), out);
        for (; counted < out.length; counted += 1) made += out[counted]?.length ?? 0;
        if (made > MOST) throw new CodingError(`more than ${shortSize(MOST)} came at once of ${bytes.length} bytes`);
      }
    } catch (error) {
      this.failure = error;
      this.isBroken = true;
    }
  }

  private give(piece: Buffer, out: Uint8Array[]): Promise<void> | undefined {
    if (this.failure !== null) {
      out.push(piece);
      return undefined;
    }
    const failed = (error: unknown): void => {
      this.failure = error ?? new Error('it threw nothing');
      out.push(piece);
    };
    try {
      return this.looking.look(piece, out)?.catch(failed);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  private async last(out: Uint8Array[]): Promise<void> {
    try {
      await this.looking.end(out);
    } catch (error) {
      this.failure = error ?? new Error('it threw nothing');
    }
  }

  private *pieces(bytes: Buffer, chunkEnds: readonly number[] | null, ends: boolean): Generator<Buffer> {
    if (chunkEnds === null) {
      for (let at = 0; at < bytes.length; at += this.size) yield bytes.subarray(at, at + this.size);
      return;
    }
    let from = 0;
    for (const end of chunkEnds) {
      this.hold(bytes.subarray(from, end));
      yield this.take();
      from = end;
    }
    this.hold(bytes.subarray(from));
    if (this.heldSize >= LARGEST || (ends && this.heldSize > 0)) yield this.take();
  }

  private hold(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.held.push(bytes);
    this.heldSize += bytes.length;
  }

  private take(): Buffer {
    const [only] = this.held;
    const piece = this.held.length === 1 && only ? only : Buffer.concat(this.held);
    this.held = [];
    this.heldSize = 0;
    return piece;
  }
}
