import net, { type Socket } from 'node:net';
import { now } from '../flow/clock.js';
import { bracketed, type Origin, type ServerFacts } from '../flow/flow.js';
import type { Context } from './context.js';
import { type DialFailure, type DialResult, isDialled, type TlsWish } from './dialled.js';
import { secure } from './securing.js';

export { type DialFailure, type DialResult, isDialled, type TlsWish } from './dialled.js';

/** Opens a connection to an origin, TLS included where its scheme says so. `done` is called exactly once. */
export function dial(context: Context, origin: Origin, wish: TlsWish, done: (result: DialResult) => void): void {
  const startedAt = now();
  const authority = `${bracketed(origin.host)}:${origin.port}`;
  const socket = net.connect({ host: origin.host, port: origin.port, noDelay: true, allowHalfOpen: true });
  const settle = settling(context, socket, authority, (result) => {
    socket.removeListener('error', onError);
    done(result);
  });
  const onError = (error: NodeJS.ErrnoException): void => settle(connectFailure(authority, error));
  socket.on('error', onError);
  socket.once('connect', () => {
    if (isOurselves(context, socket)) {
      settle({ kind: 'loop', message: `${authority} is sluice itself: the request would go round in a circle` });
      return;
    }
    const address = `${bracketed(socket.remoteAddress ?? '')}:${socket.remotePort ?? 0}`;
    const local = `${bracketed(socket.localAddress ?? '')}:${socket.localPort ?? 0}`;
    const plain = { authority, address, local, startedAt, connectedAt: now(), reused: false };
    if (origin.scheme === 'https') secure(context, socket, origin, wish, plain, settle);
    else {
      const facts: ServerFacts = { ...plain, securedAt: null, tls: null, certificate: null, trust: '' };
      settle({ socket, subject: [], facts });
    }
  });
}

/** Calls back once, in time; a connection that came to nothing is closed. */
export function settling(
  context: Context,
  socket: Socket,
  authority: string,
  done: (result: DialResult) => void,
): (result: DialResult) => void {
  let isSettled = false;
  const seconds = context.options.connect_timeout;
  const settle = (result: DialResult): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    if (!isDialled(result)) {
      socket.on('error', () => {}); // reported already
      socket.destroy();
    }
    done(result);
  };
  const timer = setTimeout(() => {
    settle({ kind: 'timed-out', message: `${authority} did not accept a connection within ${seconds} s` });
  }, seconds * 1000);
  return settle;
}

function connectFailure(authority: string, error: NodeJS.ErrnoException): DialFailure {
  const first = 'errors' in error && Array.isArray(error.errors) ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const causes: Readonly<Record<string, string>> = {
    ECONNREFUSED: `${authority} refused the connection`,
    ENOTFOUND: `no address is known for ${authority} (DNS: ENOTFOUND)`,
    EAI_AGAIN: `the name of ${authority} could not be looked up (DNS: EAI_AGAIN)`,
    EHOSTUNREACH: `there is no route to ${authority}`,
    ENETUNREACH: `there is no route to ${authority}`,
    ETIMEDOUT: `${authority} did not answer`,
  };
  const code = first.code ?? '';
  const message = causes[code] ?? `${authority} could not be reached: ${first.message}`;
  return { kind: code === 'ETIMEDOUT' ? 'timed-out' : 'unreachable', message };
}

/** Every spelling of our own address ends at our own listening socket; that is what is looked at (MO-11). */
function isOurselves(context: Context, socket: Socket): boolean {
  const remote = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const isHere = remote.startsWith('127.') || remote === '::1' || socket.remoteAddress === socket.localAddress;
  return context.listening.entrances.some(({ host, port }) => {
    if (socket.remotePort !== port) return false;
    return host === '0.0.0.0' || host === '::' ? isHere : remote === host;
  });
}
