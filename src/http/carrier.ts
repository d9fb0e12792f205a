import type { Fields } from '../flow/fields.js';
import type { Carried, Side } from '../flow/flow.js';
import type { Pieces } from '../flow/pieces.js';
import type { Framing } from './framing.js';
import { CRLF, chunkedEnd, chunkLine, chunksOf } from './writer.js';

export type Piece = string | Uint8Array;

/** Where a body's bytes go: to the other side, and to the recording. */
export interface CarrierPort {
  send(piece: Piece): void;
  /** Sends what was recorded so far, then calls `recordingSent` on the carrier. */
  sendRecording(): void;
  record(bytes: Uint8Array): void;
  /** Bytes of a streamed body went by. */
  passed(bytes: Uint8Array): void;
  /** Gives bytes to a function; its pieces come by `looked`. `endsChunk` is null in a body without chunks. */
  look(bytes: Uint8Array, endsChunk: boolean | null): void;
  lookEnd(): void;
  /** From here on the body is streamed; what was recorded must be erased. */
  streamed(): void;
  /** A buffered body has outgrown the limit: its head must go out and the carrier be opened. */
  overflowed(): void;
}

/**
 * Carries one body from its reader to the other side, in one of the three ways. Chunk boundaries are preserved: a size
 * line goes on when it is read, the data as it comes. Until `open` is called what could go on is queued.
 */
/** Bytes a function may be behind before the sender is asked to pause. */
const LOOK_AHEAD = 1024 * 1024;

export class Carrier {
  size = 0;
  private isOpen = false;
  private queue: Piece[] = [];
  private chunkLeft = 0;
  private ending: string | null = null;
  private flushing = false;
  private recordingIsSent = false;
  /** What the first chunk of a body that outgrew its limit announces, and whether its data is all there. */
  private flushLength = 0;
  private flushEndsChunk = false;
  /** Bytes a function has not given back yet. */
  private looking = 0;
  private isLookedThrough = false;

  constructor(
    readonly side: Side,
    private how: Carried,
    /** The framing towards the receiver. */
    private readonly framing: Framing,
    /** Bytes above which the body is streamed, or null. */
    private readonly limit: number | null,
    private readonly port: CarrierPort,
    /** A function of a script looks at what passes; says whether what comes has chunks. */
    private readonly look: { readonly isChunked: boolean } | null = null,
  ) {}

  get isChunked(): boolean {
    return this.framing.type === 'chunked';
  }

  /** Bytes wait here for the other side; the sender should pause. */
  get isStalled(): boolean {
    return this.queue.length > 0 || this.flushing || this.looking > LOOK_AHEAD;
  }

  /** The whole body has come and gone on. */
  get isSent(): boolean {
    if (this.ending === null) return false;
    if (this.how === 'buffered') return this.recordingIsSent;
    return !this.isLooking && !this.isStalled;
  }

  /** A function has not given its last piece yet. */
  get isLooking(): boolean {
    return this.look !== null && !this.isLookedThrough;
  }

  /** The last byte has come: what a function holds back is due. */
  complete(): void {
    if (this.look) this.port.lookEnd();
  }

  chunk(size: number): void {
    this.chunkLeft = size;
    if (this.how !== 'buffered' && this.isChunked && !this.look) this.forward(chunkLine(size));
  }

  data(bytes: Uint8Array): void {
    this.size += bytes.length;
    const isOver = this.limit !== null && this.size > this.limit;
    this.chunkLeft -= bytes.length;
    switch (this.how) {
      case 'passed':
        if (isOver) {
          this.how = 'streamed';
          this.port.streamed();
          this.port.passed(bytes);
        } else this.port.record(bytes);
        this.forwardData(bytes);
        return;
      case 'streamed':
        if (this.look) this.give(bytes, this.look.isChunked);
        else {
          this.port.passed(bytes);
          this.forwardData(bytes);
        }
        return;
      case 'buffered':
        this.port.record(bytes);
        if (!isOver) return;
        this.how = 'streamed';
        this.flushing = true;
        this.flushLength = this.size + this.chunkLeft;
        this.flushEndsChunk = this.chunkLeft === 0;
        this.port.overflowed();
        return;
    }
  }

  /** The body is complete as far as its reader is concerned. */
  end(trailers: Fields): void {
    this.ending = this.isChunked ? chunkedEnd(trailers) : '';
    if (this.how !== 'buffered' && this.ending !== '') this.forward(this.ending);
  }

  /** What a function made of `taken` bytes: each piece is one chunk. */
  looked({ bytes, sizes }: Pieces, taken: number, isLast: boolean): void {
    this.looking -= taken;
    if (isLast) this.isLookedThrough = true;
    if (bytes.length === 0) return;
    this.port.passed(bytes);
    this.forward(this.isChunked ? chunksOf(bytes, sizes) : bytes);
  }

  private give(bytes: Uint8Array, isChunked: boolean): void {
    this.looking += bytes.length;
    this.port.look(bytes, isChunked ? this.chunkLeft === 0 : null);
  }

  /** The other side is ready: the head has been sent. */
  open(): void {
    this.isOpen = true;
    if (this.how === 'buffered' || this.flushing) this.openRecording();
    else this.drain();
  }

  recordingSent(): void {
    if (this.how === 'buffered') {
      this.recordingIsSent = true;
      if (this.isChunked && this.size > 0) this.port.send(CRLF);
      if (this.ending) this.port.send(this.ending);
      return;
    }
    this.flushing = false;
    this.port.streamed();
    if (this.isChunked && this.flushEndsChunk) this.port.send(CRLF);
    this.drain();
  }

  private openRecording(): void {
    const length = this.how === 'buffered' ? this.size : this.flushLength;
    if (this.isChunked && length > 0) this.port.send(chunkLine(length));
    this.port.sendRecording();
  }

  private forwardData(bytes: Uint8Array): void {
    this.forward(bytes);
    if (this.isChunked && this.chunkLeft === 0) this.forward(CRLF);
  }

  private forward(piece: Piece): void {
    if (this.isOpen && !this.flushing) this.port.send(piece);
    else this.queue.push(piece);
  }

  private drain(): void {
    const waiting = this.queue;
    this.queue = [];
    for (const piece of waiting) this.port.send(piece);
  }
}
