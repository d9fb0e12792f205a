import type { BodyData } from '../flow/extent.js';
import type { Field, Fields } from '../flow/fields.js';
import type {
  Carried,
  ClientFacts,
  FlowId,
  HttpVersion,
  RequestHead,
  ResponseHead,
  Scheme,
  ServerFacts,
} from '../flow/flow.js';
import type { HttpState, MessageState } from './state.js';

/*
 * A finished exchange as numbers, lines of text, one character per octet, and the bytes of its two bodies. Nothing in a
 * head can hold a line break, so that lines need no quoting; this is twice as cheap as JSON, and it is done for every
 * flow. It holds what an ordinary exchange has; others are written as a whole.
 */

interface PackedMessage<Head> extends Omit<MessageState<Head>, 'malformed' | 'cut' | 'arrivals' | 'recording'> {
  readonly recording: { readonly size: number; contents(): BodyData } | null;
}

/** What an ordinary exchange has. */
export interface Packable
  extends Pick<
    HttpState,
    'id' | 'revision' | 'createdAt' | 'client' | 'server' | 'isReused' | 'marked' | 'replayed' | 'foreign'
  > {
  readonly request: PackedMessage<RequestHead>;
  readonly response: PackedMessage<ResponseHead> | null;
}

/** The numbers of objects that many flows have in common; 0 for none. */
export interface Numbering {
  number(object: object | null): number;
}

export interface Shared {
  object(number: number): object | null;
}

export interface Packed {
  /** Absent ones are NaN. */
  readonly numbers: readonly number[];
  /** Latin-1. */
  readonly text: string;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  /** What the file that it came from says beside. */
  readonly foreign: Uint8Array;
}

const REUSED = 1;
const MARKED = 2;
const REPLAYED = 4;
const ANSWERED = 8;
const REQUEST_LOST = 16;
const RESPONSE_LOST = 32;
const FROM_MITMPROXY = 64;
const FROM_HAR = 128;

const NOTHING = new Uint8Array();

/** Bytes of the recording, or null where they are not in memory. */
function recorded(message: PackedMessage<unknown> | null): Uint8Array | null {
  const data = message?.recording?.contents();
  if (!data) return NOTHING;
  return data.type === 'bytes' ? data.bytes : null;
}

function fieldLines(fields: Fields): string {
  let text = `${fields.length}\n`;
  for (const field of fields) text += `${field[0]}\n${field[1]}\n`;
  return text;
}

/** What request and response have in common. */
function commonLines(message: PackedMessage<{ readonly version: HttpVersion; readonly fields: Fields }>): string {
  const { head, carriage, trailers } = message;
  return `${head.version}\n${carriage.how}\n${carriage.why}\n${fieldLines(head.fields)}${fieldLines(trailers)}`;
}

function pushNumbers(into: number[], message: PackedMessage<unknown>): void {
  const { expected, size, chunks, startedAt, endedAt, recording } = message;
  into.push(
    expected ?? Number.NaN,
    size,
    chunks ?? Number.NaN,
    startedAt,
    endedAt ?? Number.NaN,
    recording ? recording.size : -1,
  );
}

const NOT_AN_OCTET = /[^\x00-\xff]/;

/** Lines that a message makes: its version and how it was carried, then its fields and trailers, each with their count. */
function lineCount({ head, trailers }: PackedMessage<{ readonly fields: Fields }>): number {
  return 5 + 2 * head.fields.length + 2 * trailers.length;
}

/** Scripts and files can bring what the wire cannot. */
function isPlain(text: string, lines: number): boolean {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count === lines && !NOT_AN_OCTET.test(text);
}

/** Null where a body is not in memory, or a text is no lines of octets. */
export function pack(flow: Packable, shared: Numbering): Packed | null {
  const { request, response } = flow;
  const requestBytes = recorded(request);
  const responseBytes = recorded(response);
  if (!requestBytes || !responseBytes) return null;
  const { method, target, path, origin } = request.head;
  const flags =
    (flow.isReused ? REUSED : 0) |
    (flow.marked ? MARKED : 0) |
    (flow.replayed ? REPLAYED : 0) |
    (response ? ANSWERED : 0) |
    (request.isLost ? REQUEST_LOST : 0) |
    (response?.isLost ? RESPONSE_LOST : 0) |
    (flow.foreign ? (flow.foreign.format === 'har' ? FROM_HAR : FROM_MITMPROXY) : 0);
  const foreign = flow.foreign?.bytes ?? NOTHING;
  const numbers = [flow.revision, flow.createdAt, shared.number(flow.client), shared.number(flow.server)];
  numbers.push(flags, origin.port, foreign.length);
  pushNumbers(numbers, request);
  let text = `${method}\n${target}\n${path}\n${origin.scheme}\n${origin.host}\n${commonLines(request)}`;
  if (response) {
    numbers.push(response.head.status);
    pushNumbers(numbers, response);
    text += `${response.head.reason}\n${commonLines(response)}`;
  }
  if (!isPlain(text, 5 + lineCount(request) + (response ? 1 + lineCount(response) : 0))) return null;
  return { numbers, text, request: requestBytes, response: responseBytes, foreign };
}

/** It begins with how many numbers and how much text it has. */
const COUNT_BYTES = 4;
const NUMBER_BYTES = 8;

export function packedLength({ numbers, text, request, response, foreign }: Packed): number {
  const bodies = request.length + response.length + foreign.length;
  return COUNT_BYTES * 2 + numbers.length * NUMBER_BYTES + text.length + bodies;
}

export function writePacked({ numbers, text, request, response, foreign }: Packed, into: Buffer, start: number): void {
  into.writeUInt32LE(numbers.length, start);
  into.writeUInt32LE(text.length, start + COUNT_BYTES);
  let at = start + COUNT_BYTES * 2;
  for (const number of numbers) at = into.writeDoubleLE(number, at);
  into.write(text, at, 'latin1');
  at += text.length;
  for (const bytes of [request, response, foreign]) {
    if (bytes.length > 0) into.set(bytes, at);
    at += bytes.length;
  }
}

/** Takes the parts of a packed exchange one after the other. */
class Unpacking {
  private line = 0;
  private number = 0;
  private readonly lines: readonly string[];

  constructor(
    private readonly numbers: readonly number[],
    text: string,
  ) {
    this.lines = text.split('\n');
  }

  text(): string {
    this.line += 1;
    return this.lines[this.line - 1] ?? '';
  }

  count(): number {
    this.number += 1;
    return this.numbers[this.number - 1] ?? 0;
  }

  maybe(): number | null {
    const value = this.count();
    return Number.isNaN(value) ? null : value;
  }

  fields(): Fields {
    return Array.from({ length: Number(this.text()) }, (): Field => [this.text(), this.text()]);
  }
}

interface Common {
  readonly version: HttpVersion;
  readonly fields: Fields;
  readonly recordedSize: number;
  readonly message: <Head>(head: Head, bytes: Uint8Array, isLost: boolean) => MessageState<Head>;
}

function readCommon(from: Unpacking): Common {
  const version = from.text() as HttpVersion;
  const carriage = { how: from.text() as Carried, why: from.text() };
  const fields = from.fields();
  const trailers = from.fields();
  const expected = from.maybe();
  const size = from.count();
  const chunks = from.maybe();
  const startedAt = from.count();
  const endedAt = from.maybe();
  const length = from.count();
  const facts = { carriage, expected, size, chunks, trailers, startedAt, endedAt, malformed: null, cut: null };
  return {
    version,
    fields,
    recordedSize: Math.max(0, length),
    message: (head, bytes, isLost) => {
      const recording = length < 0 ? null : { data: { type: 'bytes', bytes } as const, size: length, failure: null };
      return { ...facts, head, isLost, arrivals: null, recording };
    },
  };
}

function readResponse(from: Unpacking, bytes: Uint8Array, isLost: boolean): MessageState<ResponseHead> {
  const status = from.count();
  const reason = from.text();
  const answered = readCommon(from);
  const { version, fields } = answered;
  return answered.message({ status, reason, version, fields }, bytes, isLost);
}

/** The flow of a record; what it shares with others is looked up. */
export function unpack(id: FlowId, payload: Buffer, shared: Shared): HttpState {
  const count = payload.readUInt32LE(0);
  const numbersAt = COUNT_BYTES * 2;
  const textAt = numbersAt + count * NUMBER_BYTES;
  const bodiesAt = textAt + payload.readUInt32LE(COUNT_BYTES);
  const numbers = Array.from({ length: count }, (_, at) => payload.readDoubleLE(numbersAt + at * NUMBER_BYTES));
  const bodies = new Uint8Array(payload.subarray(bodiesAt));
  const from = new Unpacking(numbers, payload.toString('latin1', textAt, bodiesAt));
  const revision = from.count();
  const createdAt = from.count();
  const client = shared.object(from.count()) as ClientFacts | null;
  const server = shared.object(from.count()) as ServerFacts | null;
  const flags = from.count();
  const port = from.count();
  const foreignAt = bodies.length - from.count();
  const method = from.text();
  const target = from.text();
  const path = from.text();
  const origin = { scheme: from.text() as Scheme, host: from.text(), port };
  const asked = readCommon(from);
  const head: RequestHead = { method, target, path, origin, version: asked.version, fields: asked.fields };
  const request = asked.message(head, bodies.slice(0, asked.recordedSize), (flags & REQUEST_LOST) !== 0);
  const answer = (): MessageState<ResponseHead> =>
    readResponse(from, bodies.slice(asked.recordedSize, foreignAt), (flags & RESPONSE_LOST) !== 0);
  const isForeign = (flags & (FROM_MITMPROXY | FROM_HAR)) !== 0;
  return {
    ...PLAIN,
    id,
    revision,
    createdAt,
    client,
    server,
    isReused: (flags & REUSED) !== 0,
    marked: (flags & MARKED) !== 0,
    replayed: (flags & REPLAYED) !== 0,
    foreign: isForeign ? { format: flags & FROM_HAR ? 'har' : 'mitmproxy', bytes: bodies.slice(foreignAt) } : null,
    request,
    response: flags & ANSWERED ? answer() : null,
  };
}

/** What an ordinary exchange does not have. */
const PLAIN = { kind: 'http', error: null, notes: [], comment: '', metadata: {}, talk: null, backup: null } as const;
