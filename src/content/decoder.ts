import { Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { MOST_CODINGS, ZSTD_STEP } from '../flow/codings.js';
import { shortSize } from '../flow/sizes.js';
import type { ByteSource } from './source.js';

export interface Decoded {
  readonly bytes: Uint8Array;
  /** What could not be done, for the user; '' for nothing. */
  readonly trouble: string;
}

/** Bytes of a body that are decoded to be looked at; a bomb costs no more. */
export const LARGEST_DECODED = 32 * 1024 * 1024;

const WINDOW = 262_144;

async function* windows(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += WINDOW) yield source.read(at, WINDOW);
}

function transform(coding: string): Transform | null {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip();
    case 'br':
      return zlib.createBrotliDecompress();
    case 'deflate':
      return zlib.createInflate();
    case 'raw deflate':
      return zlib.createInflateRaw();
    default:
      return null;
  }
}

async function* unzstd(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = [];
  const stream = new Decompress((bytes) => out.push(bytes));
  for await (const bytes of input) {
    for (let at = 0; at < bytes.length; at += ZSTD_STEP) {
      stream.push(bytes.subarray(at, at + ZSTD_STEP));
      yield* out;
      out = [];
    }
  }
  stream.push(new Uint8Array(), true);
  yield* out;
}

async function* through(coding: string, input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (coding === 'zstd') {
    yield* unzstd(input);
    return;
  }
  const stage = transform(coding);
  if (!stage) throw new Error(`unknown content coding ${coding}`);
  const from = Readable.from(input);
  from.on('error', (error) => stage.destroy(error));
  yield* from.pipe(stage);
}

async function collect(codings: readonly string[], source: ByteSource, limit: number): Promise<Decoded> {
  let stream: AsyncIterable<Uint8Array> = windows(source);
  for (const coding of codings.toReversed()) stream = through(coding, stream);
  const parts: Uint8Array[] = [];
  let size = 0;
  let trouble = '';
  try {
    for await (const bytes of stream) {
      parts.push(bytes.subarray(0, limit - size));
      size += bytes.length;
      if (size <= limit) continue;
      trouble = `cut after ${shortSize(limit)} decoded`;
      break;
    }
  } catch (error) {
    trouble = `not valid ${codings.join(', ')}: ${(error as Error).message}`;
  }
  return { bytes: Buffer.concat(parts), trouble };
}

/** Takes content codings off, up to `limit` bytes; what came before an error or the limit is kept. */
export async function decode(codings: readonly string[], source: ByteSource, limit: number): Promise<Decoded> {
  if (codings.length > MOST_CODINGS) return { bytes: new Uint8Array(), trouble: `${codings.length} content codings` };
  if (source.size === 0) return { bytes: Buffer.alloc(0), trouble: '' };
  const decoded = await collect(codings, source, limit);
  const isBare = codings.includes('deflate') && decoded.bytes.length === 0 && decoded.trouble !== '';
  if (!isBare) return decoded;
  return collect(
    codings.map((coding) => (coding === 'deflate' ? 'raw deflate' : coding)),
    source,
    limit,
  );
}
