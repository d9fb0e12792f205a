import type { Socket } from 'node:net';
import type { ClientFacts } from '../flow/flow.js';
import { cut } from './closing.js';
import type { Context } from './context.js';
import type { Dialled } from './dialled.js';

/** A connection that was asked for, whatever will be spoken on it. */
export interface Silent {
  readonly client: ClientFacts;
  readonly host: string;
  readonly port: number;
  readonly scheme: 'tcp' | 'tls';
}

/** Why a connection has a row on which nothing was said. */
export const LEFT = 'the client left before it or the server said anything';
const NOTHING_YET = 'nobody has said anything yet';

/**
 * Waits until a client or its server, whom nobody reads, speaks (PD-08). A row stands for the connection meanwhile; it
 * goes when one of them speaks, and stays when the client leaves, which closes both.
 */
export function untilSpoken(
  context: Context,
  { client, host, port, scheme }: Silent,
  socket: Socket,
  { socket: server, facts }: Dialled,
  done: (first: 'client' | 'server') => void,
): void {
  const { ledger } = context;
  const passage = ledger.openPassage(client, host, port, scheme, NOTHING_YET);
  passage.connectedTo(facts);
  const stop = (): void => {
    socket.removeListener('readable', onClient);
    socket.removeListener('end', onLeft);
    socket.removeListener('close', onLeft);
    server.removeListener('readable', onServer);
    server.removeListener('close', onServer);
    passage.handle = null;
  };
  const spoke = (first: 'client' | 'server'): void => {
    stop();
    ledger.remove(passage);
    done(first);
  };
  const onLeft = (): void => {
    stop();
    passage.why = LEFT;
    passage.finished();
    server.destroy();
    socket.destroy();
  };
  const onClient = (): void => (socket.readableLength > 0 ? spoke('client') : onLeft()); // an end is readable, too
  const onServer = (): void => spoke('server');
  passage.handle = {
    kill: () => {
      stop();
      passage.failed('killed', 'Connection killed.');
      cut(socket);
      cut(server);
    },
    release: () => {},
  };
  socket.once('readable', onClient);
  socket.once('end', onLeft);
  socket.once('close', onLeft);
  server.once('readable', onServer);
  server.once('close', onServer);
  if (socket.destroyed || socket.readableEnded)
    onLeft(); // while the server was dialled
  else if (server.destroyed || server.readableEnded) onServer();
}
