import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

const LINGER = 2000;

/** Lets the peer read what was sent, then closes (RFC 9112 9.6); at once if it has closed its half. */
export function closeGently(socket: Socket, hasEnded: boolean): void {
  socket.end();
  socket.resume();
  if (hasEnded) return;
  const timer = setTimeout(() => socket.destroy(), LINGER);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Says the last word, lets the peer read it, and closes. */
export function closeWith(socket: Socket, bytes: string | Uint8Array): void {
  socket.write(bytes);
  closeGently(socket, socket.readableEnded);
}

/** Closes so that the peer cannot take what it has for complete: by a reset, or by a TLS end without close_notify. */
export function cut(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Destroys the socket of a peer that has closed its half once nothing was written to it for so many seconds: it may
 * wait for its answer, or be gone without a trace.
 */
export function watchHalfClosed(socket: Socket, seconds: number, state: () => 'answered' | 'held' | 'waiting'): void {
  const written = socket.bytesWritten;
  const timer = setTimeout(() => {
    const now = state();
    if (now === 'answered') return;
    if (now === 'held' || socket.bytesWritten > written) watchHalfClosed(socket, seconds, state);
    else socket.destroy();
  }, seconds * 1000);
  timer.unref();
}
