import type { NetMap, NetValue } from '../tnetstring.js';
import { EXTRAS } from './extras.js';
import { mapAt, textAt } from './state.js';

/*
 * What mitmproxy 8.1, the first to read format 17, does not know it refuses: those keys are left out, and told.
 */

const MESSAGE = ['http_version', 'headers', 'content', 'trailers', 'timestamp_start', 'timestamp_end'];
const COMMON = [
  ...['version', 'type', 'id', 'error', 'client_conn', 'server_conn', 'intercepted', 'is_replay', 'marked'],
  ...['metadata', 'comment', 'timestamp_created', 'backup'],
];

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  http: [...COMMON, 'request', 'response', 'websocket'],
  tcp: [...COMMON, 'messages'],
  dns: [...COMMON, 'request', 'response'],
};

const KNOWN_PARTS: Readonly<Record<string, readonly string[]>> = {
  request: [...MESSAGE, 'host', 'port', 'method', 'scheme', 'authority', 'path'],
  response: [...MESSAGE, 'status_code', 'reason'],
  websocket: ['messages', 'closed_by_client', 'close_code', 'close_reason', 'timestamp_end'],
};

type Warn = (text: string) => void;

function only(map: NetMap, known: readonly string[], where: string, warn: Warn): NetMap {
  const unknown = [...map.keys()].filter((key) => !known.includes(key));
  for (const key of unknown) warn(`${where}${key} is unknown to format 17: it is left out`);
  return unknown.length === 0 ? map : new Map([...map].filter(([key]) => known.includes(key)));
}

/** Says in the metadata what format 17 cannot say, so that we read it again. */
function tell(state: NetMap, key: string, value: NetValue): void {
  const metadata: NetMap = new Map(mapAt(state, 'metadata'));
  const extras: NetMap = new Map(mapAt(metadata, EXTRAS));
  state.set('metadata', metadata.set(EXTRAS, extras.set(key, value)));
}

export function narrowed(flow: NetMap, warn: Warn): NetMap {
  const state: NetMap = new Map(flow);
  const client = mapAt(state, 'client_conn');
  const mode = client && textAt(client, 'proxy_mode');
  if (mode !== null && mode !== 'regular') tell(state, 'proxyMode', mode);
  if (client && textAt(client, 'transport_protocol') === 'udp' && state.get('type') !== 'dns')
    tell(state, 'transport', 'udp');
  if (state.get('type') === 'udp') {
    state.set('type', 'tcp');
    tell(state, 'transport', 'udp');
    warn('UDP is unknown to format 17: other programs see the datagrams as a TCP connection');
  }
  const type = textAt(state, 'type') ?? '';
  if (type === 'http')
    for (const [key, known] of Object.entries(KNOWN_PARTS)) {
      const part = mapAt(state, key);
      if (part) state.set(key, only(part, known, `${key}.`, warn));
    }
  return only(state, KNOWN[type] ?? [], '', warn);
}
