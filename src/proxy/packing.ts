import type { Field, Fields } from '../flow/fields.js';
import type { Carried, FlowId, HttpVersion, RequestHead, ResponseHead, Scheme } from '../flow/flow.js';
import type { Entry } from './entry.js';
import { LiveMessage } from './message.js';
import { recordingOf } from './recording.js';
import type { Spool } from './spool.js';

/*
 * A finished entry as lines of text, one character per octet, and the bytes of its two bodies. Nothing in a head can
 * hold a line break, so that lines need no quoting; this is twice as cheap as JSON, and it is done for every flow.
 * Entries with something that does not fit (a backup, notes, an error, a body in a file) are not packed.
 */

export interface Packed {
  /** Latin-1. */
  readonly text: string;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
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

/** What request and response have in common; absent numbers are empty. */
function commonLines(message: LiveMessage<{ readonly version: HttpVersion; readonly fields: Fields }>): string {
  const { head, carriage, expected, size, chunks, trailers, startedAt, endedAt, recording } = message;
  const length = recording ? recording.size : -1;
  const numbers = `${expected ?? ''} ${size} ${chunks ?? ''} ${startedAt} ${endedAt ?? ''} ${length}`;
  return `${head.version}\n${carriage.how}\n${carriage.why}\n${numbers}\n${fieldLines(head.fields)}${fieldLines(trailers)}`;
}

export function pack(entry: Entry, shared: Shared): Packed | null {
  const { request, response } = entry;
  if (entry.hasChanged || entry.error || entry.notes.length > 0 || request.cut !== null) return null;
  const requestBytes = recorded(request);
  const responseBytes = recorded(response);
  if (!requestBytes || !responseBytes) return null;
  const { method, target, path, origin } = request.head;
  const flags = (entry.isReused ? 1 : 0) | (entry.marked ? 2 : 0) | (entry.replayed ? 4 : 0) | (response ? 8 : 0);
  let text = `${entry.id} ${entry.revision} ${entry.createdAt} ${shared.number(entry.client)} ${shared.number(entry.server)} ${flags}\n`;
  text += `${method}\n${target}\n${path}\n${origin.scheme}\n${origin.host}\n${origin.port}\n${commonLines(request)}`;
  if (response) text += `${response.head.status}\n${response.head.reason}\n${commonLines(response)}`;
  return { text, request: requestBytes, response: responseBytes };
}

/** Takes lines one after the other. */
class Lines {
  private at = 0;
  private readonly lines: readonly string[];

  constructor(text: string) {
    this.lines = text.split('\n');
  }

  next(): string {
    const line = this.lines[this.at] ?? '';
    this.at += 1;
    return line;
  }

  numbers(): (number | null)[] {
    return this.next()
      .split(' ')
      .map((word) => (word === '' ? null : Number(word)));
  }

  fields(): Fields {
    return Array.from({ length: Number(this.next()) }, (): Field => [this.next(), this.next()]);
  }
}

interface Common {
  readonly version: HttpVersion;
  readonly fields: Fields;
  readonly recordedSize: number;
  readonly message: <Head>(head: Head, bytes: Uint8Array, spool: Spool) => LiveMessage<Head>;
}

function readCommon(lines: Lines): Common {
  const version = lines.next() as HttpVersion;
  const carriage = { how: lines.next() as Carried, why: lines.next() };
  const [expected = null, size, chunks = null, startedAt, endedAt = null, length] = lines.numbers();
  const fields = lines.fields();
  const trailers = lines.fields();
  return {
    version,
    fields,
    recordedSize: Math.max(0, length ?? 0),
    message: (head, bytes, spool) => {
      const recording = (length ?? -1) < 0 ? null : recordingOf(bytes, spool);
      const message = new LiveMessage(head, carriage, expected, recording, startedAt ?? 0);
      return Object.assign(message, { size: size ?? 0, chunks, trailers, endedAt });
    },
  };
}

/** Rebuilds an entry; `make` gives an empty one for the id and its client. */
export function unpack(
  text: string,
  bodies: Uint8Array,
  shared: Shared,
  spool: Spool,
  make: (id: FlowId, client: Entry['client']) => Entry,
): Entry {
  const lines = new Lines(text);
  const [id, revision, createdAt, client, server, flags] = lines.numbers();
  const bits = flags ?? 0;
  const method = lines.next();
  const target = lines.next();
  const path = lines.next();
  const origin = { scheme: lines.next() as Scheme, host: lines.next(), port: Number(lines.next()) };
  const asked = readCommon(lines);
  const head: RequestHead = { method, target, path, origin, version: asked.version, fields: asked.fields };
  const request = asked.message(head, bodies.slice(0, asked.recordedSize), spool);
  const response = bits & 8 ? readResponse(lines, bodies.slice(asked.recordedSize), spool) : null;
  const entry = make(id as FlowId, shared.object(client ?? 0) as Entry['client']);
  return Object.assign(entry, {
    revision: revision ?? 0,
    createdAt: createdAt ?? 0,
    server: shared.object(server ?? 0) as Entry['server'],
    isReused: (bits & 1) !== 0,
    marked: (bits & 2) !== 0,
    replayed: (bits & 4) !== 0,
    isLive: false,
    request,
    response,
  });
}

function readResponse(lines: Lines, bytes: Uint8Array, spool: Spool): LiveMessage<ResponseHead> {
  const status = Number(lines.next());
  const reason = lines.next();
  const answered = readCommon(lines);
  const head: ResponseHead = { status, reason, version: answered.version, fields: answered.fields };
  return answered.message(head, bytes, spool);
}
