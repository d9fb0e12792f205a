import { type Looking, lookingOf, type StreamFunction, type StreamGenerator } from './stream.js';

/** Largest piece of a chunk that a function gets at once. */
const LARGEST = 1024 * 1024;

/** Cuts what comes of a body into the pieces a stream function looks at: whole chunks, or `size` bytes at most. */
export class Looker {
  private readonly looking: Looking;
  private held: Buffer[] = [];
  private heldSize = 0;
  /** What the function threw; from there on everything passes unchanged. */
  failure: unknown = null;

  constructor(
    stream: StreamFunction | StreamGenerator,
    private readonly size: number,
  ) {
    this.looking = lookingOf(stream);
  }

  /** What goes on in place of these bytes, one chunk a piece. */
  async look(bytes: Uint8Array, chunkEnds: readonly number[] | null, ends: boolean): Promise<Uint8Array[]> {
    const out: Uint8Array[] = [];
    for (const piece of this.pieces(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), chunkEnds, ends)) {
      const late = this.give(piece, out);
      if (late) await late;
    }
    if (ends && this.failure === null) await this.last(out);
    return out;
  }

  private give(piece: Uint8Array, out: Uint8Array[]): Promise<void> | undefined {
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

  private *pieces(bytes: Buffer, chunkEnds: readonly number[] | null, ends: boolean): Generator<Uint8Array> {
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
