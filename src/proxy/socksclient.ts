import type { Socket } from 'node:net';
import type { ClientFacts } from '../flow/flow.js';
import type { Mode } from '../flow/mode.js';
import type { Authority } from '../http/target.js';
import { closeGently, closeWith } from './closing.js';
import type { Context } from './context.js';
import type { DialFailure } from './dialled.js';
import type { Opener } from './opener.js';
import { Socks5, type SocksCode, socksReply } from './socks5.js';
import { Tunnel } from './tunnel.js';

function codeOf({ kind, message }: DialFailure): SocksCode {
  if (kind !== 'unreachable') return 'failure';
  return message.endsWith('refused the connection') ? 'refused' : 'unreachable';
}

/** A client that asked for its server by SOCKS (MO-04). */
function socksOpener(authority: Authority): Opener {
  return {
    authority,
    scheme: null,
    opened: (socket) => void socket.write(socksReply('succeeded')),
    failed: (socket, failure) => closeWith(socket, socksReply(codeOf(failure))),
  };
}

/** Speaks SOCKS5 with a client until it has its tunnel. */
export function serveSocks(context: Context, mode: Mode, socket: Socket, client: ClientFacts): void {
  const { login } = context;
  const leave = (): void => {
    socket.setTimeout(0);
    socket.removeListener('data', onData);
    socket.removeListener('end', onEnd);
    socket.removeListener('timeout', onTimeout);
    socket.pause();
  };
  const fail = (message: string, to: Authority = { host: '', port: 0 }): void => {
    leave();
    context.log('warn', `${client.address}: ${message}`);
    context.ledger.openPassage(client, to.host, to.port, 'tcp', '').failed('malformed-request', message);
    closeGently(socket, socket.readableEnded);
  };
  const socks = new Socks5({
    send: (bytes) => void socket.write(bytes),
    accepts: login && ((user, password) => login.accepts(user, password)),
    connect: (authority, rest) => {
      leave();
      if (rest.length > 0) socket.unshift(rest);
      new Tunnel(context, mode, socket, client, socksOpener(authority));
    },
    fail,
  });
  const onData = (bytes: Buffer): void => socks.push(bytes);
  const onEnd = (): void => void socket.destroy();
  const onTimeout = (): void => fail('the client did not finish its SOCKS request');
  socket.setTimeout(context.options.head_timeout * 1000);
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('timeout', onTimeout);
  socket.resume();
}
