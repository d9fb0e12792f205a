import type { Socket } from 'node:net';
import { now } from '../flow/clock.js';
import { bracketed, type ClientFacts } from '../flow/flow.js';
import type { Mode } from '../flow/mode.js';
import type { Context } from './context.js';
import type { Entrance } from './entrance.js';
import { chooseLayer, connectionImage } from './layers.js';
import { connectOpener, reverseOpener } from './opener.js';
import { type Reach, reachOf } from './reach.js';
import { secureProxy } from './secureproxy.js';
import { type Front, type OnConnect, Session } from './session.js';
import { serveSocks } from './socksclient.js';
import { Tunnel } from './tunnel.js';

/** Takes in a client, as scripts and the mode have it (EVT-05, EVT-06). */
export function receive(context: Context, entrance: Entrance, socket: Socket): void {
  const address = `${bracketed(socket.remoteAddress ?? '')}:${socket.remotePort ?? 0}`;
  const client: ClientFacts = { address, connectedAt: now(), tls: null, mode: entrance.mode.text };
  socket.on('error', () => {}); // the close that follows says it
  const blocked = blockedBy(context, socket);
  if (blocked !== null) {
    context.log('warn', `${address}: refused, since it comes from a ${blocked} address (block_${blocked})`);
    socket.destroy();
    return;
  }
  const { scripts } = context;
  const image = connectionImage({ client });
  socket.once('close', () => scripts.connection('clientdisconnect', image));
  scripts.connection('clientconnect', image, ({ error }) => {
    if (error === undefined) return serve(context, entrance.mode, socket, client);
    context.log('info', `${address}: a script refused the client: ${error}`);
    socket.destroy();
  });
}

/** Whether it comes from where nobody may (OPT-71, OPT-72). */
function blockedBy({ options }: Context, { remoteAddress }: Socket): Reach | null {
  if (remoteAddress === undefined) return null; // it is gone already
  const reach = reachOf(remoteAddress);
  const isBlocked = reach === 'global' ? options.block_global : reach === 'private' && options.block_private;
  return isBlocked ? reach : null;
}

function serve(context: Context, mode: Mode, socket: Socket, client: ClientFacts): void {
  if (socket.destroyed) return;
  switch (mode.type) {
    case 'regular':
    case 'upstream':
      return proxy(context, mode, socket, client);
    case 'socks5':
      return serveSocks(context, mode, socket, client);
    case 'reverse':
      new Tunnel(context, mode, socket, client, reverseOpener(mode.target));
  }
}

/** As an HTTP proxy: a client can only mean HTTP, since nothing else would say where it wants to go. */
function proxy(context: Context, mode: Mode, socket: Socket, client: ClientFacts): void {
  chooseLayer(context, { client, server: null, layer: 'http', possible: ['http'] }, () => {
    if (socket.destroyed) return;
    const secure = (begun: Socket): void =>
      secureProxy(context, begun, client, (inner, secured) => speakHttp(context, mode, inner, secured, null));
    speakHttp(context, mode, socket, client, secure);
  });
}

function speakHttp(context: Context, mode: Mode, socket: Socket, client: ClientFacts, secure: Front['secure']): void {
  const tunnel: OnConnect = (tunnelled, authority, rest, told) => {
    if (rest.length > 0) tunnelled.unshift(rest);
    new Tunnel(context, mode, tunnelled, client, connectOpener(authority, told));
  };
  new Session(context, mode, socket, client, null, { tunnel, secure });
}
