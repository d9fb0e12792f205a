import type { Socket } from 'node:net';

/** What whoever has a socket hears of it. */
export interface Ears {
  data(bytes: Buffer): void;
  drain(): void;
  end(): void;
  error(error: NodeJS.ErrnoException): void;
  close(): void;
  timeout(): void;
}

/** Listens until the function that it gives back is called; the listeners of others stay. */
export function listen(socket: Socket, ears: Partial<Ears>): () => void {
  const all = Object.entries(ears);
  for (const [event, heard] of all) socket.on(event, heard);
  return () => {
    for (const [event, heard] of all) socket.removeListener(event, heard);
  };
}
