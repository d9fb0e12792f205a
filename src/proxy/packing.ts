import type { Field, Fields } from '../flow/fields.js';
import type { Carried, FlowId, HttpVersion, RequestHead, ResponseHead, Scheme } from '../flow/flow.js';
import type { Foreign } from '../flow/image.js';
import { type Entry, NO_METADATA } from './entry.js';
import { LiveMessage } from './message.js';
import { recordingOf } from './recording.js';
import type { Spool } from './spool.js';

/*
 * A finished entry as lines of text, one character per octet, and the bytes of its two bodies. Nothing in a head can
 * hold a line break, so that lines need no quoting; this is twice as cheap as JSON, and it is done for every flow.
 * Entries with something that does not fit (a backup, notes, an error, a body in a file) are not packed.
 */

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

/** Keeps the objects that many flows share, by number. */
export class Shared {
  private readonly numbers = new Map<object, number>();
  private readonly objects: (object | null)[] = [null];

  number(object: object | null): number {
    if (!object) return 0;
    const known = this.numbers.get(object);
    if (known !== undefined) return known;
    this.numbers.set(object, this.objects.length);
    return this.objects.push(object) - 1;
  }

  object(number: number): object | null {
    return this.objects[number] ?? null;
  }
}

const NOTHING = new Uint8Array();

/** Bytes of the recording, or null where they are not in memory. */
function recorded(message: LiveMessage<unknown> | null): Uint8Array | null {
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
function commonLines(message: LiveMessage<{ readonly version: HttpVersion; readonly fields: Fields }>): string {
  const { head, carriage, trailers } = message;
  return `${head.version}\n${carriage.how}\n${carriage.why}\n${fieldLines(head.fields)}${fieldLines(trailers)}`;
}

function pushNumbers(into: number[], message: LiveMessage<unknown>): void {
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

export function pack(entry: Entry, shared: Shared): Packed | null {
  const { request, response } = entry;
  if (entry.hasChanged || entry.error || entry.notes.length > 0 || request.cut !== null) return null;
  if (entry.conversation || request.arrivals || response?.arrivals) return null;
  if (entry.comment !== '' || entry.metadata !== NO_METADATA) return null;
  const requestBytes = recorded(request);
  const responseBytes = recorded(response);
  if (!requestBytes || !responseBytes) return null;
  const { method, target, path, origin } = request.head;
  const flags =
    (entry.isReused ? 1 : 0) |
    (entry.marked ? 2 : 0) |
    (entry.replayed ? 4 : 0) |
    (response ? 8 : 0) |
    (request.isLost ? 16 : 0) |
    (response?.isLost ? 32 : 0) |
    (entry.foreign ? (entry.foreign.format === 'har' ? 128 : 64) : 0);
  const foreign = entry.foreign?.bytes ?? NOTHING;
  const numbers = [entry.id, entry.revision, entry.createdAt, shared.number(entry.client), shared.number(entry.server)];
  numbers.push(flags, origin.port, foreign.length);
  pushNumbers(numbers, request);
  let text = `${method}\n${target}\n${path}\n${origin.scheme}\n${origin.host}\n${commonLines(request)}`;
  if (response) {
    numbers.push(response.head.status);
    pushNumbers(numbers, response);
    text += `${response.head.reason}\n${commonLines(response)}`;
  }
  return { numbers, text, request: requestBytes, response: responseBytes, foreign };
}

/** Takes the parts of a packed entry one after the other. */
class Unpacking {
  private line = 0;
  private number = 0;
  private readonly lines: readonly string[];

  constructor(
    private readonly numbers: readonly number[],
    text: string,
    readonly spool: Spool,
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
  readonly message: <Head>(head: Head, bytes: Uint8Array) => LiveMessage<Head>;
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
  return {
    version,
    fields,
    recordedSize: Math.max(0, length),
    message: (head, bytes) => {
      const recording = length < 0 ? null : recordingOf(bytes, from.spool);
      const message = new LiveMessage(head, carriage, expected, recording, startedAt);
      return Object.assign(message, { size, chunks, trailers, endedAt });
    },
  };
}

function readResponse(from: Unpacking, bytes: Uint8Array): LiveMessage<ResponseHead> {
  const status = from.count();
  const reason = from.text();
  const answered = readCommon(from);
  return answered.message({ status, reason, version: answered.version, fields: answered.fields }, bytes);
}

function foreignOf(bytes: Uint8Array, flags: number): Foreign {
  return { format: flags & 128 ? 'har' : 'mitmproxy', bytes };
}

/** Rebuilds an entry; `make` gives an empty one for the id and its client. */
export function unpack(
  numbers: readonly number[],
  text: string,
  bodies: Uint8Array,
  shared: Shared,
  spool: Spool,
  make: (id: FlowId, client: Entry['client']) => Entry,
): Entry {
  const from = new Unpacking(numbers, text, spool);
  const id = from.count() as FlowId;
  const revision = from.count();
  const createdAt = from.count();
  const client = shared.object(from.count()) as Entry['client'];
  const server = shared.object(from.count()) as Entry['server'];
  const flags = from.count();
  const port = from.count();
  const foreignSize = from.count();
  const method = from.text();
  const target = from.text();
  const path = from.text();
  const origin = { scheme: from.text() as Scheme, host: from.text(), port };
  const asked = readCommon(from);
  const head: RequestHead = { method, target, path, origin, version: asked.version, fields: asked.fields };
  const request = asked.message(head, bodies.slice(0, asked.recordedSize));
  request.isLost = (flags & 16) !== 0;
  const response = flags & 8 ? readResponse(from, bodies.slice(asked.recordedSize, bodies.length - foreignSize)) : null;
  if (response) response.isLost = (flags & 32) !== 0;
  return Object.assign(make(id, client), {
    revision,
    createdAt,
    server,
    isReused: (flags & 1) !== 0,
    marked: (flags & 2) !== 0,
    replayed: (flags & 4) !== 0,
    isLive: false,
    foreign: flags & (64 | 128) ? foreignOf(bodies.slice(bodies.length - foreignSize), flags) : null,
    request,
    response,
  });
}
