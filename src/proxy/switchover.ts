import type { Socket } from 'node:net';
import { fieldValues, listMembers } from '../flow/fields.js';
import type { ClientFacts, ServerFacts } from '../flow/flow.js';
import { negotiated } from '../websocket/codec.js';
import type { Context } from './context.js';
import type { Entry } from './entry.js';
import { chooseLayer } from './layers.js';
import { talkOver } from './talkover.js';

/** One end of a connection that was taken out of its session, and what was read of it that belongs to what follows. */
export interface End<Facts> {
  readonly socket: Socket;
  readonly rest: Buffer;
  readonly facts: Facts;
}

/** Joins the two ends of a flow that has switched to another protocol: a websocket, or bytes (H1-11, WS-01). */
export function switchOver(
  context: Context,
  entry: Entry,
  client: End<ClientFacts>,
  server: End<ServerFacts>,
  done: () => void,
): void {
  entry.switched();
  client.socket.pause();
  const isWebSocket = context.options.websocket && isSwitchToWebSocket(entry);
  const kill = (): void => {
    client.socket.destroy();
    server.socket.destroy();
  };
  entry.handle = { kill, release: () => {} };
  const layer = isWebSocket ? 'websocket' : 'tcp';
  const at = { client: client.facts, server: server.facts, layer, possible: [layer, 'tcp'] } as const;
  chooseLayer(context, at, (chosen) => {
    const fields = entry.response?.head.fields ?? [];
    const { deflate, unknown } = negotiated(fieldValues(fields, 'sec-websocket-extensions').join(', '));
    const { origin, path } = entry.request.head;
    const names = unknown.join(', ');
    if (unknown.length > 0)
      context.log('warn', `${origin.host}:${origin.port}${path}: websocket extensions that are not known: ${names}`);
    const protocol = chosen === 'websocket' ? ({ type: 'websocket', deflate } as const) : ({ type: 'tcp' } as const);
    talkOver(context, entry, client, server, protocol, (error) => {
      if (error) entry.failed('cut-off', `the connection broke: ${error.message}`);
      else if (entry.isLive) entry.finished();
      done();
    });
  });
}

function isSwitchToWebSocket({ request, response }: Entry): boolean {
  return (
    response !== null &&
    listMembers(response.head.fields, 'upgrade').includes('websocket') &&
    fieldValues(request.head.fields, 'sec-websocket-version').join() === '13'
  );
}
