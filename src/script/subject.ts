import { Client, ClientHello, type Connection, contextOf, Layer, Server } from './connection.js';
import { ctx } from './ctx.js';
import { type EventName, eventTable } from './events.js';
import type { ConnectionImage } from './image.js';

/** What the hooks of a connection are called with. */
export function subjectOf(event: EventName, image: ConnectionImage): Connection | Layer | ClientHello {
  const closed = /^(client|server)disconnect$/.exec(event)?.[1];
  const context = contextOf(image, ctx.options, (side) => side !== closed);
  const { argument } = eventTable[event];
  if (argument === 'layer') return new Layer(image.layer, context);
  if (argument === 'hello') return new ClientHello(image.sni, image.alpn, context, image.ciphers);
  const subject =
    argument === 'server' || event.endsWith('_server')
      ? (context.server ?? new Server(null, null, context, String(image.id)))
      : (context.client ?? new Client({ address: ':0', connectedAt: 0, tls: null, mode: '' }, context));
  subject.error = image.error;
  return subject;
}
