import type { TalkEnd } from '../../../flow/conversation.js';
import type { Fields } from '../../../flow/fields.js';
import type { ClientFacts, FlowError, ServerFacts } from '../../../flow/flow.js';
import {
  type Cut,
  cutOf,
  type FlowImage,
  type RequestImage,
  type ResponseImage,
  type TalkImage,
} from '../../../flow/image.js';
import { kindIn } from '../errorkind.js';
import { isJson, type Json, listAt, member, numberAt, objectAt, textAt } from './json.js';
import type { Target } from './target.js';

/*
 * What HAR has no place for stands in each entry under `_sluice`: exact times, trailers, TLS, marks, what is missing.
 */

export const OWN = '_sluice';

/** Certificates are left out: they would be most of the file. */
export function ownOf(
  flow: FlowImage,
  talk: TalkImage | null,
  target: Target | null,
  warn: (text: string) => void,
): Json {
  const { request, response, error, createdAt, marked, replayed } = flow;
  const metadata = plainMetadata(flow.metadata, warn);
  const { host, port, scheme, path } = request;
  return {
    createdAt,
    request: ownMessage(request),
    ...(target ? {} : { target: { scheme, host, port, path } }),
    ...(response ? { response: ownMessage(response) } : {}),
    ...(error ? { error } : {}),
    client: clientValue(flow.client),
    server: serverValue(flow.server),
    ...(marked ? { marked } : {}),
    ...(replayed ? { replayed } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...(talk ? { end: talk.end } : {}),
  };
}

function ownMessage(image: RequestImage | ResponseImage): Json {
  const { startedAt, endedAt, trailers } = image;
  const cut = cutOf(image);
  return { startedAt, endedAt, trailers, ...(cut ? { cut } : {}) };
}

function isPlain(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (depth > 32 || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every((one) => isPlain(one, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  const isRecord = prototype === Object.prototype || prototype === null;
  return isRecord && Object.values(value).every((one) => isPlain(one, depth + 1));
}

function plainMetadata(metadata: Json, warn: (text: string) => void): Json {
  const entries = Object.entries(metadata).filter(([key, value]) => {
    if (isPlain(value)) return true;
    warn(`metadata ${key} holds what JSON cannot: it is left out`);
    return false;
  });
  return Object.fromEntries(entries);
}

function clientValue(client: ClientFacts | null): unknown {
  if (!client) return null;
  const { shown: _shown, chain: _chain, ...facts } = client;
  return facts;
}

function serverValue(server: ServerFacts | null): unknown {
  if (!server) return null;
  const { chain: _chain, id: _id, ...facts } = server;
  return facts;
}

export interface OwnTimes {
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly trailers: Fields;
}

export function pairsIn(value: readonly unknown[]): Fields {
  return value.flatMap((pair: unknown) => {
    const [name, text] = Array.isArray(pair) ? pair : [];
    return typeof name === 'string' && typeof text === 'string' ? [[name, text] as const] : [];
  });
}

export function timesIn(own: Json, side: 'request' | 'response'): OwnTimes | null {
  const part = objectAt(own, side);
  const startedAt = numberAt(part, 'startedAt');
  if (startedAt === null) return null;
  return { startedAt, endedAt: numberAt(part, 'endedAt'), trailers: pairsIn(listAt(part, 'trailers')) };
}

export function ownCut(own: Json, side: 'request' | 'response'): Cut | null {
  const cut = objectAt(objectAt(own, side), 'cut');
  const [size, why] = [numberAt(cut, 'size'), textAt(cut, 'why')];
  return size === null || why === null ? null : { size, why };
}

export function ownTarget(own: Json): Target | null {
  const target = objectAt(own, 'target');
  const [host, path, port] = [textAt(target, 'host'), textAt(target, 'path'), numberAt(target, 'port')];
  if (host === null || path === null || port === null) return null;
  return { scheme: textAt(target, 'scheme') === 'https' ? 'https' : 'http', host, port, path };
}

export function ownError(own: Json): FlowError | null {
  const error = objectAt(own, 'error');
  const [message, at] = [textAt(error, 'message'), numberAt(error, 'at')];
  if (message === null || at === null) return null;
  return { kind: kindIn(textAt(error, 'kind'), message), message, at };
}

export function ownEnd(own: Json): TalkEnd | null {
  const end = objectAt(own, 'end');
  const at = numberAt(end, 'at');
  if (at === null) return null;
  const reason = textAt(end, 'reason') ?? '';
  return { byClient: member(end, 'byClient') === true, code: numberAt(end, 'code'), reason, at };
}

function texts(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : null;
}

function numbers(value: unknown): readonly number[] | null {
  return Array.isArray(value) && value.every((one) => typeof one === 'number') ? value : null;
}

function tlsIn(value: unknown): ClientFacts['tls'] {
  if (!isJson(value)) return null;
  const text = (key: string): string => textAt(value, key) ?? '';
  const [offers, ciphers] = [texts(member(value, 'alpnOffers')), numbers(member(value, 'ciphers'))];
  return {
    version: text('version'),
    cipher: text('cipher'),
    alpn: text('alpn'),
    sni: text('sni'),
    ...(offers ? { alpnOffers: offers } : {}),
    ...(ciphers ? { ciphers } : {}),
  };
}

function local(facts: Json): { local?: string } {
  const found = textAt(facts, 'local');
  return found === null ? {} : { local: found };
}

export function ownClient(own: Json): ClientFacts | null {
  const facts = objectAt(own, 'client');
  const [address, connectedAt] = [textAt(facts, 'address'), numberAt(facts, 'connectedAt')];
  if (address === null || connectedAt === null) return null;
  return {
    mode: textAt(facts, 'mode') ?? 'regular',
    address,
    ...local(facts),
    connectedAt,
    tls: tlsIn(member(facts, 'tls')),
  };
}

function certificateIn(value: unknown): ServerFacts['certificate'] {
  if (!isJson(value)) return null;
  const text = (key: string): string => textAt(value, key) ?? '';
  const names = { subject: text('subject'), issuer: text('issuer'), altNames: text('altNames') };
  return { ...names, validFrom: text('validFrom'), validTo: text('validTo'), fingerprint: text('fingerprint') };
}

/** Undefined where the file is not ours. */
export function ownServer(own: Json): ServerFacts | null | undefined {
  if (member(own, 'server') === null) return null;
  const facts = objectAt(own, 'server');
  const [authority, address] = [textAt(facts, 'authority'), textAt(facts, 'address')];
  const [startedAt, connectedAt] = [numberAt(facts, 'startedAt'), numberAt(facts, 'connectedAt')];
  if (authority === null || address === null || startedAt === null || connectedAt === null) return undefined;
  return {
    authority,
    address,
    ...local(facts),
    startedAt,
    connectedAt,
    securedAt: numberAt(facts, 'securedAt'),
    tls: tlsIn(member(facts, 'tls')),
    certificate: certificateIn(member(facts, 'certificate')),
    trust: textAt(facts, 'trust') ?? '',
    reused: member(facts, 'reused') === true,
  };
}
