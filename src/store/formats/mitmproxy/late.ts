import { Float, type NetMap, type NetValue } from '../tnetstring.js';
import { parts, rename, type Step } from './early.js';
import { listAt, mapAt, numberAt, textOf } from './state.js';

/*
 * The formats 13 to 20, and back from 21 to 17.
 */

function from13(state: NetMap): void {
  state.set('comment', '');
  const [request, response] = [mapAt(state, 'request'), mapAt(state, 'response')];
  if (!request || !response || numberAt(response, 'timestamp_start') !== null) return;
  const asked = numberAt(request, 'timestamp_end') ?? numberAt(request, 'timestamp_start') ?? 0;
  response.set('timestamp_start', new Float(asked));
  response.set('timestamp_end', new Float(asked + 1));
}

function from14(state: NetMap): void {
  const websocket = mapAt(state, 'websocket');
  if (!websocket) return;
  const messages = listAt(websocket, 'messages').map((one) => (Array.isArray(one) ? [...one, false] : one));
  websocket.set('messages', messages);
}

function from15(state: NetMap): void {
  const from = mapAt(state, 'request') ?? mapAt(state, 'client_conn');
  state.set('timestamp_created', from?.get('timestamp_start') ?? null);
}

function from16(state: NetMap): void {
  state.delete('mode');
}

function from17(state: NetMap): void {
  mapAt(state, 'client_conn')?.set('proxy_mode', 'regular');
}

function addressInText(connection: NetMap, key: string): void {
  const address = connection.get(key);
  if (!Array.isArray(address) || !(address[0] instanceof Uint8Array)) return;
  connection.set(key, [textOf(address[0]), ...address.slice(1)]);
}

function from18(state: NetMap): void {
  const [client, server] = [mapAt(state, 'client_conn'), mapAt(state, 'server_conn')];
  rename(client, 'address', 'peername');
  client?.delete('tls_extensions');
  rename(server, 'ip_address', 'peername');
  rename(server, 'source_address', 'sockname');
  rename(server, 'via2', 'via');
  for (const connection of parts(state, 'client_conn', 'server_conn')) {
    connection.delete('tls_established');
    rename(connection, 'cipher_name', 'cipher');
    if (!connection.has('transport_protocol')) connection.set('transport_protocol', 'tcp');
    for (const key of ['peername', 'sockname', 'address']) addressInText(connection, key);
  }
  if (server?.get('sni') !== true) return;
  const address = listAt(server, 'address');
  server.set('sni', address[0] ?? null);
}

function from19(state: NetMap): void {
  for (const connection of parts(state, 'client_conn', 'server_conn')) connection.delete('state');
}

function from20(state: NetMap): void {
  for (const connection of parts(state, 'client_conn', 'server_conn'))
    if (connection.get('tls_version') === 'QUIC') connection.set('tls_version', 'QUICv1');
}

export const LATE: ReadonlyMap<number, Step> = new Map([
  [13, from13],
  [14, from14],
  [15, from15],
  [16, from16],
  [17, from17],
  [18, from18],
  [19, from19],
  [20, from20],
]);

function older(connection: NetMap, names: readonly (readonly [string, string])[]): NetMap {
  const map: NetMap = new Map(connection);
  for (const [from, to] of names) rename(map, from, to);
  rename(map, 'cipher', 'cipher_name');
  map.set('tls_established', numberAt(connection, 'timestamp_tls_setup') !== null);
  map.set('state', 0);
  map.delete('transport_protocol');
  map.delete('proxy_mode');
  if (map.get('tls_version') === 'QUICv1') map.set('tls_version', 'QUIC');
  return map;
}

/** The connections of format 21 as those of format 17. */
export function downgraded(state: NetMap): NetMap {
  const old: NetMap = new Map(state);
  const [client, server] = [mapAt(state, 'client_conn'), mapAt(state, 'server_conn')];
  if (client) old.set('client_conn', older(client, [['peername', 'address']]).set('tls_extensions', []));
  if (server) {
    const names = [
      ['via', 'via2'],
      ['peername', 'ip_address'],
      ['sockname', 'source_address'],
    ] as const;
    old.set('server_conn', older(server, names).set('via', null satisfies NetValue));
  }
  return old.set('version', 17);
}
