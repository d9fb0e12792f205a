import type { FlowId, Side } from '../flow/flow.js';
import { joined, type Pieces } from '../flow/pieces.js';
import type { Thrown } from '../script/image.js';
import type { Script } from './script.js';

interface LookoutListener {
  /** What became of `taken` bytes. */
  take(pieces: Pieces, taken: number, isLast: boolean): void;
  blame(thrown: Thrown): void;
  /** The body cannot go on behind what was taken, and this is why. */
  cut(why: string): void;
}

/** Sends a body through a script's function: one batch at a time is with its thread, the next one gathers meanwhile. */
export class Lookout {
  private pieces: Uint8Array[] = [];
  private size = 0;
  private chunkEnds: number[] | null = null;
  private isAsking = false;
  private isEnding = false;
  private isDone = false;

  constructor(
    private readonly script: Script,
    private readonly flow: FlowId,
    private readonly side: Side,
    /** The head says that there are no content codings: should the thread die, nothing can follow. */
    readonly isDecoded: boolean,
    private readonly listener: LookoutListener,
  ) {}

  push(bytes: Uint8Array, endsChunk: boolean | null): void {
    this.pieces.push(bytes);
    this.size += bytes.length;
    if (endsChunk !== null) this.chunkEnds ??= [];
    if (endsChunk) this.chunkEnds?.push(this.size);
    if (!this.isAsking) this.ask();
  }

  end(): void {
    this.isEnding = true;
    if (!this.isAsking) this.ask();
  }

  private get sequel(): string {
    return this.isDecoded ? 'the decoded body cannot go on' : 'the rest passed unchanged';
  }

  private ask(): void {
    if (this.isDone || (this.size === 0 && !this.isEnding)) return;
    const ends = this.isEnding;
    const { pieces, size: taken } = this;
    this.pieces = [];
    this.size = 0;
    const { bytes } = joined(pieces); // handed over; what it was made of stays, should the thread die
    const chunkEnds = this.chunkEnds;
    this.chunkEnds = chunkEnds && [];
    this.isAsking = true;
    this.isDone = ends;
    const { flow, side, isDecoded } = this;
    this.script.call({ type: 'look', flow, side, bytes, chunkEnds, ends, isDecoded }, ({ outcome, thrown, lost }) => {
      this.isAsking = false;
      if (thrown) this.listener.blame(thrown);
      if (lost !== null)
        this.listener.blame({ event: `${side}.stream`, message: `${lost}; ${this.sequel}`, place: null });
      const looked = outcome?.type === 'looked' ? outcome : null;
      const broken = looked ? looked.broken : isDecoded ? (lost ?? thrown?.message ?? 'its script is gone') : null;
      if (broken !== null) return this.break(looked, taken, broken);
      this.listener.take(looked ?? joined(pieces), taken, ends);
      this.ask();
    });
  }

  /** What came of it goes on first; it does not count as the end. */
  private break(pieces: Pieces | null, taken: number, why: string): void {
    this.isDone = true;
    if (pieces) this.listener.take(pieces, taken, false);
    setImmediate(() => this.listener.cut(`the ${this.side} cannot be decoded: ${why}`));
  }
}
