import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { type Fields, listMembers } from './fields.js';

/** Content codings, innermost last, as Content-Encoding lists them (RFC 9110 8.4); `identity` and `none` are left out. */
export function contentCodings(fields: Fields): string[] {
  return listMembers(fields, 'content-encoding').filter((coding) => coding !== 'identity' && coding !== 'none');
}

/** Most codings that are taken off one body. */
export const MOST_CODINGS = 5;

export class CodingError extends Error {}

function inflate(bytes: Uint8Array, options: zlib.ZlibOptions): Buffer {
  // Servers send "deflate" with and without the zlib wrapper; its first byte tells which.
  const isWrapped = ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;
  return isWrapped ? zlib.inflateSync(bytes, options) : zlib.inflateRawSync(bytes, options);
}

/** Input per step: a few bytes can stand for 128 KiB, so the limit must be looked at often. */
export const ZSTD_STEP = 256;

/** Decodes zstd in steps and stops past the limit, whatever the input promises. */
function unzstd(bytes: Uint8Array, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = new Decompress((part) => {
    size += part.length;
    if (size > limit) throw new CodingError(`more than ${limit} bytes decoded`);
    parts.push(part);
  });
  for (let at = 0; at < bytes.length; at += ZSTD_STEP)
    stream.push(bytes.subarray(at, at + ZSTD_STEP), at + ZSTD_STEP >= bytes.length);
  return Buffer.concat(parts);
}

function decodeOne(coding: string, bytes: Uint8Array, limit: number): Uint8Array {
  const options = { maxOutputLength: limit };
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.gunzipSync(bytes, options);
    case 'deflate':
      return inflate(bytes, options);
    case 'br':
      return zlib.brotliDecompressSync(bytes, options);
    case 'zstd':
      return unzstd(bytes, limit);
    default:
      throw new CodingError(`unknown content coding ${coding}`);
  }
}

/** Takes the content codings off. Throws a CodingError where the data or a coding is bad, or past `limit` bytes. */
export function decodeContent(bytes: Uint8Array, codings: readonly string[], limit: number): Uint8Array {
  if (codings.length > MOST_CODINGS) throw new CodingError(`${codings.length} content codings`);
  let plain = bytes;
  for (const coding of codings.toReversed()) {
    try {
      if (plain.length > 0) plain = decodeOne(coding, plain, limit);
    } catch (error) {
      if (error instanceof CodingError) throw error;
      throw new CodingError(`the body is not valid ${coding}: ${(error as Error).message}`);
    }
  }
  return plain;
}

function encodeOne(coding: string, bytes: Uint8Array): Uint8Array | null {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.gzipSync(bytes, { level: 1 });
    case 'deflate':
      return zlib.deflateSync(bytes, { level: 1 });
    case 'br':
      return zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } });
    default:
      return null;
  }
}

/** Puts the content codings on, or null where one of them cannot be written here. */
export function encodeContent(bytes: Uint8Array, codings: readonly string[]): Uint8Array | null {
  let coded: Uint8Array | null = bytes;
  for (const coding of codings) coded = coded && encodeOne(coding, coded);
  return coded;
}
