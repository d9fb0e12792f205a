import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import zlib from 'node:zlib';
import { decode } from '../../src/content/decoder.js';
import { type ByteSource, bytesSource } from '../../src/content/source.js';
import { zstdBomb, zstdFrame } from '../flow/zstd.js';

const MEGABYTE = 1_048_576;
const PLAIN = Buffer.from(Array.from({ length: 20_000 }, (_, at) => `line ${at * 7919}\n`).join(''));
const ZEROS = Buffer.alloc(16 * MEGABYTE);

const coded: Readonly<Record<string, readonly [coding: string, bytes: Buffer]>> = {
  gzip: ['gzip', zlib.gzipSync(PLAIN)],
  'x-gzip': ['x-gzip', zlib.gzipSync(PLAIN)],
  deflate: ['deflate', zlib.deflateSync(PLAIN)],
  'raw deflate': ['deflate', zlib.deflateRawSync(PLAIN)],
  br: ['br', zlib.brotliCompressSync(PLAIN)],
  zstd: ['zstd', zstdFrame(PLAIN)],
  'zstd in two frames': ['zstd', Buffer.concat([zstdFrame(PLAIN.subarray(0, 1000)), zstdFrame(PLAIN.subarray(1000))])],
};

/** Bytes that are read, and how many were asked for. */
class Counted implements ByteSource {
  asked = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get size(): number {
    return this.bytes.length;
  }

  read(at: number, length: number): Uint8Array {
    const read = this.bytes.subarray(at, at + length);
    this.asked += read.length;
    return read;
  }
}

describe('DMH-04 decoding for the screen', () => {
  for (const [name, [coding, bytes]] of Object.entries(coded))
    it(`takes ${name} off`, async () => {
      const { bytes: plain, trouble } = await decode([coding], bytesSource(bytes), 8 * MEGABYTE);
      assert.equal(trouble, '');
      assert.ok(Buffer.from(plain).equals(PLAIN));
    });

  it('takes several off, the last first', async () => {
    const bytes = zlib.brotliCompressSync(zlib.gzipSync(PLAIN));
    const { bytes: plain, trouble } = await decode(['gzip', 'br'], bytesSource(bytes), 8 * MEGABYTE);
    assert.equal(trouble, '');
    assert.ok(Buffer.from(plain).equals(PLAIN));
  });

  it('takes none off where there is none', async () => {
    const { bytes, trouble } = await decode([], bytesSource(PLAIN), 8 * MEGABYTE);
    assert.equal(trouble, '');
    assert.ok(Buffer.from(bytes).equals(PLAIN));
  });

  for (const coding of ['gzip', 'deflate', 'br', 'zstd'])
    it(`of nothing is nothing: ${coding}`, async () => {
      assert.deepEqual(await decode([coding], bytesSource(new Uint8Array()), MEGABYTE), {
        bytes: Buffer.alloc(0),
        trouble: '',
      });
    });
});

describe('trouble', () => {
  for (const coding of ['gzip', 'deflate', 'br', 'zstd'])
    it(`with junk in place of ${coding} names it`, async () => {
      const { trouble } = await decode([coding], bytesSource(Buffer.from('this is junk, not coded')), MEGABYTE);
      assert.match(trouble, new RegExp(`not valid (?:raw )?${coding}`));
    });

  it('with an unknown coding names it', async () => {
    assert.match((await decode(['cow'], bytesSource(PLAIN), MEGABYTE)).trouble, /unknown content coding cow/);
  });

  it('with more than five codings stops before it begins', async () => {
    const source = new Counted(PLAIN);
    const { trouble } = await decode(
      Array.from({ length: 6 }, () => 'gzip'),
      source,
      MEGABYTE,
    );
    assert.match(trouble, /6 content codings/);
    assert.equal(source.asked, 0);
  });

  it('keeps what came before the cut', async () => {
    const [, bytes] = coded.gzip ?? assert.fail();
    const { bytes: plain, trouble } = await decode(
      ['gzip'],
      bytesSource(bytes.subarray(0, bytes.length >> 1)),
      MEGABYTE,
    );
    assert.match(trouble, /not valid gzip/);
    assert.ok(plain.length > 0);
    assert.ok(PLAIN.subarray(0, plain.length).equals(plain));
  });
});

describe('a bomb stops at the limit', () => {
  const bombs: Readonly<Record<string, readonly [codings: readonly string[], bytes: Buffer]>> = {
    gzip: [['gzip'], zlib.gzipSync(ZEROS)],
    deflate: [['deflate'], zlib.deflateSync(ZEROS)],
    'raw deflate': [['deflate'], zlib.deflateRawSync(ZEROS)],
    br: [['br'], zlib.brotliCompressSync(ZEROS, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })],
    zstd: [['zstd'], zstdBomb(128)],
    'gzip twice': [['gzip', 'gzip'], zlib.gzipSync(zlib.gzipSync(ZEROS))],
  };
  for (const [name, [codings, bomb]] of Object.entries(bombs))
    for (const limit of [MEGABYTE, 1_000_000])
      it(`${name} at ${limit}`, async () => {
        const { bytes, trouble } = await decode(codings, bytesSource(bomb), limit);
        assert.match(trouble, /cut after/);
        assert.ok(bytes.length > limit / 2 && bytes.length <= limit, `${bytes.length} bytes`);
      });

  it('and a body of exactly the limit is whole', async () => {
    const { bytes, trouble } = await decode(['gzip'], bytesSource(zlib.gzipSync(ZEROS)), ZEROS.length);
    assert.equal(bytes.length, ZEROS.length);
    assert.equal(trouble, '');
  });

  it('and never holds much more than the limit', async () => {
    const bomb = zstdBomb(4096);
    const before = process.resourceUsage().maxRSS;
    await decode(['zstd'], bytesSource(bomb), MEGABYTE);
    const grown = (process.resourceUsage().maxRSS - before) / 1024;
    assert.ok(grown < 128, `${grown.toFixed()} MB`);
  });
});
