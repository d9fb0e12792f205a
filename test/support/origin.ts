import net, { type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A connection to the scripted origin: what came, and the socket to answer on. */
export interface Visit {
  readonly socket: Socket;
  /** Everything received so far, one character per octet. */
  received: string;
  isClosed: boolean;
}

export interface Origin {
  readonly port: number;
  readonly visits: readonly Visit[];
}

/** Called with every piece that arrives; `visit.received` holds all of it. */
export type Behaviour = (visit: Visit, piece: Buffer) => void;

/** A raw TCP server on a free port of loopback that behaves as told. */
export async function startOrigin(t: TestContext, behave: Behaviour): Promise<Origin> {
  const visits: Visit[] = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const visit: Visit = { socket, received: '', isClosed: false };
    visits.push(visit);
    socket.on('error', () => {}); // resets are part of what is tested
    socket.on('close', () => {
      visit.isClosed = true;
    });
    socket.on('end', () => socket.end());
    socket.on('data', (piece: Buffer) => {
      visit.received += piece.toString('latin1');
      behave(visit, piece);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.close();
    for (const { socket } of visits) socket.destroy();
  });
  return { port: (server.address() as net.AddressInfo).port, visits };
}

/** An origin that gives every complete bodiless request the same answer. */
export function answering(answer: string | Buffer): Behaviour {
  return (visit) => {
    while (visit.received.includes('\r\n\r\n')) {
      visit.received = visit.received.slice(visit.received.indexOf('\r\n\r\n') + 4);
      visit.socket.write(answer);
    }
  };
}

export function response(body: string, fields = 'Content-Type: text/plain\r\n', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
