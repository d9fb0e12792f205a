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
      if (this.failure !== null) out.push(piece);
      else {
        const given = this.give(piece);
        for (const one of given instanceof Promise ? await given : given) out.push(one);
      }
    }
    if (ends && this.failure === null) out.push(...(await this.last()));
    return out;
  }

  private give(piece: Uint8Array): Promise<Uint8Array[]> | Uint8Array[] {
    const failed = (error: unknown): Uint8Array[] => {
      this.failure = error ?? new Error('it threw nothing');
      return [piece];
    };
    try {
      const given = this.looking.look(piece);
      return given instanceof Promise ? given.catch(failed) : given;
    } catch (error) {
      return failed(error);
    }
  }

  private async last(): Promise<Uint8Array[]> {
    try {
      return await this.looking.end();
    } catch (error) {
      this.failure = error ?? new Error('it threw nothing');
      return [];
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
