/*
 * Random text that is the same at every run.
 */

export type Random = (below: number) => number;

/** Whole numbers below a bound. */
export function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Everything that means something in a query, a cookie, a form or a multipart body, and some letters. */
const PIECES = [
  'a',
  'B',
  '0',
  '=',
  '&',
  ';',
  ',',
  ' ',
  '"',
  '\\',
  '%',
  '+',
  '#',
  '?',
  '/',
  '%41',
  '\t',
  "'",
  'é',
  '世',
  '😀',
];
const BREAKS = ['\r', '\n', '\r\n', '\0', '--'];

/** At most eight pieces of text; with `breaks`, line breaks and NUL among them. */
export function randomText(random: Random, breaks: boolean): string {
  const from = breaks ? [...PIECES, ...BREAKS] : PIECES;
  return Array.from({ length: random(9) }, () => from[random(from.length)] ?? '').join('');
}

export function randomPairs(random: Random, text: () => string): [name: string, value: string][] {
  return Array.from({ length: random(6) }, () => [text(), text()]);
}
