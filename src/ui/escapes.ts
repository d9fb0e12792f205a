const LETTERS: Readonly<Record<string, number>> = {
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
};
const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|([0-7]{1,3})|u([0-9A-Fa-f]{4})|U(0[0-9A-Fa-f]{7})|([\\'"abfnrtv]))/g;
const LAST_POINT = 0x10ffff;

function octet(hex: string | undefined, octal: string | undefined, letter = ''): number {
  if (hex) return Number.parseInt(hex, 16);
  return octal ? Number.parseInt(octal, 8) : (LETTERS[letter] ?? 0);
}

/**
 * The bytes of a text in which any byte can be written: `\r`, `\x00`, `\377`, and characters as `\u00e9`; the rest is
 * UTF-8. An escape that is none stays as it was typed (CL-03).
 */
export function bytesTyped(text: string): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [whole, hex, octal, short, long, letter] = match;
    const point = Number.parseInt(short ?? long ?? '', 16);
    if (point > LAST_POINT) continue;
    parts.push(Buffer.from(text.slice(from, match.index)));
    from = match.index + whole.length;
    if (short ?? long) parts.push(Buffer.from(String.fromCodePoint(point)));
    else parts.push(Buffer.of(octet(hex, octal, letter)));
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(from))]);
}
