import { bytesToText, textToBytes } from './charset.js';
import { type Field, type Fields, fieldValue, trimBlanks, withField } from './fields.js';
import { percentDecoded } from './query.js';

/** A part of a multipart/form-data body (RFC 7578). */
export interface Part {
  readonly name: string;
  readonly filename: string | null;
  /** All fields of the part, content-disposition included. */
  readonly fields: Fields;
  readonly content: Uint8Array;
}

/** A part of the body as indexes in it: from behind the line of its boundary to the line break before the next. */
interface Span {
  readonly start: number;
  readonly end: number;
}

interface Delimiter {
  readonly start: number;
  /** Behind its line break. */
  readonly end: number;
  readonly isLast: boolean;
}

const LF = 10;
const CR = 13;
const DASH = 45;

/** Longest head of a part; what is longer is content without a head. */
const HEAD_LIMIT = 64 * 1024;

/** The boundary that the content-type of a multipart message names, or null. */
export function boundaryOf(fields: Fields): string | null {
  const type = fieldValue(fields, 'content-type') ?? '';
  return /^[ \t]*multipart\//i.test(type) ? (parameter(type, 'boundary') ?? '') || null : null;
}

/**
 * The parts of a body, as views of its bytes. What cannot be read is left out; a body that was cut off gives the last
 * part as far as it came (DMR-11).
 */
export function partsOf(body: Uint8Array, boundary: string): Part[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  return spansOf(bytes, boundary).map(({ start, end }) => readPart(body, bytes, start, end));
}

/**
 * The parts as a body. The fields of a part are written as they are, unless its name or file name is another than
 * they say. The boundary must not be in the content of a part.
 */
export function multipartBody(parts: readonly Part[], boundary: string): Uint8Array {
  const pieces = parts.flatMap((part) => [head(part, boundary), part.content, Buffer.from('\r\n')]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`, 'latin1')]);
}

/** A plain form field. */
export function partNamed(name: string, value: Uint8Array): Part {
  return { name, filename: null, fields: [['Content-Disposition', disposition(name, null)]], content: value };
}

function spansOf(bytes: Buffer, boundary: string): Span[] {
  const spans: Span[] = [];
  let before = nextDelimiter(bytes, boundary, 0);
  while (before && !before.isLast) {
    const next = nextDelimiter(bytes, boundary, before.end);
    const end = next ? lineEnd(bytes, before.end, next.start) : bytes.length;
    if (before.end < (next?.start ?? end)) spans.push({ start: before.end, end });
    before = next;
  }
  return spans;
}

/** The next boundary that is a line of its own. */
function nextDelimiter(bytes: Buffer, boundary: string, from: number): Delimiter | null {
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  for (let at = bytes.indexOf(mark, from); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    if (at > 0 && bytes[at - 1] !== LF) continue;
    let end = at + mark.length;
    const isLast = end === bytes.length || (bytes[end] === DASH && bytes[end + 1] === DASH);
    if (isLast) return { start: at, end, isLast };
    while (bytes[end] === 32 || bytes[end] === 9) end += 1;
    if (bytes[end] === CR) end += 1;
    if (bytes[end] === LF) return { start: at, end: end + 1, isLast: false };
  }
  return null;
}

/** Where the text before a delimiter ends: the line break belongs to the delimiter (RFC 2046 5.1.1). */
function lineEnd(bytes: Buffer, from: number, delimiter: number): number {
  const end = delimiter - 1;
  return Math.max(from, end > from && bytes[end - 1] === CR ? end - 1 : end);
}

function readPart(body: Uint8Array, bytes: Buffer, start: number, end: number): Part {
  const [headEnd, contentStart] = headOf(bytes, start, end);
  const fields = readFields(bytes.toString('latin1', start, headEnd));
  return { ...namesOf(fields), fields, content: body.subarray(contentStart, end) };
}

/** Where the head ends and where the content begins: behind the first blank line. Without one all of it is head. */
function headOf(bytes: Buffer, start: number, end: number): [headEnd: number, contentStart: number] {
  const limit = Math.min(end, start + HEAD_LIMIT);
  for (let line = start; line < limit; ) {
    const lf = bytes.subarray(line, limit).indexOf(LF) + line;
    if (lf < line) break;
    if (lf === line || (lf === line + 1 && bytes[line] === CR)) return [line, lf + 1];
    line = lf + 1;
  }
  return limit === end ? [end, end] : [start, start];
}

function readFields(text: string): Field[] {
  const lines = text.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  return lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 1 ? [] : [[trimBlanks(line.slice(0, colon)), trimBlanks(line.slice(colon + 1))] as const];
  });
}

function namesOf(fields: Fields): Pick<Part, 'name' | 'filename'> {
  const value = fieldValue(fields, 'content-disposition') ?? '';
  const extended = /^utf-8'[^']*'(.*)$/is.exec(parameter(value, 'filename*') ?? '')?.[1];
  const plain = parameter(value, 'filename');
  return {
    name: formName(parameter(value, 'name') ?? ''),
    filename: extended !== undefined ? percentDecoded(extended) : plain !== undefined ? formName(plain) : null,
  };
}

/** A name as forms encode it: only quotes and line breaks, and those as octets (HTML 4.10.21.8). */
function formName(written: string): string {
  const bytes = written.replace(/%(22|0d|0a)/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return bytesToText(bytes);
}

function writtenName(name: string): string {
  return textToBytes(name).replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function disposition(name: string, filename: string | null): string {
  const plain = `form-data; name="${writtenName(name)}"`;
  return filename === null ? plain : `${plain}; filename="${writtenName(filename)}"`;
}

function head(part: Part, boundary: string): Uint8Array {
  const { name, filename } = namesOf(part.fields);
  const isSaid = part.name === name && part.filename === filename;
  const fields = isSaid
    ? part.fields
    : withField(part.fields, 'Content-Disposition', disposition(part.name, part.filename));
  const lines = fields.map((field) => `${field[0]}: ${field[1]}\r\n`);
  return Buffer.from(`--${boundary}\r\n${lines.join('')}\r\n`, 'latin1');
}

/**
 * A parameter: a token or in quotes. In quotes only \" is an escape, for browsers write every other backslash as it is,
 * and one before the closing quote too: so \" is none where the quotes would not end before ';' or the end.
 */
const PARAMETER = /;[ \t]*([^=;" \t]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"[ \t]*(?=;|$)|"([^"]*)"|([^;]*))/gs;

/** A parameter of a field's value, as it was written, or undefined. */
function parameter(value: string, name: string): string | undefined {
  for (const [, found = '', escaped, quoted, token] of value.matchAll(PARAMETER))
    if (found.toLowerCase() === name) return escaped?.replaceAll('\\"', '"') ?? quoted ?? trimBlanks(token ?? '');
  return undefined;
}
