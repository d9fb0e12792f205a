import { isUtf8 } from 'node:buffer';
import { decode } from '../content/decoder.js';
import { type ByteSource, bytesSource, sourceOf } from '../content/source.js';
import { charsetOf, decodeText } from '../flow/charset.js';
import { CodingError, contentCodings, decodeContent } from '../flow/codings.js';
import type { BodyData } from '../flow/extent.js';
import type { Fields } from '../flow/fields.js';

/*
 * Bodies as text to be looked through, a window at a time. A match that is longer than what two windows share may be
 * missed where they meet.
 */

/** A part of a body as text. */
export interface BodyPiece {
  readonly text: string;
  /** Bytes of the body before it; as UTF-8 where it is in another character set. */
  readonly offset: number;
  /** Characters in which a match may begin; with what follows the next piece begins. */
  readonly own: number;
  /** Each character is one byte, whatever it is. */
  readonly isBytes: boolean;
}

/** Bytes of a body with content codings that are decoded; a bomb costs no more. */
export const MOST_DECODED = 16 * 1024 * 1024;
/** Bytes of text in memory at a time, and those that two windows share. Both even, for UTF-16. */
export const WINDOW = 4 * 1024 * 1024;
export const SHARED = 65_536;

/** Coded bodies up to this many bytes are decoded at once, which is ten times as quick. */
const SMALL = 262_144;

async function decoded(source: ByteSource, codings: readonly string[]): Promise<ByteSource> {
  if (source.size <= SMALL) {
    try {
      return bytesSource(decodeContent(source.read(0, source.size), codings, MOST_DECODED));
    } catch (error) {
      if (!(error instanceof CodingError)) throw error;
    }
  }
  const { bytes, trouble } = await decode(codings, source, MOST_DECODED);
  return bytes.length === 0 && trouble !== '' ? source : bytesSource(bytes);
}

/** Where a character begins, at that byte or up to three before it. */
function characterStart(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > at - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start > at - 4 ? start : at;
}

type Reading = 'bytes' | { readonly charset: string };

/** How bytes are read as text. What names no character set is UTF-8 if it can be, as it is shown. */
function readingOf(fields: Fields, bytes: Uint8Array, isWhole: boolean): Reading {
  const charset = charsetOf(fields, bytes);
  if (charset !== 'latin1') return { charset };
  const whole = isWhole ? bytes : bytes.subarray(0, characterStart(bytes, bytes.length - 4));
  return isUtf8(whole) ? { charset: 'utf-8' } : 'bytes';
}

function textOf(bytes: Uint8Array, reading: Reading): string {
  return decodeText(bytes, reading === 'bytes' ? 'latin1' : reading.charset);
}

/** A body without content codings as text, in windows. */
function* windows(source: ByteSource, fields: Fields): Generator<BodyPiece> {
  let offset = 0;
  let reading: Reading | null = null;
  for (let at = 0; at < source.size; ) {
    const bytes = source.read(at, WINDOW);
    if (bytes.length === 0) return;
    const isLast = at + bytes.length >= source.size;
    reading ??= readingOf(fields, bytes, isLast);
    const isWide = reading !== 'bytes' && reading.charset.startsWith('utf-16');
    const rough = isLast ? bytes.length : Math.max(1, bytes.length - SHARED);
    const end = isLast || isWide || reading === 'bytes' ? rough : characterStart(bytes, rough);
    const own = textOf(bytes.subarray(0, end), reading);
    const text = isLast ? own : own + textOf(bytes.subarray(end), reading);
    yield { text, offset, own: own.length, isBytes: reading === 'bytes' };
    offset += reading === 'bytes' ? own.length : Buffer.byteLength(own);
    at += end;
  }
}

/** The text of a body, its content codings taken off. One that cannot be decoded is looked at as it is (FO-18). */
export async function* bodyTexts(data: BodyData, fields: Fields): AsyncGenerator<BodyPiece> {
  const source = sourceOf(data);
  const codings = contentCodings(fields);
  yield* windows(codings.length === 0 || source.size === 0 ? source : await decoded(source, codings), fields);
}

/** What one message of a conversation says. */
export function messageTexts(data: BodyData): Generator<BodyPiece> {
  return windows(sourceOf(data), []);
}
