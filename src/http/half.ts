import type { Fields } from '../flow/fields.js';
import type { ErrorKind, Side } from '../flow/flow.js';
import type { Pieces } from '../flow/pieces.js';
import { Carrier } from './carrier.js';
import { trailerFields } from './forward.js';
import { announcedLength, type Framing, NO_BODY } from './framing.js';
import { Gate } from './gate.js';
import { type BodyWish, type HookEvent, type Ported, type Rules, SidePort, type Verdict } from './ports.js';

const CHUNKED: Framing = { type: 'chunked', codings: 'chunked' };
export const UNTIL_CLOSE: Framing = { type: 'close' };

/** As much of an exchange as its two halves need. */
export interface Whole extends Ported {
  readonly rules: Rules;
  readonly isOver: boolean;
  fail(kind: ErrorKind, message: string): void;
  /** The message is complete, and the scripts have had their say about it. */
  completed(half: Half): void;
  /** What was recorded of its body has gone out. */
  sent(half: Half): void;
}

/**
 * One message of an exchange on its way from its sender to its receiver, behind its head: what comes of it waits at a
 * gate while scripts are asked, then goes to the carrier of its body.
 */
export class Half {
  /** How its body ends, towards its receiver; only a carrier to an HTTP/1.0 client differs. */
  framing: Framing = NO_BODY;
  trailers: Fields = [];
  /** Its last byte has come. */
  isDone = false;
  /** Its head waits until all of it is there. */
  waits = false;
  /** It is to be held before its head goes on. */
  holds = false;
  /** Whether a script wants it held, from its headers on. */
  wish: boolean | null = null;
  /** Scripts were asked about it as a whole. */
  wasAsked = false;
  readonly gate = new Gate();
  private carrier: Carrier | null = null;

  constructor(
    readonly side: Side,
    private readonly exchange: Whole,
  ) {}

  /** Its sender should pause, since its bytes cannot go on yet. */
  get isStalled(): boolean {
    return this.gate.isFull || (this.carrier?.isStalled ?? false);
  }

  /** All of its body that has come has gone on, and no more will come. */
  get isSent(): boolean {
    return this.carrier?.isSent ?? true;
  }

  // --- what its sender sent

  chunk(size: number): void {
    this.gate.pass(() => {
      if (this.exchange.isOver) return;
      this.exchange.teller.chunk(this.side);
      this.carrier?.chunk(size);
    });
  }

  data(bytes: Uint8Array): void {
    this.gate.pass(() => {
      if (!this.exchange.isOver) this.carrier?.data(bytes);
    });
  }

  trailer(fields: Fields): void {
    this.gate.pass(() => {
      if (this.exchange.isOver) return;
      const { kept, dropped } = trailerFields(fields);
      this.trailers = kept;
      this.exchange.teller.trailers(this.side, fields, dropped);
    });
  }

  end(): void {
    this.gate.pass(() => {
      if (this.exchange.isOver) return;
      this.isDone = true;
      this.exchange.teller.ended(this.side);
      this.carrier?.complete();
      if (!this.carrier?.isLooking) this.isThere();
    });
  }

  malformed(message: string, raw: string): void {
    this.gate.pass(() => {
      if (this.exchange.isOver) return;
      this.exchange.teller.malformed(this.side, raw);
      this.exchange.fail(this.side === 'request' ? 'malformed-request' : 'malformed-response', message);
    });
  }

  // --- what became of its body

  /** What a script's function made of `taken` bytes of it. */
  looked(pieces: Pieces, taken: number, isLast: boolean): void {
    if (this.exchange.isOver) return;
    this.carrier?.looked(pieces, taken, isLast);
    if (isLast) this.isThere();
  }

  recordingSent(): void {
    if (this.exchange.isOver) return;
    this.carrier?.recordingSent();
    this.exchange.sent(this);
  }

  // --- what its exchange does with it

  /** Asks the scripts, if one wants to be; until they have answered nothing more of it is let through. */
  asks(event: HookEvent): boolean {
    if (!this.exchange.rules.hooks(event)) return false;
    if (event === this.side) this.wasAsked = true;
    this.gate.close();
    this.exchange.wire.hook(event);
    return true;
  }

  /** What scripts made of it as a whole. `canHaveBody` is false where its head forbids one. */
  changed({ hold, trailers, size }: Verdict, canHaveBody: boolean): void {
    this.holds = hold ?? this.holds;
    this.trailers = trailers ?? this.trailers;
    if (size !== null && this.waits && canHaveBody) this.resize(size);
  }

  /** Its head has been told: decides how its body goes on. An old receiver, of HTTP/1.0, knows no chunks. */
  begin(wish: BodyWish | null, isOld: boolean): void {
    const { side, framing, exchange } = this;
    const { rules } = exchange;
    this.holds = this.wish ?? rules.holds(side);
    const carriage = rules.carriage(side, framing, this.holds, wish);
    exchange.teller.carried(side, framing, carriage);
    if (framing.type === 'none') {
      this.waits = this.holds || rules.hooks(side);
      return;
    }
    this.waits = carriage.how === 'buffered';
    const look = wish === 'look' ? { isChunked: framing.type === 'chunked' } : null;
    if (look) this.framing = CHUNKED;
    const outgoing = isOld && this.framing.type === 'chunked' ? UNTIL_CLOSE : this.framing;
    const limit = wish === null && announcedLength(framing) === null ? rules.limit(side) : null;
    this.carrier = new Carrier(side, carriage.how, outgoing, limit, new SidePort(side, exchange), look);
  }

  /** It is there already, and its body recorded. */
  recorded(framing: Framing, size: number): void {
    this.framing = framing;
    this.isDone = true;
    if (framing.type === 'none') return;
    this.carrier = this.whole(size);
    this.carrier.end([]);
  }

  /** A body took the place of what came, or was put where there was none. */
  resize(size: number): void {
    if (this.framing.type !== 'chunked') this.framing = { type: 'length', length: size };
    if (this.carrier) this.carrier.size = size;
    else this.carrier = this.whole(size);
  }

  /** Its head has gone out: its body may follow. */
  open(): void {
    this.carrier?.open();
  }

  /** All of its body has come and may go on as it is. */
  complete(): void {
    this.carrier?.end(this.trailers);
  }

  /** Its last byte has come, and gone through the function of a script if there is one. */
  private isThere(): void {
    if (!this.asks(this.side)) this.exchange.completed(this);
  }

  private whole(size: number): Carrier {
    const carrier = new Carrier(this.side, 'buffered', this.framing, null, new SidePort(this.side, this.exchange));
    carrier.size = size;
    return carrier;
  }
}
