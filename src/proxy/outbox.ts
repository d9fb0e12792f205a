import type { Socket } from 'node:net';
import type { Piece } from '../http/carrier.js';

const TOGETHER = 32_768;

/** Gathers what is written to a socket during one event, so that a head and its body leave in one piece. */
export class Outbox {
  private pieces: Piece[] = [];
  private size = 0;

  constructor(private readonly socket: Socket) {}

  put(piece: Piece): void {
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.size += piece.length;
  }

  /** Writes what was gathered. False asks to wait for the socket's `drain`. */
  flush(): boolean {
    const { pieces, socket, size } = this;
    if (size === 0) return !socket.writableNeedDrain;
    this.pieces = [];
    this.size = 0;
    if (socket.destroyed || socket.writableEnded) return true;
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) return write(socket, only);
    if (size <= TOGETHER) return socket.write(joined(pieces, size));
    socket.cork();
    for (const piece of pieces) write(socket, piece);
    socket.uncork();
    return !socket.writableNeedDrain;
  }

  drop(): void {
    this.pieces = [];
    this.size = 0;
  }
}

function write(socket: Socket, piece: Piece): boolean {
  return typeof piece === 'string' ? socket.write(piece, 'latin1') : socket.write(piece);
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
