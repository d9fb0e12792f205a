import type { ClientFacts } from '../flow/flow.js';
import type { ConnectionImage } from '../script/image.js';
import type { Context } from './context.js';
import { dial } from './dial.js';
import { type DialResult, isDialled, type TlsWish } from './dialled.js';
import { connectionImage } from './layers.js';
import type { Route } from './route.js';
import { dialVia } from './via.js';

/**
 * Opens a connection to a server as the scripts have it: they may send it elsewhere or refuse it, and hear how it went
 * (EVT-07 to EVT-09). `done` is called exactly once.
 */
export function openServer(
  context: Context,
  route: Route,
  wish: TlsWish,
  client: ClientFacts | null,
  done: (result: DialResult) => void,
): void {
  const { scripts } = context;
  const { origin } = route;
  const image = connectionImage({ client, address: { host: origin.host, port: origin.port }, sni: wish.sni });
  scripts.connection('serverconnect', image, ({ error, address }) => {
    if (error !== undefined) {
      failed(context, image, error);
      return done({ kind: 'unreachable', message: `a script refused the connection: ${error}` });
    }
    const heard = (result: DialResult): void => {
      const named = isDialled(result) ? { ...result, facts: { ...result.facts, id: image.id } } : result;
      opened(context, image, named);
      done(named);
    };
    const to = address ? { ...origin, ...address } : origin;
    const { via } = route;
    if (via) dialVia(context, { ...route, origin: to, via }, wish, client, heard);
    else dial(context, to, wish, heard);
  });
}

function failed(context: Context, image: ConnectionImage, error: string): void {
  context.scripts.connection('server_connect_error', { ...image, error });
}

function opened(context: Context, image: ConnectionImage, result: DialResult): void {
  const { scripts } = context;
  if (!isDialled(result)) {
    if (result.isTls) scripts.connection('tls_failed_server', { ...image, error: result.message });
    return failed(context, image, result.message);
  }
  const { facts, socket } = result;
  const now: ConnectionImage = { ...image, server: facts, certificate: facts.certificate };
  scripts.connection('server_connected', now);
  if (facts.tls) scripts.connection('tls_established_server', now);
  socket.on('error', () => {}); // whoever takes it over hears of the close
  socket.once('close', () => scripts.connection('serverdisconnect', now));
}
