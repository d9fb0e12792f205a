import net from 'node:net';
import { bracketed } from '../flow/flow.js';
import type { Entrance } from './entrance.js';

/** A client that has come in. */
type OnClient = (socket: net.Socket, entrance: Entrance) => void;

/** How to ask for another port: where that one was asked for, and as it can be done now. */
function another({ mode, port }: Entrance, isRunning: boolean): string {
  const next = port + 2;
  if (mode.listenPort !== null) return mode.text.replace(/\d+$/, String(next));
  return isRunning ? `:set listen_port ${next}` : `--listen-port ${next} (-p ${next})`;
}

function reasonOf(error: NodeJS.ErrnoException, entrance: Entrance, isRunning: boolean): string {
  const { host, port } = entrance;
  const where = `${bracketed(host)}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use by another program; try ${another(entrance, isRunning)}`;
    case 'EACCES':
      return `${where} may not be opened by this user; try a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `listen_host ${host} is no address of this machine`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}

/** A port that is open. Its mode may change while it is; clients that are there keep the one they came in by. */
export class Listener {
  private constructor(
    private readonly server: net.Server,
    /** What was asked for: its port may be 0. */
    readonly asked: Entrance,
    /** The port as it was opened. */
    public entrance: Entrance,
    /** The address it is bound to. */
    readonly address: string,
  ) {}

  /** Opens a port. Rejects with a sentence for the user. */
  static open(
    asked: Entrance,
    isRunning: boolean,
    onClient: OnClient,
    onError: (error: Error) => void,
  ): Promise<Listener> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true });
    return new Promise((done, fail) => {
      server.once('error', (error) => fail(new Error(reasonOf(error, asked, isRunning))));
      server.listen({ host: asked.host, port: asked.port, backlog: 1024 }, () => {
        server.removeAllListeners('error');
        server.on('error', onError);
        const { address, port } = server.address() as net.AddressInfo;
        const listener = new Listener(server, asked, { ...asked, port }, address);
        server.on('connection', (socket) => onClient(socket, listener.entrance));
        done(listener);
      });
    });
  }

  /** Takes no new clients; those that are there go on. */
  close(): void {
    this.server.close();
  }
}
