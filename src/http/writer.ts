import { type Field, type Fields, sameName } from '../flow/fields.js';
import { type RequestHead, type ResponseHead, urlOf } from '../flow/flow.js';
import type { Framing } from './framing.js';

/*
 * Messages are always written anew from the model, with framing of our own; bytes of a head are never passed on as
 * they came. Strings here hold one character per octet and are sent as latin-1.
 */

export const LAST_CHUNK = '0\r\n\r\n';
export const CRLF = '\r\n';

function lines(fields: Fields): string {
  let text = '';
  for (const field of fields) text += `${field[0]}: ${field[1]}\r\n`;
  return text;
}

/**
 * Fields that say what `framing` says. A fitting framing field stays as it is and where it is; contradicting ones go; a
 * missing one is added. A bodiless message keeps what it announces.
 */
export function framed(fields: Fields, framing: Framing, isBodiless: boolean): Fields {
  if (isBodiless) return fields;
  const out: Field[] = [];
  let isSaid = framing.type === 'none' || framing.type === 'close';
  let hasZero = false;
  for (const field of fields) {
    const isLength = sameName(field[0], 'content-length');
    if (!isLength && !sameName(field[0], 'transfer-encoding')) out.push(field);
    else if (isLength && framing.type === 'length' && !isSaid) {
      out.push(Number(field[1]) === framing.length ? field : [field[0], `${framing.length}`]);
      isSaid = true;
    } else if (!isLength && framing.type === 'chunked') {
      out.push(field);
      isSaid = true;
    } else if (isLength && framing.type === 'none' && !hasZero) {
      out.push([field[0], '0']);
      hasZero = true;
    }
  }
  if (isSaid) return out;
  out.push(framing.type === 'length' ? ['Content-Length', `${framing.length}`] : ['Transfer-Encoding', 'chunked']);
  return out;
}

/** A request head in origin-form, or in absolute-form for a proxy. */
export function requestHead(head: RequestHead, fields: Fields, isAbsolute = false): string {
  return `${head.method} ${isAbsolute ? urlOf(head) : head.path} HTTP/1.1\r\n${lines(fields)}\r\n`;
}

/** A status line and its fields; `connection` is the Connection field of this hop, '' for none. */
export function responseHead(head: ResponseHead, fields: Fields, connection: string): string {
  const hop = connection === '' ? '' : `Connection: ${connection}\r\n`;
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${lines(fields)}${hop}\r\n`;
}

export function chunkLine(size: number): string {
  return `${size.toString(16)}\r\n`;
}

/** Pieces of a body as one chunk each. */
export function chunksOf(bytes: Uint8Array, sizes: readonly number[]): Uint8Array {
  const lines = sizes.map((size) => chunkLine(size));
  const frames = lines.reduce((sum, line) => sum + line.length + CRLF.length, 0);
  const out = Buffer.allocUnsafe(bytes.length + frames);
  let from = 0;
  let at = 0;
  for (const [number, size] of sizes.entries()) {
    at += out.write(lines[number] ?? '', at, 'latin1');
    out.set(bytes.subarray(from, from + size), at);
    at += size;
    at += out.write(CRLF, at, 'latin1');
    from += size;
  }
  return out;
}

/** The end of a chunked body. */
export function chunkedEnd(trailers: Fields): string {
  return trailers.length === 0 ? LAST_CHUNK : `0\r\n${lines(trailers)}\r\n`;
}
