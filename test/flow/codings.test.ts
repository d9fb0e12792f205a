import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import zlib from 'node:zlib';
import { CodingError, contentCodings, decodeContent, encodeContent, MOST_CODINGS } from '../../src/flow/codings.js';
import { zstdBomb, zstdFrame } from './zstd.js';

const PLAIN = Buffer.from('to be or not to be '.repeat(100));
const MEGABYTE = 1_048_576;

const coded: Readonly<Record<string, Buffer>> = {
  gzip: zlib.gzipSync(PLAIN),
  'x-gzip': zlib.gzipSync(PLAIN),
  deflate: zlib.deflateSync(PLAIN),
  br: zlib.brotliCompressSync(PLAIN),
  zstd: zstdFrame(PLAIN),
};

describe('DMH-04 a content coding', () => {
  for (const [coding, bytes] of Object.entries(coded))
    it(`${coding} is taken off`, () => assert.deepEqual(Buffer.from(decodeContent(bytes, [coding], MEGABYTE)), PLAIN));

  it('deflate is taken off without its wrapper, too', () =>
    assert.deepEqual(Buffer.from(decodeContent(zlib.deflateRawSync(PLAIN), ['deflate'], MEGABYTE)), PLAIN));

  it('after another is taken off first', () => {
    const twice = zlib.brotliCompressSync(zlib.gzipSync(PLAIN));
    assert.deepEqual(Buffer.from(decodeContent(twice, ['gzip', 'br'], MEGABYTE)), PLAIN);
  });

  it('of an empty body is nothing', () => assert.equal(decodeContent(new Uint8Array(), ['gzip'], 10).length, 0));
  it('that is unknown throws', () =>
    assert.throws(() => decodeContent(PLAIN, ['cow'], MEGABYTE), /unknown content coding cow/));

  for (const coding of ['gzip', 'deflate', 'br', 'zstd']) {
    it(`${coding} of junk throws`, () =>
      assert.throws(() => decodeContent(Buffer.from('junk junk junk'), [coding], 99), CodingError));
    it(`${coding} that is cut off throws`, () => {
      const bytes = coded[coding] ?? PLAIN;
      assert.throws(() => decodeContent(bytes.subarray(0, bytes.length - 6), [coding], MEGABYTE), CodingError);
    });
  }

  it('more often than five times throws', () => {
    const codings = Array.from({ length: MOST_CODINGS + 1 }, () => 'gzip');
    assert.throws(() => decodeContent(PLAIN, codings, MEGABYTE), CodingError);
  });
});

describe('a body that decodes to more than the limit', () => {
  const zeros = Buffer.alloc(4 * MEGABYTE);
  const bombs: Readonly<Record<string, Buffer>> = {
    gzip: zlib.gzipSync(zeros),
    deflate: zlib.deflateSync(zeros),
    br: zlib.brotliCompressSync(zeros, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
    zstd: zstdBomb(32),
  };
  for (const [coding, bomb] of Object.entries(bombs))
    it(`throws: ${coding}`, () => assert.throws(() => decodeContent(bomb, [coding], MEGABYTE), CodingError));

  it('may have exactly the limit', () =>
    assert.equal(decodeContent(zlib.gzipSync(zeros), ['gzip'], zeros.length).length, zeros.length));
});

describe('the codings of a message', () => {
  it('are listed over all lines without those that do nothing', () =>
    assert.deepEqual(
      contentCodings([
        ['Content-Encoding', 'GZIP, identity'],
        ['content-encoding', 'none, br'],
      ]),
      ['gzip', 'br'],
    ));
});

describe('DMH-05 putting a coding on', () => {
  for (const [coding, decode] of [
    ['gzip', zlib.gunzipSync],
    ['x-gzip', zlib.gunzipSync],
    ['deflate', zlib.inflateSync],
    ['br', zlib.brotliDecompressSync],
  ] as const)
    it(`${coding} can be read again`, () => {
      const bytes = encodeContent(PLAIN, [coding]);
      assert.deepEqual(bytes && decode(bytes), PLAIN);
    });

  it('goes in the order of the list', () => {
    const bytes = encodeContent(PLAIN, ['gzip', 'br']);
    assert.deepEqual(bytes && zlib.gunzipSync(zlib.brotliDecompressSync(bytes)), PLAIN);
  });

  it('that cannot be written gives null', () => {
    assert.equal(encodeContent(PLAIN, ['zstd']), null);
    assert.equal(encodeContent(PLAIN, ['cow', 'gzip']), null);
  });

  it('DMH-10 gives the same bytes each time', () =>
    assert.deepEqual(encodeContent(PLAIN, ['gzip']), encodeContent(PLAIN, ['gzip'])));
});
