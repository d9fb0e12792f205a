import type { Fields } from '../flow/fields.js';
import type { Carriage, ErrorKind, Origin, RequestHead, ResponseHead, Side } from '../flow/flow.js';
import type { CarrierPort, Piece } from './carrier.js';
import type { Framing } from './framing.js';

/*
 * What an exchange speaks through: the wire does, the teller remembers, the rules decide.
 */

export type Ending = 'keep' | 'close';

/** The places of an exchange where scripts are asked. */
export type HookEvent =
  | 'requestheaders'
  | 'request'
  | 'websockets_handshake'
  | 'responseheaders'
  | 'response'
  | 'error';

/** How scripts want a body carried: read whole first, passed on unrecorded, or through a function of theirs. */
export type BodyWish = 'whole' | 'pass' | 'look';

/** What scripts made of a message. */
export interface Verdict {
  /** The heads as they are now. */
  readonly request: RequestHead | null;
  readonly response: ResponseHead | null;
  /** A response that scripts gave before any server was asked, with the bytes of its body. */
  readonly given: { readonly head: ResponseHead; readonly size: number } | null;
  /** Bytes of the body that took the place of the one that came, or null. */
  readonly size: number | null;
  /** The trailers of that side, where they changed. */
  readonly trailers: Fields | null;
  readonly wish: BodyWish | null;
  readonly hold: boolean | null;
  readonly kill: boolean;
}

export const NO_VERDICT: Verdict = {
  request: null,
  response: null,
  given: null,
  size: null,
  trailers: null,
  wish: null,
  hold: null,
  kill: false,
};

/** What to do. */
export interface Wire {
  /** Connects to the origin; answered by `connected` or `failed`. `fresh` forbids a connection that was used before. */
  connect(origin: Origin, fresh: boolean): void;
  toServer(piece: Piece): void;
  toClient(piece: Piece): void;
  /** Sends the recorded body of that side to its receiver; answered by `recordingSent`. */
  sendRecording(side: Side): void;
  /** Both sides speak another protocol from here on. */
  tunnel(): void;
  /** The exchange is over. `close` lets the client read everything first. */
  finish(client: Ending, server: Ending): void;
  /**
   * The exchange is over: cut the client off, so that it cannot take what it has for complete. `atOnce` also gives up
   * what was not sent yet.
   */
  dropClient(atOnce: boolean): void;
  dropServer(): void;
  /** Asks the scripts; answered by `hooked`, but for `error`. */
  hook(event: HookEvent): void;
  /** Gives bytes of a body to a script's function; answered by `looked`. `endsChunk` is null in a body without chunks. */
  look(side: Side, bytes: Uint8Array, endsChunk: boolean | null): void;
  /** The body is complete: what the function holds back is due. */
  lookEnd(side: Side): void;
}

/** What to remember. */
export interface Teller {
  requestHead(head: RequestHead, framing: Framing): void;
  responseHead(head: ResponseHead, framing: Framing): void;
  /** How the body of the head just told goes on. */
  carried(side: Side, framing: Framing, carriage: Carriage): void;
  interim(head: ResponseHead): void;
  chunk(side: Side): void;
  record(side: Side, bytes: Uint8Array): void;
  /** Bytes of a streamed body went by. */
  passed(side: Side, bytes: Uint8Array): void;
  streamed(side: Side): void;
  trailers(side: Side, fields: Fields, dropped: readonly string[]): void;
  ended(side: Side): void;
  held(side: Side): void;
  malformed(side: Side, raw: string): void;
  failed(kind: ErrorKind, message: string): void;
  finished(): void;
}

/** What is decided about a message at its head. */
export interface Rules {
  /** A message that will be held and has a body is buffered, or streamed and then held at its head. */
  carriage(side: Side, framing: Framing, isHeld: boolean, wish: BodyWish | null): Carriage;
  /** Whether some script has a hook for it. */
  hooks(event: HookEvent): boolean;
  /** Bytes above which a body of unknown length is streamed, or null. */
  limit(side: Side): number | null;
  /** Whether the user wants to hold it. Asked once, when the head has been told. */
  holds(side: Side): boolean;
  /** Where the alternatives are that a server names in Alt-Svc, for clients that take us for it; null: where it says. */
  readonly altSvcPort: number | null;
  /** Close both connections after every exchange, since malformed messages are let through. */
  readonly alwaysCloses: boolean;
}

/** As much of an exchange as its carriers need. */
export interface Ported {
  readonly wire: Wire;
  readonly teller: Teller;
  /** A buffered body has outgrown the limit. */
  overflowed(side: Side): void;
}

/** What one side's carrier does, done for its exchange. */
export class SidePort implements CarrierPort {
  constructor(
    private readonly side: Side,
    private readonly exchange: Ported,
  ) {}

  send(piece: Piece): void {
    if (this.side === 'request') this.exchange.wire.toServer(piece);
    else this.exchange.wire.toClient(piece);
  }

  sendRecording(): void {
    this.exchange.wire.sendRecording(this.side);
  }

  record(bytes: Uint8Array): void {
    this.exchange.teller.record(this.side, bytes);
  }

  passed(bytes: Uint8Array): void {
    this.exchange.teller.passed(this.side, bytes);
  }

  look(bytes: Uint8Array, endsChunk: boolean | null): void {
    this.exchange.wire.look(this.side, bytes, endsChunk);
  }

  lookEnd(): void {
    this.exchange.wire.lookEnd(this.side);
  }

  streamed(): void {
    this.exchange.teller.streamed(this.side);
  }

  overflowed(): void {
    this.exchange.overflowed(this.side);
  }
}
