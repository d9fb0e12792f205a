import type { NetMap, NetValue } from '../tnetstring.js';
import { isMap, mapAt, textOf } from './state.js';

/*
 * The formats that were called after mitmproxy's own versions, 0.11 to 3.0. Each step makes the next one of a state.
 */

export type Step = (state: NetMap) => void;

const nothing: Step = () => {};

export function rename(map: NetMap | null, from: string, to: string): void {
  if (!map?.has(from)) return;
  const value = map.get(from) ?? null;
  map.delete(from);
  map.set(to, value);
}

/** The parts that there are. */
export function parts(state: NetMap, ...names: readonly string[]): NetMap[] {
  return names.map((name) => mapAt(state, name)).filter((part) => part !== null);
}

export const messages = (state: NetMap): NetMap[] => parts(state, 'request', 'response');

/** The connections of a flow, with the one a server connection goes through. */
export function connections(state: NetMap): NetMap[] {
  return [...parts(state, 'client_conn'), ...servers(state)];
}

export function servers(state: NetMap): NetMap[] {
  const server = mapAt(state, 'server_conn');
  const via = server && mapAt(server, 'via');
  return [server, via].filter((part) => part !== null && part !== undefined);
}

function dotted(value: NetValue | undefined): Uint8Array {
  return Buffer.from(`HTTP/${Array.isArray(value) ? value.join('.') : '1.1'}`);
}

function from013(state: NetMap): void {
  const [request, response] = [mapAt(state, 'request'), mapAt(state, 'response')];
  rename(request, 'form_in', 'first_line_format');
  rename(response, 'code', 'status_code');
  for (const message of messages(state)) {
    message.set('http_version', dotted(message.get('httpversion')));
    message.delete('httpversion');
  }
  const server = mapAt(state, 'server_conn');
  server?.delete('state');
  server?.set('via', null);
}

function from015(state: NetMap): void {
  for (const message of messages(state)) rename(message, 'body', 'content');
  rename(mapAt(state, 'response'), 'msg', 'reason');
  mapAt(state, 'request')?.delete('form_out');
}

function from016(state: NetMap): void {
  mapAt(state, 'server_conn')?.set('peer_address', null);
}

function text(map: NetMap | null, key: string): void {
  const value = textOf(map?.get(key));
  if (map && value !== null) map.set(key, value);
}

/** Python 2 wrote text as bytes. */
function inText(state: NetMap): void {
  text(state, 'type');
  text(state, 'id');
  text(mapAt(state, 'request'), 'first_line_format');
  text(mapAt(state, 'error'), 'msg');
}

function from017(state: NetMap): void {
  inText(state);
  rename(mapAt(state, 'server_conn'), 'peer_address', 'ip_address');
  state.set('marked', false);
}

function from018(state: NetMap): void {
  inText(state);
  const request = mapAt(state, 'request');
  request?.delete('stickyauth');
  request?.delete('stickycookie');
  const client = mapAt(state, 'client_conn');
  for (const key of ['sni', 'cipher_name', 'tls_version']) client?.set(key, null);
  for (const connection of connections(state)) connection.set('alpn_proto_negotiated', null);
  state.set('mode', 'regular');
  state.set('metadata', new Map());
}

function from100(state: NetMap): void {
  for (const connection of connections(state))
    for (const key of ['address', 'source_address', 'ip_address']) {
      const value = connection.get(key);
      if (isMap(value)) connection.set(key, value.get('address') ?? null);
    }
}

function from200(state: NetMap): void {
  mapAt(state, 'client_conn')?.set('mitmcert', null);
  for (const server of servers(state)) server.set('tls_version', null);
}

/** From the version of the first two numbers to the one after it. */
export const EARLY: ReadonlyMap<string, readonly [step: Step, to: readonly [number, number] | number]> = new Map([
  ['0.11', [nothing, [0, 12]]],
  ['0.12', [nothing, [0, 13]]],
  ['0.13', [from013, [0, 14]]],
  ['0.14', [nothing, [0, 15]]],
  ['0.15', [from015, [0, 16]]],
  ['0.16', [from016, [0, 17]]],
  ['0.17', [from017, [0, 18]]],
  ['0.18', [from018, [0, 19]]],
  ['0.19', [inText, [1, 0]]],
  ['1.0', [from100, [2, 0]]],
  ['2.0', [from200, [3, 0]]],
  ['3.0', [nothing, 4]],
]);
