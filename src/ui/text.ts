/*
 * The border where foreign text is made harmless, and the one place where width in cells is known. Whatever is shown
 * goes through `glyphs`: what comes out are printable characters of known width, never a control character.
 */

export interface Glyph {
  readonly text: string;
  /** Cells: 1 or 2. */
  readonly width: 1 | 2;
}

/** Ranges of code points that take two cells (East Asian Wide and emoji with emoji presentation). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x23f0, 0x23f0],
  [0x23f3, 0x23f3],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x267f, 0x267f],
  [0x2693, 0x2693],
  [0x26a1, 0x26a1],
  [0x26aa, 0x26ab],
  [0x26bd, 0x26be],
  [0x26c4, 0x26c5],
  [0x26ce, 0x26ce],
  [0x26d4, 0x26d4],
  [0x26ea, 0x26ea],
  [0x26f2, 0x26f3],
  [0x26f5, 0x26f5],
  [0x26fa, 0x26fa],
  [0x26fd, 0x26fd],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x2728, 0x2728],
  [0x274c, 0x274c],
  [0x274e, 0x274e],
  [0x2753, 0x2755],
  [0x2757, 0x2757],
  [0x2795, 0x2797],
  [0x27b0, 0x27b0],
  [0x27bf, 0x27bf],
  [0x2b1b, 0x2b1c],
  [0x2b50, 0x2b50],
  [0x2b55, 0x2b55],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18aff],
  [0x1b000, 0x1b2ff],
  [0x1f004, 0x1f004],
  [0x1f0cf, 0x1f0cf],
  [0x1f18e, 0x1f18e],
  [0x1f191, 0x1f19a],
  [0x1f200, 0x1f320],
  [0x1f32d, 0x1f335],
  [0x1f337, 0x1f37c],
  [0x1f37e, 0x1f393],
  [0x1f3a0, 0x1f3ca],
  [0x1f3cf, 0x1f3d3],
  [0x1f3e0, 0x1f3f0],
  [0x1f3f4, 0x1f3f4],
  [0x1f3f8, 0x1f3fa],
  [0x1f400, 0x1f43e],
  [0x1f440, 0x1f440],
  [0x1f442, 0x1f4fc],
  [0x1f4ff, 0x1f53d],
  [0x1f54b, 0x1f54e],
  [0x1f550, 0x1f567],
  [0x1f57a, 0x1f57a],
  [0x1f595, 0x1f596],
  [0x1f5a4, 0x1f5a4],
  [0x1f5fb, 0x1f64f],
  [0x1f680, 0x1f6c5],
  [0x1f6cc, 0x1f6cc],
  [0x1f6d0, 0x1f6d2],
  [0x1f6d5, 0x1f6d7],
  [0x1f6dc, 0x1f6df],
  [0x1f6eb, 0x1f6ec],
  [0x1f6f4, 0x1f6fc],
  [0x1f7e0, 0x1f7eb],
  [0x1f7f0, 0x1f7f0],
  [0x1f90c, 0x1f93a],
  [0x1f93c, 0x1f945],
  [0x1f947, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x2fffd],
  [0x30000, 0x3fffd],
];

export function isWide(code: number): boolean {
  if (code < 0x1100) return false;
  let low = 0;
  let high = WIDE.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = WIDE[middle];
    if (!range || code < range[0]) high = middle - 1;
    else if (code > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}

/** Formats, private use, unassigned, surrogates, variation selectors, flags and skin tones: terminals disagree on them. */
const UNSURE =
  /^[\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Variation_Selector}\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}\u2028\u2029\u115f-\u11ff\ud7b0-\ud7ff\u3164\uffa0]$/u;
const MARK = /^\p{M}$/u;
const DOT: Glyph = { text: '·', width: 1 };

const ascii: readonly Glyph[] = Array.from({ length: 128 }, (_, code) => {
  if (code < 0x20) return { text: String.fromCharCode(0x2400 + code), width: 1 };
  return { text: code === 0x7f ? '\u2421' : String.fromCharCode(code), width: 1 };
});

const known = new Map<number, Glyph | null>();
const MOST_KNOWN = 20_000;

function classify(code: number): Glyph | null {
  if (code < 0xa0) return DOT;
  const text = String.fromCodePoint(code);
  if (UNSURE.test(text)) return DOT;
  if (MARK.test(text)) return null;
  return { text: code === 0xa0 || code === 0xad ? ' ' : text, width: isWide(code) ? 2 : 1 };
}

/** The glyph of a code point, or null for a combining mark, which is left out. */
export function glyphOf(code: number): Glyph | null {
  if (code < 128) return ascii[code] ?? DOT;
  const cached = known.get(code);
  if (cached !== undefined) return cached;
  const glyph = classify(code);
  if (known.size < MOST_KNOWN) known.set(code, glyph);
  return glyph;
}

/** What is shown for a text, glyph by glyph. */
export function* glyphs(text: string): Generator<Glyph> {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.codePointAt(at) ?? 0;
    if (code > 0xffff) at += 1;
    const glyph = glyphOf(code);
    if (glyph) yield glyph;
  }
}

const PLAIN = /^[\x20-\x7e]*$/;

export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const glyph of glyphs(text)) width += glyph.width;
  return width;
}

/** The longest start of a text that fits, harmless. */
export function startOf(text: string, width: number): string {
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, width));
  let out = '';
  let left = width;
  for (const glyph of glyphs(text)) {
    if (glyph.width > left) break;
    out += glyph.text;
    left -= glyph.width;
  }
  return out;
}

/** A text in lines of at most that many cells, at least one, harmless; broken behind blanks where there are some. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  const cells = Math.max(1, width);
  let rest = startOf(text, textWidth(text));
  while (textWidth(rest) > cells) {
    const [glyph = ''] = rest;
    const most = startOf(rest, cells) || glyph;
    const blank = most.lastIndexOf(' ');
    const isWord = rest[most.length] !== ' ' && blank > 0;
    const piece = isWord ? most.slice(0, blank + 1) : most;
    lines.push(piece.trimEnd());
    rest = rest.slice(piece.length).trimStart();
  }
  return rest === '' && lines.length > 0 ? lines : [...lines, rest];
}

function endOf(text: string, width: number): string {
  const all = [...glyphs(text)];
  let out = '';
  let left = width;
  for (let at = all.length - 1; at >= 0; at -= 1) {
    const glyph = all[at];
    if (!glyph || glyph.width > left) break;
    out = glyph.text + out;
    left -= glyph.width;
  }
  return out;
}

export type Align = 'left' | 'right';

/** A text in exactly `width` cells; what is too long is cut with … on the far side from its alignment. */
export function fit(text: string, width: number, align: Align = 'left'): string {
  if (width <= 0) return '';
  const size = textWidth(text);
  if (size <= width) {
    const shown = PLAIN.test(text) ? text : startOf(text, width);
    const pad = ' '.repeat(width - size);
    return align === 'left' ? shown + pad : pad + shown;
  }
  const cut = align === 'left' ? `${startOf(text, width - 1)}…` : `…${endOf(text, width - 1)}`;
  const missing = width - textWidth(cut);
  return align === 'left' ? cut + ' '.repeat(missing) : ' '.repeat(missing) + cut;
}

/** Bytes outside printable ASCII as \xNN, so that look-alikes cannot deceive (UI-FV-07). */
export function escapeBytes(bytes: string): string {
  return bytes.replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
