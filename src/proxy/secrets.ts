import type { TLSSocket } from 'node:tls';
import type { Context } from './context.js';

/** Writes the secrets of a handshake that is about to begin where the key log is, and says once that it is done. */
export function logSecrets(context: Context, socket: TLSSocket): void {
  const { keyLog } = context;
  if (!keyLog) return;
  if (!keyLog.isTold)
    context.log(
      'warn',
      `TLS secrets are written to ${keyLog.file}: who has them can read what was recorded on the way.`,
    );
  keyLog.isTold = true;
  socket.on('keylog', (line) => keyLog.write(line));
}
