import type { BodyData } from '../../src/flow/extent.js';
import type { ClientFacts, FlowError, FlowId, ServerFacts, TlsFacts } from '../../src/flow/flow.js';
import type {
  BodyImage,
  Finished,
  FlowImage,
  PassageImage,
  RequestImage,
  ResponseImage,
  TalkImage,
  TalkMessageImage,
} from '../../src/flow/image.js';
import { type Random, randomOf, randomText } from '../flow/random.js';

/*
 * Flows of every kind, the same at every run. Bytes are plain arrays, as they come from another thread.
 */

function octets(random: Random, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(33 + random(222))).join('');
}

function bytes(random: Random, most: number): Uint8Array {
  return Uint8Array.from({ length: random(most) }, () => random(256));
}

function maybe<Value>(random: Random, make: () => Value): Value | null {
  return random(4) === 0 ? null : make();
}

function body(random: Random): BodyData | null {
  if (random(4) === 0) return null;
  const kind = random(4);
  if (kind === 0) return { type: 'bytes', bytes: new Uint8Array() };
  if (kind === 1) return { type: 'bytes', bytes: bytes(random, 300) };
  return { type: 'bytes', bytes: new TextEncoder().encode(`{"a": ${random(1000)}} ${randomText(random, true)}`) };
}

/** A body, or a part of one. */
function bodyImage(random: Random): BodyImage {
  const data = body(random);
  if (data?.type !== 'bytes' || random(5) > 0) return { body: data };
  const size = data.bytes.length + (data.bytes.length > 0 ? random(1000) : 0);
  return { body: null, part: { data, size, why: randomText(random, false) } };
}

/** Milliseconds with a fraction, as clocks give them. */
function time(random: Random): number {
  return 1_700_000_000_000 + random(1_000_000_000) + random(1_000_000) / 4096;
}

function fields(random: Random): [string, string][] {
  return Array.from({ length: random(6) }, () => [`x-${octets(random, 1 + random(4))}`, octets(random, random(12))]);
}

function common(random: Random) {
  const version = (['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/3'] as const)[random(4)] ?? 'HTTP/1.1';
  const startedAt = time(random);
  const endedAt = maybe(random, () => startedAt + random(10_000));
  const trailers = random(3) === 0 ? fields(random) : [];
  return { version, fields: fields(random), trailers, ...bodyImage(random), startedAt, endedAt };
}

function request(random: Random): RequestImage {
  const scheme = random(2) === 0 ? 'http' : 'https';
  const method = ['GET', 'POST', 'PUT', 'OPTIONS', 'weird-1'][random(5)] ?? 'GET';
  const host = ['a.test', '10.0.0.1', '2001:db8::1', 'b.example'][random(4)] ?? 'a.test';
  const path = `/${octets(random, random(9)).replaceAll(/[#\\]/g, '-')}?a=${random(99)}`;
  return { method, scheme, host, port: 1 + random(65_535), path, ...common(random) };
}

function response(random: Random): ResponseImage {
  return { status: 100 + random(500), reason: octets(random, random(9)), ...common(random) };
}

function error(random: Random): FlowError {
  const kind = (['killed', 'cut-off', 'unreachable', 'handshake'] as const)[random(4)] ?? 'loop';
  return { kind, message: randomText(random, false), at: time(random) };
}

function tls(random: Random, isClient: boolean): TlsFacts {
  const facts = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', alpn: 'http/1.1', sni: 'a.test' };
  const offers = random(2) === 0 ? {} : { alpnOffers: ['h2', 'http/1.1'] };
  return { ...facts, ...offers, ...(isClient && random(2) === 0 ? { ciphers: [4865, random(65_535)] } : {}) };
}

/** Enough of DER to be told from the next certificate. */
function certificate(random: Random): Uint8Array {
  const content = bytes(random, 100);
  return Uint8Array.of(0x30, content.length, ...content);
}

function client(random: Random): ClientFacts {
  const local = random(2) === 0 ? {} : { local: '[::1]:8080' };
  const certified = random(2) === 0 ? {} : { shown: certificate(random), chain: certificate(random) };
  const address = random(2) === 0 ? `127.0.0.1:${random(65_535)}` : `[::1]:${random(65_535)}`;
  return {
    mode: 'regular',
    address,
    ...local,
    connectedAt: time(random),
    tls: maybe(random, () => tls(random, true)),
    ...certified,
  };
}

function server(random: Random): ServerFacts {
  const startedAt = time(random);
  const secured = random(2) === 0;
  const names = { subject: 'CN=a.test', issuer: 'CN=ca', altNames: 'DNS:a.test', validFrom: 'a', validTo: 'b' };
  return {
    authority: `a.test:${random(65_535)}`,
    address: `192.0.2.1:${random(65_535)}`,
    ...(random(2) === 0 ? {} : { local: `192.0.2.9:${random(65_535)}` }),
    startedAt,
    connectedAt: startedAt + random(100),
    securedAt: secured ? startedAt + 100 + random(100) : null,
    tls: secured ? tls(random, false) : null,
    certificate: secured && random(2) === 0 ? { ...names, fingerprint: 'AB:CD' } : null,
    ...(secured ? { chain: Uint8Array.of(...certificate(random), ...certificate(random)) } : {}),
    trust: secured ? 'Node roots' : '',
    reused: random(2) === 0,
  };
}

function metadata(random: Random): Record<string, unknown> {
  const values = [null, true, random(1000), random(1000) / 8, randomText(random, true), [1, 'a'], { b: { c: null } }];
  return Object.fromEntries(values.slice(0, random(8)).map((value, index) => [`key ${index}`, value]));
}

function every(random: Random, id: number) {
  return {
    id: id as FlowId,
    error: random(4) === 0 ? error(random) : null,
    client: maybe(random, () => client(random)),
    server: maybe(random, () => server(random)),
    createdAt: time(random),
    live: false,
    held: false,
    marked: random(3) === 0,
    comment: randomText(random, true),
    metadata: metadata(random),
  };
}

function message(random: Random, isWebSocket: boolean): TalkMessageImage {
  const content = body(random);
  const kind = isWebSocket ? (random(2) === 0 ? 'text' : 'binary') : 'data';
  const size = content?.type === 'bytes' ? content.bytes.length : random(100_000);
  const signs = { injected: isWebSocket && random(4) === 0, dropped: isWebSocket && random(4) === 0, offset: null };
  return { fromClient: random(2) === 0, kind, at: time(random), size, ...signs, content };
}

function talk(random: Random, protocol: TalkImage['protocol']): TalkImage {
  const isWebSocket = protocol === 'websocket';
  const messages = Array.from({ length: random(5) }, () => message(random, isWebSocket));
  const code = isWebSocket ? 1000 + random(20) : null;
  const end = {
    byClient: random(2) === 0,
    code,
    reason: isWebSocket ? randomText(random, false) : '',
    at: time(random),
  };
  return { protocol, from: 0, messages, end: maybe(random, () => end), kept: null };
}

export function randomFlow(random: Random, id: number): FlowImage {
  const answer = maybe(random, () => response(random));
  return { ...every(random, id), request: request(random), response: answer, replayed: random(5) === 0 };
}

function passage(random: Random, id: number): PassageImage {
  return { ...every(random, id), host: 'a.test', port: random(65_535) };
}

/** A passage stands under the address its server was asked for by. */
function addressed(flow: PassageImage): PassageImage {
  const authority = `${flow.host}:${flow.port}`;
  return { ...flow, server: flow.server && { ...flow.server, authority } };
}

export function randomFinished(random: Random, id: number): Finished {
  const kind = random(4);
  if (kind === 0) return { flow: addressed(passage(random, id)), talk: talk(random, 'tcp') };
  const flow = randomFlow(random, id);
  if (kind > 1) return { flow, talk: null };
  return { flow: { ...flow, isWebSocket: true }, talk: talk(random, 'websocket') };
}

export function randomFlows(seed: number, count: number): Finished[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, index) => randomFinished(random, index + 1));
}
