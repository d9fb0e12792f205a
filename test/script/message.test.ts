import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { CONTENT_MISSING, Headers, HTTPFlow, type Response } from '../../src/script/api.js';
import { changeOf } from '../../src/script/change.js';
import { body, flowImage, response, responseImage } from './images.js';

function bytesOf(message: Response): number[] {
  return [...(message.rawContent ?? [])];
}

function coded(coding: string, raw: Uint8Array): Response {
  return response({ fields: [['Content-Encoding', coding]], body: body(raw) });
}

test('S0-17 DMH-03 CONTENT_MISSING is the content of a message that was streamed', () => {
  const missing = response();
  assert.equal(CONTENT_MISSING, null);
  for (const content of [missing.content, missing.body, missing.rawContent, missing.text, missing.getContent(false)])
    assert.equal(content, CONTENT_MISSING);
  assert.equal(missing.getText(false), CONTENT_MISSING);
});

test('S3-29 response.body is the content, read and written', () => {
  const given = response({ body: body('abc') });
  assert.deepEqual(given.body, given.content);
  given.body = Buffer.from('changed');
  assert.equal(given.text, 'changed');
  assert.equal(given.headers.get('content-length'), '7');
});

test('S4-14 S4-16 S4-30 DMH-04 content is decoded for every coding', () => {
  const plain = Buffer.from('hello hello hello');
  const cases: readonly (readonly [coding: string, raw: Uint8Array])[] = [
    ['gzip', zlib.gzipSync(plain)],
    ['x-GZIP', zlib.gzipSync(plain)],
    ['deflate', zlib.deflateSync(plain)],
    ['deflate', zlib.deflateRawSync(plain)],
    ['br', zlib.brotliCompressSync(plain)],
    ['identity', plain],
    ['none', plain],
    ['gzip, br', zlib.brotliCompressSync(zlib.gzipSync(plain))],
  ];
  for (const [coding, raw] of cases) {
    const given = coded(coding, raw);
    assert.equal(Buffer.from(given.content ?? []).toString(), plain.toString(), coding);
    assert.deepEqual(bytesOf(given), [...raw], 'the raw content stays');
  }
});

test('S4-15 S4-30 S4-32 DMH-04 bad data throws, and not strict it is given as it is', () => {
  for (const coding of ['gzip', 'deflate', 'br', 'zstd', 'cow']) {
    const given = coded(coding, Buffer.from('junk'));
    assert.throws(() => given.content, Error, coding);
    assert.throws(() => given.getContent(), Error, coding);
    assert.throws(() => given.text, Error, coding);
    assert.throws(() => given.json(), Error, coding);
    assert.equal(Buffer.from(given.getContent(false) ?? []).toString(), 'junk', coding);
    assert.equal(given.getText(false), 'junk', coding);
  }
});

test('S4-31 S4-32 DMH-06 bytes that are no text throw, and not strict they are replaced', () => {
  const given = response({ fields: [['Content-Type', 'text/plain; charset=utf-8']], body: body('a\xffb') });
  assert.throws(() => given.text, TypeError);
  assert.equal(given.getText(false), 'a\ufffdb');
});

test('S4-28 S4-29 S4-31 DMH-05 null takes the body away, and changes no header', () => {
  for (const set of [
    (given: Response) => given.setContent(null),
    (given: Response) => given.setText(null),
    (given: Response) => Object.assign(given, { content: null }),
    (given: Response) => Object.assign(given, { text: null }),
    (given: Response) => Object.assign(given, { rawContent: null }),
  ]) {
    const given = response({ fields: [['Content-Length', '3']], body: body('abc') });
    set(given);
    assert.deepEqual([given.rawContent, given.text], [null, null]);
    assert.deepEqual(given.headers.toFields(), [['Content-Length', '3']]);
    assert.equal(given.replacement(), null);
  }
});

test('DMH-05 DMH-06 only bytes are content, and only text is text', () => {
  const given = response({ body: body('abc') });
  for (const content of ['x', 5, {}, [1], undefined]) assert.throws(() => Object.assign(given, { content }), TypeError);
  for (const text of [Buffer.from('x'), 5, {}, undefined])
    assert.throws(() => Object.assign(given, { text }), TypeError);
  assert.equal(given.text, 'abc');
  assert.equal(given.replacement(), undefined);
});

test('DMH-06 text reads back as it was written, whatever says the character set', () => {
  const types = ['text/plain', 'text/html', 'text/xml', 'text/css', 'application/json', 'text/javascript', '', 'x/y'];
  const starts = [
    '',
    '<meta charset="iso-8859-1">',
    '<?xml version="1.0" encoding="iso-8859-1"?>',
    '@charset "iso-8859-1";',
    '\ufeff',
  ];
  for (const type of types)
    for (const start of starts)
      for (const rest of ['plain', 'é', '€', '世😀']) {
        const given = response({ fields: type === '' ? [] : [['Content-Type', type]], body: body('old') });
        given.text = start + rest;
        assert.equal(given.text, start + rest, `${type} ${start}`);
      }
});

test('DMH-06 text that is written as it was read leaves every byte', () => {
  const every = Uint8Array.from({ length: 256 }, (_, octet) => octet);
  const given = response({ body: body(every) });
  const { text } = given;
  given.text = text;
  assert.equal(Buffer.from(given.rawContent ?? []).toString('hex'), Buffer.from(every).toString('hex'));
  assert.equal(given.headers.has('content-type'), false);
});

test('S4-35 DMH-07 JSON is parsed; what is none, or missing, throws', () => {
  assert.deepEqual(response({ body: body('[1,{"a":null}]') }).json(), [1, { a: null }]);
  assert.throws(() => response({ body: body('') }).json(), SyntaxError);
  assert.throws(() => response().json(), /missing/);
});

test('S4-33 DMH-08 decode takes the codings off for good', () => {
  const given = coded('gzip', zlib.gzipSync('hello'));
  given.decode();
  assert.equal(Buffer.from(given.rawContent ?? []).toString(), 'hello');
  assert.deepEqual(given.headers.toFields(), [['Content-Length', '5']]);
  for (const untouched of [coded('gzip', new Uint8Array()), response({ fields: [['Content-Encoding', 'gzip']] })]) {
    untouched.decode();
    assert.deepEqual(untouched.headers.toFields(), [['Content-Encoding', 'gzip']]);
    assert.equal(untouched.replacement(), undefined);
  }
  const junk = coded('gzip', Buffer.from('junk'));
  assert.throws(() => junk.decode());
  assert.equal(junk.headers.get('content-encoding'), 'gzip');
  junk.decode(false);
  assert.equal(junk.text, 'junk');
});

test('S4-34 DMH-09 DMH-10 encode puts a coding on the raw bytes, the same at every run', () => {
  for (const coding of ['gzip', 'deflate', 'br', 'gzip, br']) {
    const [one, two] = [response({ body: body('hello') }), response({ body: body('hello') })];
    one.encode(coding);
    two.encode(coding);
    assert.deepEqual(bytesOf(one), bytesOf(two), coding);
    assert.notEqual(Buffer.from(one.rawContent ?? []).toString(), 'hello');
    assert.equal(one.text, 'hello');
    assert.equal(one.headers.get('content-encoding'), coding);
    assert.equal(one.headers.get('content-length'), String(one.rawContent?.length));
  }
  const gzipped = response({ body: body('hello') });
  gzipped.encode('gzip');
  assert.deepEqual(bytesOf(gzipped).slice(4, 8), [0, 0, 0, 0], 'no time in it');
  for (const coding of ['cow', 'gzip, cow']) assert.throws(() => gzipped.encode(coding), /cow/);
  assert.equal(gzipped.text, 'hello');
  assert.throws(() => response().encode('gzip'), /missing/);
});

test('S4-38 DMH-01 DMH-02 DMH-11 version, headers, trailers and times', () => {
  const given = response({ version: 'HTTP/1.0', trailers: [['T', '1']], startedAt: 1500, endedAt: null });
  assert.deepEqual([given.httpVersion, given.timestampStart, given.timestampEnd], ['HTTP/1.0', 1.5, null]);
  assert.equal(response({ endedAt: 2500 }).timestampEnd, 2.5);
  assert.equal(given.trailers?.get('t'), '1');
  assert.equal(response().trailers, null);
  Object.assign(given, {
    headers: [
      ['A', '1'],
      ['A', '2'],
    ],
    trailers: { x_y: '1' },
  });
  assert.deepEqual(given.headers.toFields(), [
    ['A', '1'],
    ['A', '2'],
  ]);
  assert.deepEqual(given.trailers?.toFields(), [['x-y', '1']]);
});

test('DMH-02 headers and trailers that are put in place of others are told to the proxy', () => {
  const made = (): HTTPFlow => new HTTPFlow(flowImage({ response: responseImage({ trailers: [['T', '1']] }) }));
  const cases: readonly (readonly [what: object, names: readonly string[]])[] = [
    [{ headers: new Headers([['A', '1']]) }, ['response.headers']],
    [{ trailers: new Headers([['A', '1']]) }, ['response.trailers']],
    [{ trailers: { A: '1' } }, ['response.trailers']],
    [{ trailers: null }, ['response.trailers']],
  ];
  for (const [what, names] of cases) {
    const flow = made();
    assert.equal(changeOf(flow), null);
    Object.assign(flow.response ?? {}, what);
    assert.deepEqual(changeOf(flow)?.names, names, JSON.stringify(what));
  }
});

test('S4-21 S4-23 S4-24 S4-26 S4-27 DMH-12 stream is false until it is set, and only the hook of the head may', () => {
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const given = response();
  assert.equal(given.stream, false);
  given.at({ head: 'response', isSent: () => false, warn });
  const change = (chunk: Uint8Array): Uint8Array => chunk;
  for (const stream of [true, false, change]) {
    given.stream = stream;
    assert.equal(given.stream, stream);
    assert.equal(given.streamWish(), stream);
  }
  assert.deepEqual(warnings, []);
  given.at({ head: null, isSent: () => true, warn });
  given.stream = true;
  assert.equal(given.stream, change, 'too late');
  assert.deepEqual(warnings, ['response.stream was set too late: it works in responseheaders only']);
  assert.equal(given.copy().stream, false);
});
