import { bytesToText, textToBytes } from '../../../flow/charset.js';
import type { BodyData } from '../../../flow/extent.js';
import {
  type Field,
  type Fields,
  fieldValue,
  hasField,
  isToken,
  withField,
  withoutField,
} from '../../../flow/fields.js';
import type { FlowError, FlowId, ServerFacts } from '../../../flow/flow.js';
import { formText } from '../../../flow/form.js';
import {
  type Finished,
  type FlowImage,
  type Foreign,
  type RequestImage,
  type ResponseImage,
  type TalkImage,
  withCut,
} from '../../../flow/image.js';
import { addressText } from '../address.js';
import { kindOf } from '../errorkind.js';
import { httpVersion } from '../version.js';
import { isJson, type Json, listAt, member, numberAt, objectAt, textAt } from './json.js';
import { OWN, ownClient, ownCut, ownEnd, ownError, ownServer, ownTarget, timesIn } from './own.js';
import { messagesOf } from './talk.js';
import { type Target, targetIn } from './target.js';
import { type Moments, momentsOf } from './timings.js';

/*
 * An entry of a HAR, as Chrome, Firefox, Safari, Charles, Fiddler, Insomnia, Slack, mitmproxy or sluice wrote it
 * (HAR-02).
 */

/** An entry that cannot be made sense of. */
export class BadEntry extends Error {}

/** Slack writes pairs instead of names and values. */
function fieldIn(header: unknown): Field | null {
  const [name, value] = Array.isArray(header) ? header : [textAt(header, 'name'), textAt(header, 'value')];
  return typeof name === 'string' && typeof value === 'string' ? [name, value] : null;
}

/** Chrome joins fields of one name by line breaks, and has HTTP/2's pseudo-header fields among the others. */
function fieldsIn(message: Json, side: string, isOurs: boolean): Field[] {
  const headers = member(message, 'headers') ?? [];
  if (!Array.isArray(headers)) throw new BadEntry(`${side}.headers is no list`);
  return headers.flatMap((header: unknown) => {
    const field = fieldIn(header);
    if (!field) throw new BadEntry(`${side}.headers has one without a name or a value`);
    const [name, value] = field;
    if (isOurs) return [[textToBytes(name), textToBytes(value)] as const];
    if (name.startsWith(':')) return [];
    if (!isToken(name)) throw new BadEntry(`${side}.headers has ${JSON.stringify(name)}, which is no name of a field`);
    return value.split(/[\r\n\0]+/).map((line) => [name, textToBytes(line)] as const);
  });
}

function bodyOf(text: string, isBase64: boolean): BodyData {
  const bytes = isBase64 ? Uint8Array.from(Buffer.from(text, 'base64')) : new TextEncoder().encode(text);
  return { type: 'bytes', bytes };
}

const EMPTY: BodyData = { type: 'bytes', bytes: new Uint8Array() };

function isMissing(part: Json): boolean {
  return member(part, '_contentMissing') === true;
}

function isBase64(part: Json): boolean {
  return textAt(part, 'encoding')?.toLowerCase() === 'base64';
}

/** Null where the file tells of a body without having it. */
function requestBody(request: Json, fields: Fields): BodyData | null {
  if (isMissing(request)) return null;
  const post = member(request, 'postData');
  const text = textAt(post, 'text');
  if (isJson(post) && text !== null && (text !== '' || listAt(post, 'params').length === 0))
    return bodyOf(text, isBase64(post));
  const params = listAt(post, 'params').map((one) => [textAt(one, 'name') ?? '', textAt(one, 'value') ?? ''] as const);
  if (params.length > 0) return bodyOf(formText(params, ''), false);
  const size = numberAt(request, 'bodySize') ?? -1;
  const told = size < 0 ? Number(fieldValue(fields, 'content-length') ?? 0) : size;
  return told > 0 ? null : EMPTY;
}

const BODILESS = [204, 205, 304];

function responseBody(response: Json, method: string, status: number): BodyData | null {
  const content = objectAt(response, 'content');
  if (isMissing(content)) return null;
  const text = textAt(content, 'text');
  if (text !== null && text !== '') return bodyOf(text, isBase64(content));
  const size = numberAt(content, 'size') ?? 0;
  const hasNone = size === 0 || text !== null || method === 'HEAD' || BODILESS.includes(status);
  return hasNone ? EMPTY : null;
}

/** The body of a response in a HAR has its content codings taken off, so the head must not name them (HAR-02). */
function decodedFields(fields: Fields, body: BodyData | null, part: Json): Fields {
  const isEncoded = member(objectAt(part, OWN), 'encoded') === true;
  if (body?.type !== 'bytes' || isEncoded || body.bytes.length === 0) return fields;
  if (!hasField(fields, 'content-encoding')) return fields;
  const plain = withoutField(fields, 'content-encoding');
  return hasField(plain, 'content-length') ? withField(plain, 'content-length', String(body.bytes.length)) : plain;
}

function requestOf(entry: Json, own: Json, target: Target, moments: Moments): RequestImage {
  const request = objectAt(entry, 'request');
  const method = textAt(request, 'method') ?? '';
  const isOurs = member(entry, OWN) !== undefined;
  if (method === '' && !isOurs) throw new BadEntry('request.method is missing');
  const fields = fieldsIn(request, 'request', isOurs);
  const body = requestBody(request, fields);
  const times = timesIn(own, 'request');
  return {
    method: textToBytes(method),
    ...target,
    version: httpVersion(textAt(request, 'httpVersion') ?? ''),
    fields,
    trailers: times?.trailers ?? [],
    ...withCut(body, ownCut(own, 'request')),
    startedAt: times?.startedAt ?? moments.startedAt,
    endedAt: times ? times.endedAt : moments.requestEndedAt,
  };
}

function responseOf(entry: Json, own: Json, method: string, moments: Moments): ResponseImage | null {
  const response = objectAt(entry, 'response');
  const status = numberAt(response, 'status') ?? Number(textAt(response, 'status') ?? 0);
  if (!Number.isInteger(status) || status < 0 || status > 999) throw new BadEntry('response.status is no status');
  if (status === 0) return null;
  const fields = fieldsIn(response, 'response', member(entry, OWN) !== undefined);
  const body = responseBody(response, method, status);
  const times = timesIn(own, 'response');
  return {
    status,
    reason: textToBytes(textAt(response, 'statusText') ?? ''),
    version: httpVersion(textAt(response, 'httpVersion') ?? ''),
    fields: decodedFields(fields, body, objectAt(response, 'content')),
    trailers: times?.trailers ?? [],
    ...withCut(body, ownCut(own, 'response')),
    startedAt: times?.startedAt ?? moments.responseStartedAt,
    endedAt: times ? times.endedAt : moments.responseEndedAt,
  };
}

function errorOf(entry: Json, own: Json, moments: Moments): FlowError | null {
  const error = ownError(own);
  if (error) return error;
  const message = textAt(objectAt(entry, 'response'), '_error');
  return message === null || message === '' ? null : { kind: kindOf(message), message, at: moments.responseEndedAt };
}

function serverOf(entry: Json, own: Json, { host, port }: Target, moments: Moments): ServerFacts | null {
  const server = ownServer(own);
  if (server !== undefined) return server;
  const address = (textAt(entry, 'serverIPAddress') ?? '').replace(/^\[|\]$/g, '');
  if (address === '') return null;
  const { startedAt, connectedAt, securedAt, isReused } = moments;
  const names = { authority: addressText({ host, port }), address: addressText({ host: address, port }) };
  return { ...names, startedAt, connectedAt, securedAt, tls: null, certificate: null, trust: '', reused: isReused };
}

const HELD = [
  ...['startedDateTime', 'time', 'request', 'response', 'timings', 'serverIPAddress', 'comment', 'cache', OWN],
  '_webSocketMessages',
];

/** What else stands in the entry: who initiated it, which page it is of. */
function foreignOf(entry: Json): Foreign | null {
  const rest = Object.entries(entry).filter(([key]) => !HELD.includes(key) && key !== '__proto__');
  if (rest.length === 0) return null;
  return { format: 'har', bytes: new TextEncoder().encode(JSON.stringify(Object.fromEntries(rest))) };
}

function talkOf(entry: Json, own: Json): TalkImage | null {
  const messages = member(entry, '_webSocketMessages');
  if (!Array.isArray(messages)) return null;
  return { protocol: 'websocket', from: 0, messages: messagesOf(messages), end: ownEnd(own), kept: null };
}

function beganAt(entry: Json): number {
  const date = Date.parse(textAt(entry, 'startedDateTime') ?? '');
  return Number.isNaN(date) ? 0 : date;
}

/** A flow of an entry. Throws a BadEntry. */
export function finishedOf(entry: unknown, id: number): Finished {
  if (!isJson(entry) || !isJson(member(entry, 'request'))) throw new BadEntry('there is no request');
  const own = objectAt(entry, OWN);
  const url = textAt(objectAt(entry, 'request'), 'url') ?? '';
  const target = ownTarget(own) ?? targetIn(url);
  if (!target) throw new BadEntry(`request.url ${JSON.stringify(url.slice(0, 200))} is no URL of HTTP`);
  const moments = momentsOf(beganAt(entry), objectAt(entry, 'timings'));
  const request = requestOf(entry, own, target, moments);
  const talk = talkOf(entry, own);
  const foreign = foreignOf(entry);
  const flow: FlowImage = {
    id: id as FlowId,
    request,
    response: responseOf(entry, own, bytesToText(request.method), moments),
    error: errorOf(entry, own, moments),
    client: ownClient(own),
    server: serverOf(entry, own, target, moments),
    createdAt: numberAt(own, 'createdAt') ?? request.startedAt,
    live: false,
    held: false,
    marked: member(own, 'marked') === true,
    replayed: member(own, 'replayed') === true,
    ...(talk ? { isWebSocket: true } : {}),
    comment: textAt(entry, 'comment') ?? '',
    metadata: { ...objectAt(own, 'metadata') },
    ...(foreign ? { foreign } : {}),
  };
  return { flow, talk };
}
