import { joined } from '../../../flow/der.js';
import type { FlowError, FlowId } from '../../../flow/flow.js';
import type { Finished, FlowImage, Foreign, PassageImage } from '../../../flow/image.js';
import { kindOf } from '../errorkind.js';
import { type NetPart, netParts } from '../netwriter.js';
import { Far, type NetMap, type NetValue } from '../tnetstring.js';
import { addressAt, type Certificates, clientOf, serverOf } from './connection.js';
import { EXTRAS, type Extras, extrasIn } from './extras.js';
import { requestOf, responseOf } from './message.js';
import { record } from './plain.js';
import { listAt, mapAt, millisAt, textAt, Unreadable } from './state.js';
import { passageTalk, websocketOf } from './talk.js';

/*
 * A flow of the newest format as an image. What an image does not hold is kept in it as the file has it.
 */

export interface FlowReading {
  readonly id: FlowId;
  readonly certificates: Certificates;
  /** What stands in a file. */
  readonly load: (far: Far) => Uint8Array;
}

function without(map: NetMap | null, ...keys: readonly string[]): NetMap | null {
  if (!map) return null;
  const rest: NetMap = new Map(map);
  for (const key of keys) rest.delete(key);
  return rest;
}

function emptyOrGone(message: NetMap | null): NetMap | null {
  const rest = without(message, 'headers', 'content');
  return rest && listAt(rest, 'trailers').length > 0 ? without(rest, 'trailers') : rest;
}

/** Backups and the like may hold bodies that were left in the file. */
function near(value: NetValue, load: FlowReading['load']): NetValue {
  if (value instanceof Far) return load(value);
  if (Array.isArray(value)) return value.map((one) => near(one, load));
  return value instanceof Map ? new Map(Array.from(value, ([key, one]) => [key, near(one, load)])) : value;
}

function isBytes(part: NetPart): part is Uint8Array {
  return part instanceof Uint8Array;
}

function foreignOf(state: NetMap, load: FlowReading['load']): Foreign {
  const rest: NetMap = new Map(state);
  const isHttp = state.get('type') === 'http';
  if (isHttp) {
    rest.set('request', emptyOrGone(mapAt(state, 'request')));
    rest.set('response', emptyOrGone(mapAt(state, 'response')));
    rest.set('websocket', without(mapAt(state, 'websocket'), 'messages'));
  } else rest.delete('messages');
  for (const key of ['client_conn', 'server_conn'])
    rest.set(key, without(mapAt(state, key), 'certificate_list', 'mitmcert'));
  return { format: 'mitmproxy', bytes: joined(netParts(near(rest, load)).filter(isBytes)) };
}

function errorOf(state: NetMap, extras: Extras): FlowError | null {
  const error = mapAt(state, 'error');
  if (!error) return null;
  const message = textAt(error, 'msg') ?? '';
  return { kind: extras.errorKind ?? kindOf(message), message, at: millisAt(error, 'timestamp') ?? 0 };
}

/** What every flow has. */
function common(state: NetMap, extras: Extras, { id, certificates, load }: FlowReading) {
  const [client, server] = [mapAt(state, 'client_conn'), mapAt(state, 'server_conn')];
  return {
    id,
    error: errorOf(state, extras),
    client: client && clientOf(client, extras),
    server: server && serverOf(server, extras, certificates),
    createdAt: createdAt(state),
    live: false,
    held: false,
    marked: (textAt(state, 'marked') ?? '') !== '',
    comment: textAt(state, 'comment') ?? '',
    metadata: record(without(mapAt(state, 'metadata'), EXTRAS) ?? new Map()),
    foreign: foreignOf(state, load),
  };
}

export function createdAt(state: NetMap): number {
  const starting = mapAt(state, 'request') ?? mapAt(state, 'client_conn');
  return millisAt(state, 'timestamp_created') ?? (starting && millisAt(starting, 'timestamp_start')) ?? 0;
}

function httpFlow(state: NetMap, extras: Extras, reading: FlowReading): Finished {
  const [request, response] = [mapAt(state, 'request'), mapAt(state, 'response')];
  if (!request) throw new Unreadable('an HTTP flow has no request');
  const created = createdAt(state);
  const asked = requestOf(request, created, extras.cuts?.request ?? null);
  const websocket = mapAt(state, 'websocket');
  const flow: FlowImage = {
    ...common(state, extras, reading),
    request: asked,
    response: response && responseOf(response, asked.endedAt ?? asked.startedAt, extras.cuts?.response ?? null),
    replayed: state.get('is_replay') === 'request',
    ...(websocket ? { isWebSocket: true } : {}),
  };
  return { flow, talk: websocket && websocketOf(websocket, extras) };
}

const WHY: Readonly<Record<string, string>> = {
  udp: 'UDP datagrams, read from a file',
  dns: 'a DNS query, read from a file and shown in words',
};

function passage(state: NetMap, type: string, extras: Extras, reading: FlowReading): Finished {
  const server = mapAt(state, 'server_conn');
  const { host = '', port = 0 } = (server && (addressAt(server, 'address') ?? addressAt(server, 'peername'))) ?? {};
  const why = WHY[type];
  const facts = common(state, extras, reading);
  const flow: PassageImage = { ...facts, host, port, ...(why === undefined ? {} : { why }) };
  return { flow, talk: passageTalk(state, extras) };
}

/** A flow of the newest format. Throws an Unreadable. */
export function finishedOf(state: NetMap, reading: FlowReading): Finished {
  const extras = extrasIn(mapAt(state, 'metadata'));
  if (extras.transport !== undefined) {
    if (state.get('type') === 'tcp') state.set('type', extras.transport);
    for (const key of ['client_conn', 'server_conn']) mapAt(state, key)?.set('transport_protocol', extras.transport);
  }
  if (extras.proxyMode !== undefined) mapAt(state, 'client_conn')?.set('proxy_mode', extras.proxyMode);
  const type = textAt(state, 'type');
  if (type === 'http') return httpFlow(state, extras, reading);
  if (type === 'tcp' || type === 'udp' || type === 'dns') return passage(state, type, extras, reading);
  const named = type === null ? 'no type' : `the type ${JSON.stringify(type.slice(0, 100))}`;
  throw new Unreadable(`a flow has ${named}, which sluice does not know`);
}
