import net from 'node:net';
import { now } from '../flow/clock.js';
import { bracketed, type ClientFacts } from '../flow/flow.js';
import type { Context } from './context.js';
import { chooseLayer, connectionImage } from './layers.js';
import { Session } from './session.js';
import { Tunnel } from './tunnel.js';

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Cuts every client off; resolves when all are gone. */
  close(): Promise<void>;
}

function accept(context: Context, socket: net.Socket): void {
  const address = `${bracketed(socket.remoteAddress ?? '')}:${socket.remotePort ?? 0}`;
  const client: ClientFacts = { address, connectedAt: now(), tls: null };
  const { scripts } = context;
  const image = connectionImage({ client });
  socket.on('error', () => {}); // the close that follows says it
  socket.once('close', () => scripts.connection('clientdisconnect', image));
  scripts.connection('clientconnect', image, ({ error }) => {
    if (error === undefined) return choose(context, socket, client);
    context.log('info', `${address}: a script refused the client: ${error}`);
    socket.destroy();
  });
}

/** In the regular mode a client can only mean HTTP: nothing else would say where it wants to go. */
function choose(context: Context, socket: net.Socket, client: ClientFacts): void {
  chooseLayer(context, { client, server: null, layer: 'http', possible: ['http'] }, () => {
    if (socket.destroyed) return;
    new Session(context, socket, client, null, (tunnelled, authority, rest, told) => {
      new Tunnel(context, tunnelled, client, authority, rest, told);
    });
  });
}

function reasonOf(error: NodeJS.ErrnoException, host: string, port: number): string {
  const where = `${bracketed(host)}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use by another program; try --listen-port ${port + 2} (-p ${port + 2})`;
    case 'EACCES':
      return `${where} may not be opened by this user; try a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `listen_host ${host} is no address of this machine`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}

/** Resolves once everybody has heard of the close. */
function cutOff(socket: net.Socket): Promise<void> {
  return new Promise((done) => {
    socket.once('close', () => done());
    socket.destroy();
  });
}

/** Opens the proxy port. Rejects with a sentence for the user. */
export function listen(context: Context, host: string, port: number): Promise<Listening> {
  const open = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    accept(context, socket);
  });
  return new Promise((done, fail) => {
    server.once('error', (error) => fail(new Error(reasonOf(error, host, port))));
    server.listen({ host, port, backlog: 1024 }, () => {
      server.removeAllListeners('error');
      server.on('error', (error) => context.log('error', `the listening port: ${error.message}`));
      const address = server.address() as net.AddressInfo;
      done({
        host,
        port: address.port,
        close: async () => {
          server.close();
          await Promise.all([...open].map(cutOff));
        },
      });
    });
  });
}
