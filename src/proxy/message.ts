import { bodySign, isGrowing, missesSome } from '../flow/body.js';
import { now } from '../flow/clock.js';
import type { Fields } from '../flow/fields.js';
import type { Body, Carriage, Contents, Message } from '../flow/flow.js';
import type { BodySign } from '../flow/row.js';
import type { Recording } from './recording.js';
import type { Tail } from './tail.js';

/** Numbers kept of the arrivals of one event stream. */
const MOST_ARRIVALS = 200_000;

/** A request or response while it is being told: the mutable side of a `Message`. */
export class LiveMessage<Head> {
  size = 0;
  chunks: number | null = null;
  trailers: Fields = [];
  endedAt: number | null = null;
  malformed: string | null = null;
  /** The last bytes of an unrecorded body that somebody watches. */
  tail: Tail | null = null;
  /** When what was there of an event stream, offset and time in turn. */
  arrivals: number[] | null = null;
  /** There was a body, and nobody kept it: of a message from a file, whose size may be unknown. */
  isLost = false;
  /** Set when the body will never be whole. */
  cut: string | null = null;

  constructor(
    readonly head: Head,
    public carriage: Carriage,
    readonly expected: number | null,
    /** Null where the body is not recorded. */
    public recording: Recording | null,
    readonly startedAt: number,
  ) {}

  get isGrowing(): boolean {
    return isGrowing(this);
  }

  /** The body is there in full, and can be sent again or given to a script. */
  get isWhole(): boolean {
    if (this.isLost) return false;
    return this.size === 0 ? !this.isGrowing : this.recording !== null && !this.isGrowing && this.missesSome === null;
  }

  record(bytes: Uint8Array): void {
    this.size += bytes.length;
    this.recording?.add(bytes);
    this.tail?.add(bytes);
    if (this.arrivals && this.arrivals.length < MOST_ARRIVALS) this.arrivals.push(this.size, now());
  }

  end(at: number): void {
    this.endedAt = at;
    this.recording?.end();
  }

  cutOff(why: string): void {
    if (!this.isGrowing) return;
    this.cut = why;
    this.recording?.end();
  }

  /** Its bytes are not kept any longer; whether there were any. */
  lose(why: string): boolean {
    if (!this.recording || this.size === 0) return false;
    this.recording = null;
    this.isLost = true;
    this.cut = why;
    return true;
  }

  erase(): void {
    this.recording?.erase();
    this.recording = null;
  }

  /** Why what is recorded will never be whole, or null. */
  get missesSome(): string | null {
    return missesSome(this);
  }

  private get contents(): Contents {
    if (this.isLost) return { type: 'missing', why: this.cut };
    if (this.size === 0) return { type: 'empty' };
    if (!this.recording) return { type: 'missing', why: null };
    const why = this.missesSome;
    return why === null ? { type: 'kept' } : { type: 'partial', kept: this.recording.kept, why };
  }

  get sign(): BodySign {
    return bodySign(this);
  }

  picture(): Message<Head> {
    const { head, trailers, startedAt, endedAt, malformed } = this;
    return { head, body: this.body(), trailers, startedAt, endedAt, malformed };
  }

  private body(): Body {
    const { carriage, contents, size, expected, chunks } = this;
    return { carriage, contents, growing: this.isGrowing, size, expected, chunks };
  }
}
