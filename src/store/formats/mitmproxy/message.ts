import { isDeepStrictEqual } from 'node:util';
import type { BodyData } from '../../../flow/extent.js';
import type { Field, Fields } from '../../../flow/fields.js';
import { bytesThere, type Cut, type RequestImage, type ResponseImage, withCut } from '../../../flow/image.js';
import { Far, type NetMap, type NetValue } from '../tnetstring.js';
import { httpVersion } from '../version.js';
import { bytesOf, listAt, millisAt, numberAt, octetsAt, octetsOf, secondsOf, textAt } from './state.js';

/*
 * Requests and responses (NF-05, NF-06), and back.
 */

export function bodyOf(value: NetValue | undefined): BodyData | null {
  if (value instanceof Far) return { type: 'extent', extent: value.extent };
  if (value instanceof Uint8Array) return { type: 'bytes', bytes: new Uint8Array(value) };
  return typeof value === 'string' ? { type: 'bytes', bytes: new TextEncoder().encode(value) } : null;
}

export function bodyValue(body: BodyData | null): NetValue {
  if (!body) return null;
  return body.type === 'bytes' ? body.bytes : new Far(body.extent);
}

function fieldsOf(message: NetMap, key: string): Field[] {
  return listAt(message, key).flatMap((pair) =>
    Array.isArray(pair) ? [[octetsOf(pair[0]), octetsOf(pair[1])] as const] : [],
  );
}

type Head<Image> = Omit<Image, 'fields' | 'trailers' | 'body' | 'part'>;

/** `startedAt` stands in for the time of a message that has none. */
function common(message: NetMap, startedAt: number) {
  return {
    version: httpVersion(octetsAt(message, 'http_version')),
    startedAt: millisAt(message, 'timestamp_start') ?? startedAt,
    endedAt: millisAt(message, 'timestamp_end'),
  };
}

function requestHead(message: NetMap, createdAt: number): Head<RequestImage> {
  return {
    method: octetsAt(message, 'method'),
    scheme: octetsAt(message, 'scheme') === 'https' ? 'https' : 'http',
    host: textAt(message, 'host') ?? '',
    port: numberAt(message, 'port') ?? 0,
    path: octetsAt(message, 'path'),
    ...common(message, createdAt),
  };
}

function responseHead(message: NetMap, createdAt: number): Head<ResponseImage> {
  const status = numberAt(message, 'status_code') ?? 0;
  return { status, reason: octetsAt(message, 'reason'), ...common(message, createdAt) };
}

function carried(message: NetMap, cut: Cut | null) {
  return {
    fields: fieldsOf(message, 'headers'),
    trailers: fieldsOf(message, 'trailers'),
    ...withCut(bodyOf(message.get('content')), cut),
  };
}

export function requestOf(message: NetMap, createdAt: number, cut: Cut | null): RequestImage {
  return { ...requestHead(message, createdAt), ...carried(message, cut) };
}

export function responseOf(message: NetMap, createdAt: number, cut: Cut | null): ResponseImage {
  return { ...responseHead(message, createdAt), ...carried(message, cut) };
}

function pairs(fields: Fields): NetValue[] {
  return fields.map(([name, value]) => [bytesOf(name), bytesOf(value)]);
}

type Image = RequestImage | ResponseImage;

function setCommon(state: NetMap, image: Image): void {
  state.set('http_version', bytesOf(image.version));
  state.set('timestamp_start', secondsOf(image.startedAt));
  state.set('timestamp_end', image.endedAt === null ? null : secondsOf(image.endedAt));
}

function setCarried(state: NetMap, image: Image): NetMap {
  state.set('headers', pairs(image.fields));
  state.set('content', bodyValue(bytesThere(image)));
  const hadNone = listAt(state, 'trailers').length === 0;
  if (image.trailers.length > 0) state.set('trailers', pairs(image.trailers));
  else if (!hadNone || !state.has('trailers')) state.set('trailers', null);
  return state;
}

function headOf<Kind extends Image>({ fields: _f, trailers: _t, body: _b, part: _p, streams: _s, ...head }: Kind) {
  return head;
}

/** A request as it is written; what the file said of it stands where it says the same. */
export function requestState(image: RequestImage, said: NetMap | null, createdAt: number): NetMap {
  const state: NetMap = new Map(said ?? [['authority', Buffer.alloc(0)]]);
  if (!said || !isDeepStrictEqual(requestHead(said, createdAt), headOf(image))) {
    setCommon(state, image);
    state.set('method', bytesOf(image.method));
    state.set('scheme', bytesOf(image.scheme));
    state.set('host', image.host);
    state.set('port', image.port);
    state.set('path', bytesOf(image.path));
  }
  return setCarried(state, image);
}

export function responseState(image: ResponseImage, said: NetMap | null, createdAt: number): NetMap {
  const state: NetMap = new Map(said ?? []);
  if (!said || !isDeepStrictEqual(responseHead(said, createdAt), headOf(image))) {
    setCommon(state, image);
    state.set('status_code', image.status);
    state.set('reason', bytesOf(image.reason));
  }
  return setCarried(state, image);
}
