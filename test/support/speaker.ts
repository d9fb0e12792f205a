import net, { type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import tls from 'node:tls';

/** A connection to a server that speaks no HTTP. */
export interface Heard {
  readonly socket: Socket;
  /** Everything received so far, one character per octet. */
  received: string;
  /** The other side has said that no more comes. */
  hasEnded: boolean;
  isClosed: boolean;
}

export interface Speaker {
  readonly port: number;
  readonly visits: readonly Heard[];
}

export interface SpeakerOptions {
  /** Called when a connection is open. */
  readonly greet?: (heard: Heard) => void;
  /** Called with every piece that arrives. */
  readonly answer?: (heard: Heard, piece: Buffer) => void;
  readonly tls?: tls.TlsOptions;
}

/** A server on a free port of loopback that does what it is told and closes nothing by itself. */
export async function startSpeaker(t: TestContext, options: SpeakerOptions = {}): Promise<Speaker> {
  const visits: Heard[] = [];
  const visited = (socket: Socket): void => {
    const heard: Heard = { socket, received: '', hasEnded: false, isClosed: false };
    visits.push(heard);
    socket.on('error', () => {}); // resets are part of what is tested
    socket.on('end', () => {
      heard.hasEnded = true;
    });
    socket.on('close', () => {
      heard.isClosed = true;
    });
    socket.on('data', (piece: Buffer) => {
      heard.received += piece.toString('latin1');
      options.answer?.(heard, piece);
    });
    options.greet?.(heard);
  };
  const open = { allowHalfOpen: true, noDelay: true };
  const server = options.tls ? tls.createServer({ ...open, ...options.tls }, visited) : net.createServer(open, visited);
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  t.after(() => {
    server.close();
    for (const { socket } of visits) socket.destroy();
  });
  return { port: (server.address() as net.AddressInfo).port, visits };
}

/** Sends back what comes. */
export function echo({ socket }: Heard, piece: Buffer): void {
  socket.write(piece);
}
