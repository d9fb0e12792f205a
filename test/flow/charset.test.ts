import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesToText, charsetOf, decodeText, encodeText, textToBytes } from '../../src/flow/charset.js';

function charset(type: string, body: string | Uint8Array = ''): string {
  return charsetOf([['Content-Type', type]], typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
}

describe('DMH-06 the character set', () => {
  const table: readonly [string, string, string, string][] = [
    ['is a byte order mark before all', 'text/plain; charset=latin1', '\xef\xbb\xbfx', 'utf-8'],
    ['is UTF-16 by its mark', 'text/plain', '\xff\xfex\0', 'utf-16le'],
    ['is big-endian UTF-16 by its mark', 'text/plain', '\xfe\xff\0x', 'utf-16be'],
    ['is the parameter', 'text/html;Charset="Shift_JIS"', '<meta charset=utf-8>', 'shift_jis'],
    ['is gb18030 for gb2312', 'text/plain; charset=gb2312', '', 'gb18030'],
    ['is gb18030 for GBK', 'text/plain; charset=GBK', '', 'gb18030'],
    ['goes on where the parameter is unknown', 'application/json; charset=klingon', '', 'utf-8'],
    ['is UTF-8 for JSON', 'application/problem+json', '', 'utf-8'],
    ['is UTF-8 for JavaScript', 'text/javascript', '', 'utf-8'],
    ['is what HTML says', 'text/html', '<html><meta charset="koi8-r">', 'koi8-r'],
    ['is what HTML says the old way', 'text/html', '<meta http-equiv=x content="text/html; charset=koi8-r">', 'koi8-r'],
    ['is UTF-8 for other HTML', 'text/html', '<p>', 'utf-8'],
    ['is what XML says', 'text/xml', '<?xml version="1.0" encoding="koi8-r"?>', 'koi8-r'],
    ['is UTF-8 for other XML', 'application/xml', '<a/>', 'utf-8'],
    ['is what CSS says', 'text/css', '@charset "koi8-r";', 'koi8-r'],
    ['is UTF-8 for other CSS', 'text/css', 'a{}', 'utf-8'],
    ['is latin-1 for all else', 'application/octet-stream', 'x', 'latin1'],
  ];
  for (const [name, type, body, expected] of table) it(name, () => assert.equal(charset(type, body), expected));

  it('is latin-1 without a type', () => assert.equal(charsetOf([], new Uint8Array()), 'latin1'));
});

describe('text', () => {
  it('is decoded as its character set says', () => {
    assert.equal(decodeText(Uint8Array.of(0xe9), 'latin1'), 'é');
    assert.equal(decodeText(Uint8Array.of(0xc3, 0xa9), 'utf-8'), 'é');
    assert.equal(decodeText(Uint8Array.of(0x82, 0xa0), 'shift_jis'), 'あ');
  });

  it('that is none throws only where that is asked for', () => {
    assert.equal(decodeText(Uint8Array.of(0xff), 'utf-8'), '\ufffd');
    assert.throws(() => decodeText(Uint8Array.of(0xff), 'utf-8', true));
  });

  it('is decoded from the middle of a buffer', () =>
    assert.equal(decodeText(Buffer.from('xxé', 'latin1').subarray(2), 'latin1'), 'é'));

  for (const name of [
    'utf-8',
    'latin1',
    'windows-1252',
    'utf-16le',
    'utf-16be',
    'shift_jis',
    'gb18030',
    'koi8-r',
    'euc-kr',
  ])
    it(`is written so that it reads the same, or not at all, in ${name}`, () => {
      for (const text of ['', 'plain', 'é', '€', 'あ', '\ud83d\ude00', 'a\\~']) {
        const bytes = encodeText(text, name);
        if (bytes) assert.equal(decodeText(bytes, name), text, JSON.stringify(text));
      }
    });

  it('that latin-1 cannot hold is not written in it', () => assert.equal(encodeText('€', 'latin1'), null));
  it('in ASCII is written in every byte-oriented set', () =>
    assert.deepEqual(encodeText('abc', 'shift_jis'), Buffer.from('abc')));
});

describe('DMM-02 a value from the wire', () => {
  it('is UTF-8 where it can be', () => assert.equal(bytesToText('\xc3\xa9'), 'é'));
  it('keeps the octet in an escape where it cannot', () => assert.equal(bytesToText('a\xe9'), 'a\udce9'));
  it('goes back as the same octets', () => assert.equal(textToBytes(bytesToText('a\xe9\xff')), 'a\xe9\xff'));
  it('goes back as UTF-8', () => assert.equal(textToBytes('é'), '\xc3\xa9'));
  it('in ASCII stays as it is', () => {
    assert.equal(bytesToText('a\tb'), 'a\tb');
    assert.equal(textToBytes('a\tb'), 'a\tb');
  });
});
