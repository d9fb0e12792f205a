import type { ByteSource } from '../../content/source.js';

/** What a file is, by its first bytes (NF-11). */
export type FileKind = 'dump' | 'har' | 'compressed' | 'empty' | 'unknown';

const BOM = [0xef, 0xbb, 0xbf];
const BLANKS = [0x20, 0x09, 0x0a, 0x0d];
const BRACE = 0x7b;
const [ZERO, NINE] = [0x30, 0x39];

export function kindOf(source: ByteSource): FileKind {
  const start = source.read(0, 1024);
  if (start.length === 0) return 'empty';
  if (isCompressed(start)) return 'compressed';
  const from = BOM.every((byte, at) => start[at] === byte) ? BOM.length : 0;
  const first = start.subarray(from).find((byte) => !BLANKS.includes(byte));
  if (first === BRACE) return 'har';
  return first !== undefined && first >= ZERO && first <= NINE ? 'dump' : 'unknown';
}

/** gzip (RFC 1952 2.3.1) or zlib (RFC 1950 2.2). */
function isCompressed(start: Uint8Array): boolean {
  const [first = 0, second = 0] = start;
  if (first === 0x1f && second === 0x8b) return true;
  return (first & 0x0f) === 8 && first >> 4 <= 7 && (first * 256 + second) % 31 === 0;
}
