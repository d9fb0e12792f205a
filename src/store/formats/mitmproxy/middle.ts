import { randomUUID } from 'node:crypto';
import type { NetMap, NetValue } from '../tnetstring.js';
import { connections, messages, parts, rename, type Step, servers } from './early.js';
import { listAt, mapAt, numberAt, textAt, textOf } from './state.js';

/*
 * The formats 4 to 12: connections get names and the shape they have still.
 */

function from4(state: NetMap): void {
  for (const connection of connections(state)) connection.set('id', randomUUID());
}

function from5(state: NetMap): void {
  for (const connection of connections(state)) {
    rename(connection, 'ssl_established', 'tls_established');
    rename(connection, 'timestamp_ssl_setup', 'timestamp_tls_setup');
  }
}

function from6(state: NetMap): void {
  mapAt(state, 'client_conn')?.set('tls_extensions', null);
}

function from7(state: NetMap): void {
  for (const message of messages(state)) message.set('trailers', null);
}

function from8(state: NetMap): void {
  const [request, response] = [mapAt(state, 'request'), mapAt(state, 'response')];
  const replayed =
    request?.get('is_replay') === true ? 'request' : response?.get('is_replay') === true ? 'response' : null;
  for (const message of messages(state)) message.delete('is_replay');
  if (request?.delete('first_line_format')) request.set('authority', Buffer.alloc(0));
  state.set('is_replay', replayed);
}

function only(value: NetValue | undefined): NetValue[] {
  return value === null || value === undefined || value === '' ? [] : [value];
}

function certified(connection: NetMap, key: string): void {
  connection.set('certificate_list', only(connection.get(key)));
  connection.delete(key);
  connection.set('error', null);
  connection.set('state', 0);
  connection.set('tls', connection.get('tls_established') ?? false);
  connection.set('alpn_offers', only(connection.get('alpn_proto_negotiated')));
  connection.set('cipher_list', only(connection.get('cipher_name')));
}

function from9(state: NetMap): void {
  for (const client of parts(state, 'client_conn')) {
    client.set('sockname', ['', 0]);
    certified(client, 'clientcert');
  }
  for (const server of servers(state)) {
    server.set('cipher_name', null);
    server.set('via2', null);
    certified(server, 'cert');
  }
}

function from10(state: NetMap): void {
  for (const connection of connections(state)) {
    connection.set('sni', connection.get('sni') === true ? true : textAt(connection, 'sni'));
    rename(connection, 'alpn_proto_negotiated', 'alpn');
    for (const key of ['alpn_offers', 'cipher_list']) connection.set(key, [...listAt(connection, key)]);
  }
}

/** The id of the flow in which a websocket of these formats was asked for; null for any other flow. */
export function handshakeId(state: NetMap): string | null {
  const metadata = mapAt(state, 'metadata');
  return metadata && textOf(metadata.get('websocket_handshake'));
}

/** The request stands in another flow of the file, which `whole.ts` looks up; here is what goes without. */
function from11(state: NetMap): void {
  if (!state.has('websocket')) state.set('websocket', null);
}

const DUPLICATED = 'This WebSocket flow has been migrated from an old file format version and may appear duplicated.';

function unknownRequest(): NetMap {
  const none = Buffer.alloc(0);
  return new Map<string, NetValue>([
    ['authority', none],
    ['content', null],
    ['headers', []],
    ['host', 'unknown'],
    ['http_version', Buffer.from('HTTP/1.1')],
    ['method', Buffer.from('GET')],
    ['path', Buffer.from('/')],
    ['port', 80],
    ['scheme', Buffer.from('http')],
    ['timestamp_end', 0],
    ['timestamp_start', 0],
    ['trailers', null],
  ]);
}

/** A websocket flow of the formats before 12 with the flow of its handshake, which is null where it is not there. */
export function joined(talk: NetMap, handshake: NetMap | null): NetMap {
  const state: NetMap = new Map(handshake ?? talk);
  if (!handshake) {
    for (const key of ['messages', 'close_sender', 'close_code', 'close_message', 'close_reason']) state.delete(key);
    state.set('type', 'http');
    state.set('request', unknownRequest());
    state.set('response', null);
    state.set('metadata', new Map());
  }
  const metadata: NetMap = new Map(mapAt(state, 'metadata'));
  metadata.set('duplicated', DUPLICATED);
  state.set('metadata', metadata);
  const server = mapAt(state, 'server_conn');
  const websocket: NetMap = new Map();
  websocket.set('messages', [...listAt(talk, 'messages')]);
  websocket.set('closed_by_client', textAt(talk, 'close_sender') === 'client');
  websocket.set('close_code', numberAt(talk, 'close_code'));
  websocket.set('close_reason', textAt(talk, 'close_reason') ?? '');
  websocket.set('timestamp_end', server?.get('timestamp_end') ?? null);
  state.set('websocket', websocket);
  return state;
}

function from12(state: NetMap): void {
  state.set('marked', state.get('marked') === true ? ':default:' : '');
}

export const MIDDLE: ReadonlyMap<number, Step> = new Map([
  [4, from4],
  [5, from5],
  [6, from6],
  [7, from7],
  [8, from8],
  [9, from9],
  [10, from10],
  [11, from11],
  [12, from12],
]);
