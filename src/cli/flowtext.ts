import { Buffer } from 'node:buffer';
import { decode, LARGEST_DECODED } from '../content/decoder.js';
import { sourceOf } from '../content/source.js';
import { looksBinary } from '../content/views.js';
import { contentCodings } from '../flow/codings.js';
import type { BodyData } from '../flow/extent.js';
import type { Fields } from '../flow/fields.js';
import { errorOf, type Flow, type Message, responseOf, urlOf } from '../flow/flow.js';
import { messageCount, partialText, shortDuration, shortSize } from '../flow/sizes.js';
import { glyphs } from '../ui/text.js';

/*
 * Flows as plain lines. Nothing of them reaches a terminal as a control sequence, just as in the console.
 */

/** Bytes of a body that are printed at detail 3. */
const BEGINNING = 512;

interface Headed {
  readonly fields: Fields;
}

function harmless(text: string): string {
  let line = '';
  for (const glyph of glyphs(text)) line += glyph.text;
  return line;
}

/** One line: the method and URL, the status and size, or what went wrong. */
export function flowLine(flow: Flow): string {
  const error = errorOf(flow);
  const client = flow.client?.address ?? '-';
  if (flow.kind === 'tunnel') {
    const what = `${flow.talk ? 'TCP' : 'passed'} ${flow.host}:${flow.port}`;
    return harmless(
      `${client} ${what} → ${shortSize(flow.sent)} ← ${shortSize(flow.received)}${error ? ` ✗ ${error.message}` : ''}`,
    );
  }
  const response = responseOf(flow);
  const ended = response?.endedAt ?? error?.at ?? null;
  const took = ended === null ? '' : ` ${shortDuration(ended - flow.request.startedAt)}`;
  const size =
    response && response.body.contents.type !== 'missing' ? shortSize(response.body.size) : 'content missing';
  const content = flow.talk ? messageCount(flow.talk.count) : size;
  const answer = response ? `${response.head.status} ${response.head.reason} ${content}${took}` : '';
  const fault = error ? ` ✗ ${error.message}` : '';
  return harmless(`${client} ${flow.request.head.method} ${urlOf(flow.request.head)} « ${answer}${fault}`);
}

function fieldLines(fields: Fields): string[] {
  return fields.map(([name, value]) => harmless(`    ${name}: ${value}`));
}

async function bodyLines(
  fields: Fields,
  message: Message<unknown>,
  data: BodyData | null,
  isWhole: boolean,
): Promise<string[]> {
  const { contents, size } = message.body;
  const what =
    contents.type === 'partial' ? ['', harmless(`    content ${partialText(message.body, contents.why)}`)] : [];
  if (contents.type === 'missing') return ['', '    content missing'];
  if (!data || size === 0) return [];
  const source = sourceOf(data);
  const codings = contentCodings(fields);
  const bytes =
    codings.length === 0 ? source.read(0, source.size) : (await decode(codings, source, LARGEST_DECODED)).bytes;
  if (looksBinary(bytes)) return [...what, '', `    ${shortSize(bytes.length)} of binary content`];
  const shown = isWhole ? bytes : bytes.subarray(0, BEGINNING);
  const lines = Buffer.from(shown)
    .toString('utf8')
    .split('\n')
    .map((line) => harmless(`    ${line.replace(/\r$/, '')}`));
  return [...what, '', ...lines, ...(shown.length < bytes.length ? ['    …'] : [])];
}

async function messageLines(message: Message<Headed>, data: BodyData | null, detail: number): Promise<string[]> {
  const { fields } = message.head;
  const body = detail > 2 ? await bodyLines(fields, message, data, detail > 3) : [];
  return [...fieldLines(fields), ...body, ''];
}

/** What was read of a flow. */
export interface ReadFlow {
  readonly flow: Flow;
  readonly request: BodyData | null;
  readonly response: BodyData | null;
}

/** The lines of a flow at a detail of 1 to 4 (OPT-91). */
export async function flowLines({ flow, request, response }: ReadFlow, detail: number): Promise<string[]> {
  const lines = [flowLine(flow)];
  if (detail < 2 || flow.kind === 'tunnel') return lines;
  const answer = responseOf(flow);
  lines.push(...(await messageLines(flow.request, request, detail)));
  if (answer) lines.push(...(await messageLines(answer, response, detail)));
  return lines;
}

/** A flow as one line of JSON: heads, sizes, times and errors; no bodies. */
export function flowJson(flow: Flow): string {
  const error = errorOf(flow);
  const base = {
    id: flow.id,
    type: flow.kind === 'http' ? 'http' : 'tcp',
    started: flow.createdAt / 1000,
    client: flow.client?.address ?? null,
  };
  const rest = { error: error && { kind: error.kind, message: error.message }, messages: flow.talk?.count ?? null };
  if (flow.kind === 'tunnel') {
    const { host, port, sent, received, why } = flow;
    return JSON.stringify({ ...base, host, port, sent, received, why, ...rest });
  }
  const messageOf = (message: Message<Headed>) => ({
    headers: message.head.fields,
    size: message.body.size,
    content: message.body.contents.type,
    started: message.startedAt / 1000,
    ended: message.endedAt === null ? null : message.endedAt / 1000,
  });
  const { method } = flow.request.head;
  const response = responseOf(flow);
  const answer = response && { status: response.head.status, reason: response.head.reason, ...messageOf(response) };
  return JSON.stringify({
    ...base,
    request: { method, url: urlOf(flow.request.head), ...messageOf(flow.request) },
    response: answer,
    ...rest,
  });
}
