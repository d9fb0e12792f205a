import type { Rendering } from './views.js';

/*
 * Where something in a body is in what is shown of that body.
 */

const FEED = 10;

/** Blanks between tokens of JSON (RFC 8259 2). */
function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === FEED || byte === 13 || byte === 9;
}

function markLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** Indenting changes nothing but blanks. */
function placeInIndented(plain: Uint8Array, shown: Uint8Array, offset: number): number {
  let left = 0;
  for (let at = markLength(plain); at < offset; at += 1) if (!isBlank(plain[at])) left += 1;
  for (let at = 0; at < shown.length; at += 1) {
    if (isBlank(shown[at])) continue;
    if (left === 0) return at;
    left -= 1;
  }
  return Math.max(0, shown.length - 1);
}

/** The line that holds a byte, and where it begins. */
function lineAt(bytes: Buffer, offset: number): { readonly line: Buffer; readonly start: number } {
  const start = offset === 0 ? 0 : bytes.lastIndexOf(FEED, offset - 1) + 1;
  const end = bytes.indexOf(FEED, offset);
  return { line: bytes.subarray(start, end < 0 ? bytes.length : end), start };
}

/** Lines among others: the same line, as often before it as there. */
function placeAmongLines(plain: Buffer, shown: Buffer, offset: number): number {
  const { line, start } = lineAt(plain, offset);
  if (line.length === 0) return 0;
  let [from, to] = [plain.indexOf(line), shown.indexOf(line)];
  while (from >= 0 && from < start && to >= 0) {
    from = plain.indexOf(line, from + 1);
    to = shown.indexOf(line, to + 1);
  }
  return to < 0 ? 0 : to + offset - start;
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The place of a byte of a body, which is UTF-8 if it is text, in what is shown of it. */
export function placeIn(plain: Uint8Array, shown: Pick<Rendering, 'bytes' | 'isJson'>, offset: number): number {
  const at = Math.min(offset, Math.max(0, plain.length - 1));
  if (shown.isJson) return placeInIndented(plain, shown.bytes, at);
  return shown.bytes.length === plain.length ? at : placeAmongLines(buffer(plain), buffer(shown.bytes), at);
}
