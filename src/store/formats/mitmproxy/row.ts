import type { FlowId } from '../../../flow/flow.js';
import { announced, signOf } from '../../../flow/picture.js';
import type { FlowRow } from '../../../flow/row.js';
import type { Plan } from '../netreader.js';
import { Far, type NetMap, type NetValue } from '../tnetstring.js';
import { EXTRAS } from './extras.js';
import { mapAt, millisAt, numberAt, octetsAt, octetsOf, textAt } from './state.js';

/*
 * A line of the list from the state of an HTTP flow, of any format from 12 on, that was read for it: what a row does
 * not need stays in the file.
 */

const MESSAGE: Plan = new Map([
  ['headers', 'far'],
  ['content', 'far'],
  ['trailers', 'skip'],
  ['authority', 'skip'],
  ['http_version', 'skip'],
  ['reason', 'skip'],
]);

const NOTHING: Plan = new Map([['*', 'skip']]);

/** Of the metadata only whether bodies are cut. */
const METADATA: Plan = new Map([...NOTHING, [EXTRAS, new Map([...NOTHING, ['cuts', NOTHING]])]]);

export const ROW_PLAN: Plan = new Map<string, 'skip' | Plan>([
  ['client_conn', 'skip'],
  ['server_conn', 'skip'],
  ['backup', 'skip'],
  ['metadata', METADATA],
  ['request', MESSAGE],
  ['response', MESSAGE],
]);

/** Reads of a list of pairs that was left where it is, for each name the second of the first pair. */
export type Find = (list: Far, names: readonly string[]) => readonly (NetValue | undefined)[];

const FIELDS = ['content-type', 'content-length'];
const HOST = ['host'];

function contentSize(content: NetValue | undefined): number | null {
  if (content instanceof Far) return content.extent.length;
  if (typeof content === 'string') return Buffer.byteLength(content);
  return content instanceof Uint8Array ? content.length : null;
}

function mediaType(value: NetValue | undefined): string {
  return (octetsOf(value).split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** Some formats have it as a flag. */
function isMarked(state: NetMap): boolean {
  const mark = state.get('marked');
  return mark === true || (typeof mark === 'string' && mark !== '');
}

function hasCuts(state: NetMap): boolean {
  const metadata = mapAt(state, 'metadata');
  return (metadata && mapAt(metadata, EXTRAS)?.has('cuts')) ?? false;
}

/** Null for a flow whose row needs more than was read: one with a conversation, or with a body that is not whole. */
export function quickRow(state: NetMap, id: FlowId, find: Find): FlowRow | null {
  const request = mapAt(state, 'request');
  if (!request || state.get('type') !== 'http' || mapAt(state, 'websocket') || hasCuts(state)) return null;
  const response = mapAt(state, 'response');
  const error = mapAt(state, 'error');
  const shown = response ?? request;
  const at = millisAt(request, 'timestamp_start') ?? millisAt(state, 'timestamp_created') ?? 0;
  const fields = shown.get('headers');
  const [type, length] = fields instanceof Far ? find(fields, FIELDS) : [];
  const expected = announced(length === undefined ? undefined : octetsOf(length));
  const asked = request.get('headers');
  const [host] = asked instanceof Far ? find(asked, HOST) : [];
  const kept = contentSize(shown.get('content'));
  return {
    id,
    revision: 0,
    kind: 'http',
    at,
    scheme: octetsAt(request, 'scheme') === 'https' ? 'https' : 'http',
    method: octetsAt(request, 'method'),
    host: textAt(request, 'host') ?? '',
    port: numberAt(request, 'port') ?? 0,
    hostHeader: octetsOf(host),
    path: octetsAt(request, 'path'),
    status: (response && numberAt(response, 'status_code')) ?? 0,
    mediaType: response ? mediaType(type) : '',
    body: signOf(kept),
    carried: kept === null ? 'streamed' : 'passed',
    expected,
    size: kept ?? expected ?? 0,
    duration: Math.max(at, endedAt(request, response, error, at)) - at,
    held: null,
    error: (error && textAt(error, 'msg')) ?? '',
    failed: error !== null,
    replayed: state.get('is_replay') === 'request',
    changed: false,
    marked: isMarked(state),
    scriptFailed: false,
    messages: -1,
    passable: false,
  };
}

function endedAt(request: NetMap, response: NetMap | null, error: NetMap | null, at: number): number {
  if (error) return millisAt(error, 'timestamp') ?? 0;
  const asked = millisAt(request, 'timestamp_end') ?? at;
  if (!response) return asked;
  return millisAt(response, 'timestamp_end') ?? millisAt(response, 'timestamp_start') ?? asked;
}
