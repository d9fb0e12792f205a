import { bytesToText, textToBytes } from './charset.js';
import { type Field, type Fields, fieldValue } from './fields.js';

/** One part of a multipart body (RFC 7578). */
export interface Part {
  readonly name: string;
  readonly filename: string | null;
  readonly fields: Fields;
  readonly content: Uint8Array;
}

const BREAK = '\r\n';

export function boundaryOf(fields: Fields): string | null {
  const value = fieldValue(fields, 'content-type') ?? '';
  if (!/^\s*multipart\//i.test(value)) return null;
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(value) ?? [];
  return quoted ?? plain ?? null;
}

function parameter(value: string, name: string): string | null {
  const [, quoted, plain] = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i').exec(value) ?? [];
  const found = quoted?.replace(/\\(["\\])/g, '$1') ?? plain;
  return found === undefined ? null : bytesToText(found.replaceAll('%22', '"'));
}

function partOf(bytes: Buffer): Part {
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, end < 0 ? 0 : end);
  const fields = head
    .split(BREAK)
    .filter((line) => line.includes(':'))
    .map((line): Field => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).trim()];
    });
  const disposition = fieldValue(fields, 'content-disposition') ?? '';
  return {
    name: parameter(disposition, 'name') ?? '',
    filename: parameter(disposition, 'filename'),
    fields,
    content: bytes.subarray(end < 0 ? bytes.indexOf(BREAK) + 2 : end + 4),
  };
}

/** The parts of a body; what is malformed gives what can be read of it. */
export function partsOf(body: Uint8Array, boundary: string): Part[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const delimiter = `--${boundary}`;
  const parts: Part[] = [];
  let start = bytes.indexOf(delimiter);
  while (start >= 0) {
    const from = start + delimiter.length;
    if (bytes.toString('latin1', from, from + 2) !== BREAK) break;
    const next = bytes.indexOf(`${BREAK}${delimiter}`, from);
    parts.push(partOf(bytes.subarray(from + 2, next < 0 ? bytes.length : next)));
    start = next < 0 ? -1 : next + BREAK.length;
  }
  return parts;
}

export function multipartBody(parts: readonly Part[], boundary: string): Uint8Array {
  const pieces: Buffer[] = [];
  for (const { fields, content } of parts) {
    const lines = fields.map(([name, value]) => `${name}: ${value}${BREAK}`).join('');
    pieces.push(
      Buffer.from(`--${boundary}${BREAK}${lines}${BREAK}`, 'latin1'),
      Buffer.from(content),
      Buffer.from(BREAK),
    );
  }
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--${BREAK}`, 'latin1')]);
}

/** A plain form field. */
export function partNamed(name: string, content: Uint8Array): Part {
  const quoted = textToBytes(name.replaceAll('"', '%22').replace(/[\r\n]/g, ' '));
  return { name, filename: null, fields: [['Content-Disposition', `form-data; name="${quoted}"`]], content };
}
