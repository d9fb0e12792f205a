import { type TalkBatch, TalkColumns, type TalkMessage } from '../../src/flow/conversation.js';
import type { Field, Fields } from '../../src/flow/fields.js';
import type {
  Carriage,
  ClientFacts,
  FlowError,
  FlowId,
  HttpVersion,
  Note,
  RequestHead,
  ResponseHead,
  ServerFacts,
} from '../../src/flow/flow.js';
import type { Foreign } from '../../src/flow/image.js';
import type { FlowState, HttpState, MessageState, PassageState, TalkState } from '../../src/journal/state.js';
import { type Random, randomOf, randomText } from '../flow/random.js';

/*
 * Flows of every kind as the journal has them, the same at every run. Half of them are ordinary exchanges, so that the
 * short form of a record is met as often as the long one.
 */

function octets(random: Random, most: number): string {
  return Array.from({ length: random(most) }, () => String.fromCharCode(32 + random(224))).join('');
}

/** One in so many is something else. */
function seldom<Value>(random: Random, common: Value, make: () => Value): Value {
  return random(5) === 0 ? make() : common;
}

/** Milliseconds with a fraction, as clocks give them. */
function time(random: Random): number {
  return 1_700_000_000_000 + random(1_000_000_000) + random(1_000_000) / 4096;
}

function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

/** Names come twice, values are empty, and octets are none of ASCII's. */
function fields(random: Random, most: number): Fields {
  const names = ['Set-Cookie', 'x', 'X', `x-${octets(random, 5)}`];
  return Array.from({ length: random(most) }, (): Field => [names[random(4)] ?? 'x', octets(random, 20)]);
}

function carriage(random: Random): Carriage {
  const how = (['passed', 'buffered', 'streamed'] as const)[random(3)] ?? 'passed';
  return { how, why: seldom(random, 'a script wants it', () => randomText(random, true)) };
}

const SIZES = [0, 1, 300, 65_536];

function message<Head>(random: Random, head: Head, isOrdinary: boolean): MessageState<Head> {
  const bytes = noise(random, SIZES[random(4)] ?? 0);
  const startedAt = time(random);
  const rare = <Value>(common: Value, make: () => Value): Value => (isOrdinary ? common : seldom(random, common, make));
  const isLost = random(8) === 0;
  const recording = random(6) === 0 ? null : { data: { type: 'bytes', bytes } as const, size: bytes.length };
  return {
    head,
    carriage: carriage(random),
    expected: seldom(random, null, () => random(100_000)),
    size: recording ? bytes.length : random(3) * 1000,
    chunks: seldom(random, null, () => random(50)),
    trailers: seldom<Fields>(random, [], () => fields(random, 4)),
    startedAt,
    endedAt: seldom<number | null>(random, startedAt + random(1000), () => null),
    malformed: rare<string | null>(null, () => octets(random, 40)),
    cut: rare<string | null>(null, () => 'cut off'),
    isLost,
    arrivals: rare<number[] | null>(null, () => [10, time(random), 20, time(random)]),
    recording: recording && { ...recording, failure: rare<string | null>(null, () => 'the disk is full') },
  };
}

const PATHS = ['/', '*', '/%E4%B8%96?a=b', '/å', '/世界/😀?q=世', ''];
const VERSIONS: readonly HttpVersion[] = ['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/3'];

function common(random: Random): { readonly version: HttpVersion; readonly fields: Fields } {
  return { version: VERSIONS[random(4)] ?? 'HTTP/1.1', fields: fields(random, 8) };
}

function requestHead(random: Random): RequestHead {
  const path = PATHS[random(PATHS.length)] ?? '/';
  const scheme = random(2) === 0 ? 'http' : 'https';
  const origin = { scheme, host: ['a.test', '::1', ''][random(3)] ?? '', port: random(65_536) } as const;
  const target = seldom(random, path, () => `http://a.test${path}`);
  return { method: ['GET', 'POST', 'weird-1', ''][random(4)] ?? '', target, origin, path, ...common(random) };
}

/** A script can put a line break where the wire cannot. */
function responseHead(random: Random): ResponseHead {
  return { status: random(1000), reason: seldom(random, octets(random, 9), () => 'two\nlines'), ...common(random) };
}

function client(random: Random): ClientFacts {
  const tls = { version: 'TLSv1.3', cipher: 'c', alpn: 'http/1.1', sni: 'a.test', ciphers: [4865, 9] };
  return {
    address: `127.0.0.1:${random(65_536)}`,
    connectedAt: time(random),
    tls: seldom<ClientFacts['tls']>(random, null, () => tls),
    mode: 'regular',
    shown: noise(random, 20),
  };
}

function server(random: Random): ServerFacts {
  const startedAt = time(random);
  return {
    id: random(100),
    authority: 'a.test:443',
    address: '192.0.2.1:443',
    startedAt,
    connectedAt: startedAt + 1,
    securedAt: null,
    tls: null,
    certificate: null,
    trust: 'Node roots',
    reused: random(2) === 0,
  };
}

function error(random: Random): FlowError {
  return { kind: 'cut-off', message: randomText(random, true), at: time(random) };
}

function note(random: Random): Note {
  const place = { file: '/a/ö.js', line: random(99), column: 1, source: randomText(random, false) };
  return { level: random(2) === 0 ? 'info' : 'error', text: randomText(random, true), place };
}

function foreign(random: Random): Foreign {
  return { format: random(2) === 0 ? 'har' : 'mitmproxy', bytes: noise(random, random(50)) };
}

function metadata(random: Random): Record<string, unknown> {
  return { a: random(9), b: ['世', null, { c: true }], [randomText(random, true)]: random(9) / 8 };
}

/** Messages whose contents stand one behind the other; some were not kept. */
function batch(random: Random, size: number): TalkBatch {
  const columns = new TalkColumns();
  for (let count = random(30); count > 0; count -= 1) {
    const length = random(Math.max(1, size));
    const kept: Pick<TalkMessage, 'offset' | 'size'> =
      random(4) === 0 ? { offset: null, size: random(1000) } : { offset: random(size - length + 1), size: length };
    const signs = { dropped: random(4) === 0, injected: random(4) === 0, edited: random(4) === 0, held: false };
    const kind = (['text', 'binary', 'data'] as const)[random(3)] ?? 'data';
    columns.push({ fromClient: random(2) === 0, kind, at: time(random), ...kept, ...signs });
  }
  return columns.batch(0);
}

function talk(random: Random, protocol: TalkState['protocol']): TalkState {
  const bytes = noise(random, random(500));
  const end = { byClient: random(2) === 0, code: 1000, reason: randomText(random, true), at: time(random) };
  const failure = seldom<string | null>(random, null, () => 'the disk is full');
  const recording = { data: { type: 'bytes', bytes } as const, size: bytes.length, failure };
  return { protocol, batch: batch(random, bytes.length), end: seldom(random, end, () => null), recording };
}

function standing(random: Random, id: number, isOrdinary: boolean) {
  const rare = <Value>(common: Value, make: () => Value): Value => (isOrdinary ? common : seldom(random, common, make));
  return {
    id: id as FlowId,
    revision: 1 + random(1000),
    createdAt: time(random),
    client: seldom<ClientFacts | null>(random, null, () => client(random)),
    server: seldom<ServerFacts | null>(random, null, () => server(random)),
    error: rare<FlowError | null>(null, () => error(random)),
    marked: random(3) === 0,
    notes: rare<Note[]>([], () => [note(random), note(random)]),
    comment: rare('', () => randomText(random, true)),
    metadata: rare<Record<string, unknown>>({}, () => metadata(random)),
    foreign: seldom<Foreign | null>(random, null, () => foreign(random)),
  };
}

function messages(random: Random, isOrdinary: boolean): Pick<HttpState, 'request' | 'response'> {
  return {
    request: message(random, requestHead(random), isOrdinary),
    response: random(6) === 0 ? null : message(random, responseHead(random), isOrdinary),
  };
}

function backup(random: Random): NonNullable<HttpState['backup']> {
  const facts = { error: seldom<FlowError | null>(random, null, () => error(random)), replayed: random(2) === 0 };
  return { ...messages(random, false), ...facts, talk: seldom<TalkBatch | null>(random, null, () => batch(random, 9)) };
}

export function randomHttp(random: Random, id: number, isOrdinary = random(2) === 0): HttpState {
  const said = !isOrdinary && random(3) === 0 ? talk(random, 'websocket') : null;
  return {
    kind: 'http',
    ...standing(random, id, isOrdinary),
    isReused: random(2) === 0,
    replayed: random(2) === 0,
    ...messages(random, isOrdinary),
    backup: isOrdinary || random(3) > 0 ? null : backup(random),
    talk: said,
  };
}

function passage(random: Random, id: number): PassageState {
  const said = random(2) === 0 ? talk(random, 'tcp') : null;
  return {
    kind: 'passage',
    ...standing(random, id, false),
    host: 'a.test',
    port: random(65_536),
    scheme: 'tcp',
    why: randomText(random, false),
    sent: random(1_000_000),
    received: random(1_000_000),
    endedAt: seldom<number | null>(random, time(random), () => null),
    backup: said && random(2) === 0 ? batch(random, 9) : null,
    talk: said,
  };
}

export function randomStates(seed: number, count: number): FlowState[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, index) =>
    random(6) === 0 ? passage(random, index + 1) : randomHttp(random, index + 1),
  );
}
