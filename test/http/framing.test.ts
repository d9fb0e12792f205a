import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import { announcedLength, type Framing, Malformed, requestFraming, responseFraming } from '../../src/http/framing.js';

const LENGTH_5: Fields = [['Content-Length', '5']];
const CHUNKED: Fields = [['transfer-ENCODING', 'Chunked']];
const chunked: Framing = { type: 'chunked', codings: 'Chunked' };

describe('H1-03 the framing of a request', () => {
  const of = (fields: Fields, tolerant = false): Framing => requestFraming('POST', 'HTTP/1.1', fields, tolerant);

  it('is none without fields', () => assert.deepEqual(of([]), { type: 'none' }));
  it('is none for a length of zero', () => assert.deepEqual(of([['Content-Length', '000']]), { type: 'none' }));
  it('is the length', () => assert.deepEqual(of(LENGTH_5), { type: 'length', length: 5 }));
  it('is chunked', () => assert.deepEqual(of(CHUNKED), chunked));
  it('takes the largest length it can count exactly', () =>
    assert.deepEqual(of([['Content-Length', '9'.repeat(15)]]), { type: 'length', length: 999_999_999_999_999 }));
  it('refuses a longer one', () => assert.throws(() => of([['Content-Length', '1'.repeat(16)]]), Malformed));
  it('ignores names of the same length', () => assert.deepEqual(of([['Content-Lengte', 'x']]), { type: 'none' }));
  it('lets chunked win where both are tolerated', () => assert.deepEqual(of([...LENGTH_5, ...CHUNKED], true), chunked));
  it('does not tolerate lengths that only look equal', () =>
    assert.throws(() => of([...LENGTH_5, ['Content-Length', '05']], true), /repeated Content-Length/));
  it('does not tolerate a list of lengths', () =>
    assert.throws(() => of([['Content-Length', '5, 5']], true), /not a number/));
});

describe('H1-03 the framing of a response', () => {
  const of = (method: string, status: number, fields: Fields): Framing =>
    responseFraming(method, status, 'HTTP/1.1', fields, false);

  it('is the close of the connection without fields', () => assert.deepEqual(of('GET', 200, []), { type: 'close' }));
  it('is none for a length of zero', () =>
    assert.deepEqual(of('GET', 200, [['Content-Length', '0']]), { type: 'none' }));
  for (const [method, status] of [
    ['HEAD', 200],
    ['HEAD', 404],
    ['GET', 100],
    ['GET', 103],
    ['GET', 204],
    ['GET', 304],
  ] as const)
    it(`is none for ${status} to ${method}`, () => {
      assert.deepEqual(of(method, status, LENGTH_5), { type: 'none' });
      assert.deepEqual(of(method, status, []), { type: 'none' });
    });
  it('is that of any other status', () => {
    assert.deepEqual(of('GET', 205, LENGTH_5), { type: 'length', length: 5 });
    assert.deepEqual(of('GET', 500, CHUNKED), chunked);
  });
  it('does not look at the case of HEAD', () =>
    assert.deepEqual(of('head', 200, LENGTH_5), { type: 'length', length: 5 }));
});

describe('the announced length', () => {
  it('is known for none and length', () => {
    assert.equal(announcedLength({ type: 'none' }), 0);
    assert.equal(announcedLength({ type: 'length', length: 7 }), 7);
  });
  it('is unknown for chunked and close', () => {
    assert.equal(announcedLength(chunked), null);
    assert.equal(announcedLength({ type: 'close' }), null);
  });
});
