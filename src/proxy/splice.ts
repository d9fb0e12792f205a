import type { Socket } from 'node:net';
import { cut } from './closing.js';

export interface SpliceListener {
  moved(toServer: number, toClient: number): void;
  done(error: Error | null): void;
}

/** Joins two sockets and lets every byte through unread, with back-pressure and half-close both ways. */
export function splice(client: Socket, server: Socket, listener: SpliceListener): void {
  let open = 2;
  let failure: Error | null = null;
  const closed = (): void => {
    open -= 1;
    if (open === 0) listener.done(failure);
  };
  const fail = (error: Error): void => {
    failure ??= error;
    for (const one of [client, server]) cut(one); // neither side shall take it for an end
  };
  const join = (from: Socket, to: Socket, moved: (bytes: number) => void): void => {
    from.on('data', (bytes: Buffer) => {
      moved(bytes.length);
      if (!to.destroyed && !to.writableEnded && !to.write(bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => {
      if (!to.destroyed) to.end();
    });
    from.on('error', fail);
    const gone = (): void => {
      if (!from.readableEnded) cut(to);
      closed();
    };
    from.on('close', gone);
    from.resume();
    if (!from.closed) return;
    failure ??= from.errored; // it was gone before anybody listened
    gone();
  };
  join(client, server, (bytes) => listener.moved(bytes, 0));
  join(server, client, (bytes) => listener.moved(0, bytes));
}
