import type { Socket } from 'node:net';
import type { ClientFacts, ServerFacts } from '../flow/flow.js';
import type { Context } from './context.js';
import type { Entry } from './entry.js';
import { chooseLayer } from './layers.js';
import { splice } from './splice.js';

/** One end of a connection that was taken out of its session. */
interface End<Facts> {
  readonly socket: Socket;
  readonly facts: Facts;
}

/** Joins the two ends of a flow that has switched to another protocol: every byte passes unread (H1-11). */
export function switchOver(
  context: Context,
  entry: Entry,
  client: End<ClientFacts>,
  server: End<ServerFacts>,
  done: () => void,
): void {
  entry.switched();
  const kill = (): void => {
    client.socket.destroy();
    server.socket.destroy();
  };
  entry.handle = { kill, release: () => {} };
  client.socket.pause();
  chooseLayer(context, { client: client.facts, server: server.facts, layer: 'tcp', possible: ['tcp'] }, () => {
    splice(client.socket, server.socket, {
      moved: (toServer, toClient) => entry.moved(toServer, toClient),
      done: () => {
        entry.finished();
        done();
      },
    });
  });
}
