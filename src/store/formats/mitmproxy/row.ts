import type { FlowId } from '../../../flow/flow.js';
import type { BodySign, FlowRow } from '../../../flow/row.js';
import { Far, type NetMap, type NetValue } from '../tnetstring.js';
import { isMap, listAt, mapAt, millisAt, numberAt, octetsAt, octetsOf, textAt } from './state.js';

/*
 * A line of the list from a state; for an HTTP flow, of any format from 12 on.
 */

/** The values the row of an HTTP flow does without. */
export const NOT_IN_ROWS: ReadonlySet<string> = new Set(['client_conn', 'server_conn', 'backup', 'metadata']);

function sizeOf(content: NetValue | undefined): number | null {
  if (content instanceof Far) return content.extent.length;
  return content instanceof Uint8Array ? content.length : null;
}

function signOf(size: number | null): BodySign {
  return size === null ? 'missing' : size === 0 ? 'empty' : 'kept';
}

const CONTENT_TYPE = /^content-type$/i;
const HOST = /^host$/i;

/** The first value of a header of that name; '' for none. */
function header(message: NetMap, name: RegExp): string {
  for (const pair of listAt(message, 'headers'))
    if (Array.isArray(pair) && name.test(octetsOf(pair[0]))) return octetsOf(pair[1]);
  return '';
}

function mediaType(message: NetMap): string {
  return (header(message, CONTENT_TYPE).split(';')[0] ?? '').trim().toLowerCase();
}

const NO_FLAGS = {
  held: null,
  changed: false,
  scriptFailed: false,
  passable: false,
  revision: 0,
} as const;

function common(state: NetMap, id: FlowId) {
  const error = mapAt(state, 'error');
  const mark = state.get('marked');
  return {
    ...NO_FLAGS,
    id,
    error: (error && textAt(error, 'msg')) ?? '',
    failed: error !== null,
    marked: mark === true || (typeof mark === 'string' && mark !== ''),
    replayed: state.get('is_replay') === 'request',
    carried: 'buffered',
    expected: null,
  } as const;
}

/** What is known last of an exchange: it is over, as it is in a file. */
function endOf(state: NetMap, request: NetMap, response: NetMap | null, at: number): number {
  const error = mapAt(state, 'error');
  const ends = [response && millisAt(response, 'timestamp_end'), error && millisAt(error, 'timestamp')];
  return ends.find((end) => end !== null) ?? millisAt(request, 'timestamp_end') ?? at;
}

function httpRow(state: NetMap, id: FlowId, request: NetMap): FlowRow {
  const response = mapAt(state, 'response');
  const websocket = mapAt(state, 'websocket');
  const at = millisAt(request, 'timestamp_start') ?? 0;
  const size = response ? sizeOf(response.get('content')) : 0;
  return {
    ...common(state, id),
    kind: 'http',
    at,
    scheme: octetsAt(request, 'scheme'),
    method: octetsAt(request, 'method'),
    host: textAt(request, 'host') ?? '',
    port: numberAt(request, 'port') ?? 0,
    hostHeader: header(request, HOST),
    path: octetsAt(request, 'path'),
    status: (response && numberAt(response, 'status_code')) ?? 0,
    mediaType: response ? mediaType(response) : '',
    body: signOf(size),
    size: size ?? 0,
    duration: Math.max(0, endOf(state, request, response, at) - at),
    messages: websocket ? listAt(websocket, 'messages').length : -1,
  };
}

function messageSize(message: NetValue): number {
  return Array.isArray(message) ? (sizeOf(message[1]) ?? 0) : 0;
}

function passageRow(state: NetMap, id: FlowId): FlowRow {
  const messages = listAt(state, 'messages');
  const at = millisAt(state, 'timestamp_created') ?? 0;
  const client = mapAt(state, 'client_conn');
  const server = mapAt(state, 'server_conn');
  const [host, port] = server ? listAt(server, 'address') : [];
  const type = textAt(state, 'type') ?? '';
  const isDns = type === 'dns';
  const count = isDns ? [state.get('request'), state.get('response')].filter(isMap).length : messages.length;
  return {
    ...common(state, id),
    kind: 'tunnel',
    at,
    scheme: '',
    method: type.toUpperCase(),
    host: typeof host === 'string' ? host : octetsOf(host),
    port: typeof port === 'number' ? port : 0,
    hostHeader: '',
    path: '',
    status: 0,
    mediaType: '',
    body: 'empty',
    size: messages.reduce<number>((sum, message) => sum + messageSize(message), 0),
    duration: Math.max(0, ((client && millisAt(client, 'timestamp_end')) ?? at) - at),
    messages: count,
  };
}

export function rowOf(state: NetMap, id: FlowId): FlowRow {
  const request = mapAt(state, 'request');
  return request && textAt(state, 'type') === 'http' ? httpRow(state, id, request) : passageRow(state, id);
}
