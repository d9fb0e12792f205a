import { type Fields, mediaType } from './fields.js';
import type { Pair } from './multimap.js';
import { decodedPart, encodedPart, pairsOf } from './query.js';

export function isUrlencoded(fields: Fields): boolean {
  return mediaType(fields) === 'application/x-www-form-urlencoded';
}

/** The pairs of an urlencoded body, decoded, in order (DMR-10). The body is a byte string: one character an octet. */
export function formOf(text: string): [name: string, value: string][] {
  return pairsOf(text);
}

/**
 * The pairs as an urlencoded body. A blank value is written without '=' where the body before wrote that name so; a
 * name that is new there, where it wrote all its blank values so (DMR-10).
 */
export function formText(pairs: readonly Pair<string>[], like: string): string {
  const isFlag = flagStyle(like);
  return pairs
    .map(([name, value]) =>
      value === '' && isFlag(name) ? encodedPart(name) : `${encodedPart(name)}=${encodedPart(value)}`,
    )
    .join('&');
}

function flagStyle(like: string): (name: string) => boolean {
  const pieces = like.split('&').filter((piece) => piece !== '');
  const flags = new Set(pieces.filter((piece) => !piece.includes('=')).map(decodedPart));
  const blanks = new Set(pieces.filter(isBlankPair).map((piece) => decodedPart(piece.slice(0, -1))));
  const flagsOnly = flags.size > 0 && blanks.size === 0;
  return (name) => name !== '' && (flags.has(name) || flagsOnly);
}

function isBlankPair(piece: string): boolean {
  return piece.indexOf('=') === piece.length - 1;
}
