import type { FlowId, Side } from '../flow/flow.js';
import { joined, type Pieces } from '../flow/pieces.js';
import type { Thrown } from '../script/image.js';
import type { Script } from './script.js';

interface LookoutListener {
  /** What became of `taken` bytes. */
  take(pieces: Pieces, taken: number, isLast: boolean): void;
  blame(thrown: Thrown): void;
  /** The body cannot go on. */
  cut(): void;
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
    private readonly isDecoded: boolean,
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
      if (isDecoded && outcome === null) return this.listener.cut();
      this.listener.take(outcome?.type === 'looked' ? outcome : joined(pieces), taken, ends);
      this.ask();
    });
  }
}
