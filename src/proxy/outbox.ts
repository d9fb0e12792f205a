import type { Socket } from 'node:net';
import type { Piece } from '../http/carrier.js';
import { Litter } from './litter.js';

const TOGETHER = 32_768;

/** More in one round would leave the peers idle meanwhile, fewer would wake them too often. */
const ROUND = 4;

/**
 * Sends outboxes in rounds, at the latest when all events of this turn of the loop have been dealt with. A peer that
 * sleeps is then woken once for many writes; waking it for each costs more than all else done for a small request.
 */
export class Postman {
  private waiting: Outbox[] = [];
  private isLeaving = false;
  private readonly litter = new Litter();

  collect(outbox: Outbox): void {
    if (this.waiting.push(outbox) >= ROUND) return this.deliver();
    if (this.isLeaving) return;
    this.isLeaving = true;
    setImmediate(() => {
      this.isLeaving = false;
      this.deliver();
    });
  }

  private deliver(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const outbox of waiting) {
      this.litter.add(outbox.bytes);
      outbox.send();
    }
  }
}

/** Gathers what is written to a socket, so that a head and its body leave in one piece. */
export class Outbox {
  private pieces: Piece[] = [];
  private size = 0;
  private isCollected = false;

  constructor(
    private readonly socket: Socket,
    private readonly postman: Postman,
  ) {}

  /** What was gathered. */
  get bytes(): number {
    return this.size;
  }

  put(piece: Piece): void {
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.size += piece.length;
  }

  /** Lets the postman fetch what was gathered. False asks to wait for the socket's `drain`. */
  flush(): boolean {
    if (this.size > 0 && !this.isCollected) {
      this.isCollected = true;
      this.postman.collect(this);
    }
    return !this.socket.writableNeedDrain;
  }

  /** Calls back once the socket can be written to again. */
  drained(done: () => void): void {
    this.socket.once('drain', done);
  }

  /** Writes what was gathered now. */
  send(): void {
    this.isCollected = false;
    const { pieces, socket, size } = this;
    if (size === 0) return;
    this.drop();
    if (socket.destroyed || socket.writableEnded) return;
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) write(socket, only);
    else if (size <= TOGETHER) socket.write(joined(pieces, size));
    else {
      socket.cork();
      for (const piece of pieces) write(socket, piece);
      socket.uncork();
    }
  }

  drop(): void {
    this.pieces = [];
    this.size = 0;
  }
}

function write(socket: Socket, piece: Piece): void {
  if (typeof piece === 'string') socket.write(piece, 'latin1');
  else socket.write(piece);
}

function joined(pieces: readonly Piece[], size: number): Buffer {
  const whole = Buffer.allocUnsafe(size);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') whole.write(piece, at, 'latin1');
    else whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
