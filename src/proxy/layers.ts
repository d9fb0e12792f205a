import type { ClientFacts, ServerFacts } from '../flow/flow.js';
import type { ConnectionImage } from '../script/image.js';
import type { Context } from './context.js';

/** What can be spoken on a connection. */
export type LayerName = 'http' | 'tls' | 'tcp' | 'websocket';

let connections = 0;

/** What scripts see of a connection; every one has a number of its own. */
export function connectionImage(image: Partial<ConnectionImage>): ConnectionImage {
  connections += 1;
  const nothing = { client: null, server: null, address: null, error: null, certificate: null };
  return { id: connections, ...nothing, sni: '', alpn: [], layer: '', ...image };
}

/** Where a protocol is chosen. */
export interface Switch {
  readonly client: ClientFacts;
  readonly server: ServerFacts | null;
  /** What sluice would take. */
  readonly layer: LayerName;
  /** What could be taken. */
  readonly possible: readonly LayerName[];
}

/** Asks the scripts which protocol is spoken from here on (EVT-10). */
export function chooseLayer(context: Context, at: Switch, done: (layer: LayerName) => void): void {
  const { client, server, layer, possible } = at;
  const { scripts } = context;
  if (!scripts.wants('next_layer')) return done(layer);
  scripts.connection('next_layer', connectionImage({ client, server, layer }), (change) => {
    const wanted = change.layer?.toLowerCase().replace(/layer$/, '');
    const chosen = possible.find((name) => name === (wanted ?? layer));
    if (chosen === undefined)
      context.log('warn', `next_layer: "${change.layer}" cannot be spoken here; there is ${possible.join(', ')}`);
    done(chosen ?? layer);
  });
}
