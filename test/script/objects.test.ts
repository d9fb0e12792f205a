import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import zlib from 'node:zlib';
import type { BodyData } from '../../src/flow/extent.js';
import type { Fields } from '../../src/flow/fields.js';
import type { FlowId } from '../../src/flow/flow.js';
import { HTTPFlow, Request, Response } from '../../src/script/api.js';

const REST = { trailers: [], startedAt: 1000, endedAt: 2000 } as const;

function bytes(text: string | Uint8Array): BodyData {
  return { type: 'bytes', bytes: typeof text === 'string' ? Buffer.from(text) : text };
}

function response(fields: Fields, body: BodyData | null): Response {
  return new Response({ status: 200, reason: 'OK', version: 'HTTP/1.1', fields, ...REST, body });
}

function request(fields: Fields = [['Host', 'a.test']]): Request {
  const where = { scheme: 'http', host: 'a.test', port: 80, path: '/x?y' } as const;
  return new Request({ method: 'GET', ...where, version: 'HTTP/1.1', fields, ...REST, body: null });
}

describe('DMH-03 a body', () => {
  it('that is missing is null, in every form', () => {
    const missing = response([['Content-Encoding', 'gzip']], null);
    assert.deepEqual([missing.rawContent, missing.content, missing.text], [null, null, null]);
    assert.throws(() => missing.json(), /missing/);
  });

  it('that is empty is empty', () => {
    const empty = response([['Content-Encoding', 'gzip']], bytes(''));
    assert.equal(empty.rawContent?.length, 0);
    assert.equal(empty.content?.length, 0);
    assert.equal(empty.text, '');
  });

  it('is read from its file when it is looked at', (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-objects-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'body');
    const extent = { file, offset: 2, length: 3, growing: false };
    const late = response([], { type: 'extent', extent });
    fs.writeFileSync(file, 'xxabcxx');
    assert.equal(late.text, 'abc');
  });

  it('shorter than it should be throws', (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-objects-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'body');
    fs.writeFileSync(file, 'ab');
    const extent = { file, offset: 0, length: 9, growing: false };
    assert.throws(() => response([], { type: 'extent', extent }).rawContent, /shorter/);
  });
});

describe('DMH-04 DMH-05 its content', () => {
  const gzipped = (text: string): Response =>
    response(
      [
        ['Content-Encoding', 'gzip'],
        ['Content-Length', '1'],
      ],
      bytes(zlib.gzipSync(text)),
    );

  it('is decoded', () => assert.equal(gzipped('hello').text, 'hello'));

  it('that cannot be decoded throws, and the raw one does not', () => {
    const broken = response([['Content-Encoding', 'gzip']], bytes('junk'));
    assert.throws(() => broken.content, /gzip/);
    assert.equal(Buffer.from(broken.rawContent ?? []).toString(), 'junk');
  });

  it('is encoded as the message says, with its length', () => {
    const message = gzipped('hello');
    message.content = Buffer.from('changed');
    const raw = Buffer.from(message.rawContent ?? []);
    assert.equal(zlib.gunzipSync(raw).toString(), 'changed');
    assert.equal(message.headers.get('content-length'), String(raw.length));
    assert.equal(message.text, 'changed');
    assert.equal(message.replacement(), message.rawContent);
  });

  it('loses a coding that cannot be written', () => {
    const message = response([['Content-Encoding', 'cow']], bytes('moo'));
    message.content = Buffer.from('plain');
    assert.equal(message.headers.has('content-encoding'), false);
    assert.equal(message.text, 'plain');
  });

  it('gets no length where the message is chunked', () => {
    const message = response([['Transfer-Encoding', 'chunked']], bytes('a'));
    message.content = Buffer.from('b');
    assert.equal(message.headers.has('content-length'), false);
  });

  it('null makes it missing and changes no header', () => {
    const message = gzipped('hello');
    message.content = null;
    assert.equal(message.rawContent, null);
    assert.deepEqual(message.headers.toFields(), [
      ['Content-Encoding', 'gzip'],
      ['Content-Length', '1'],
    ]);
  });

  it('takes bytes alone', () => {
    const message = gzipped('hello');
    assert.throws(() => Object.assign(message, { content: 'text' }), /text takes a string/);
    assert.equal(message.text, 'hello');
  });

  it('that nobody replaced is no replacement', () => {
    const message = gzipped('hello');
    assert.equal(message.text, 'hello');
    assert.equal(message.replacement(), undefined);
  });
});

describe('DMH-06 its text', () => {
  it('is read and written in the character set of the message', () => {
    const message = response([['Content-Type', 'text/plain; charset=iso-8859-1']], bytes(Uint8Array.of(0xe9)));
    assert.equal(message.text, 'é');
    message.text = 'à';
    assert.deepEqual([...(message.rawContent ?? [])], [0xe0]);
    assert.equal(message.headers.get('content-type'), 'text/plain; charset=iso-8859-1');
  });

  it('switches to UTF-8 where the character set cannot hold it', () => {
    const message = response([['Content-Type', 'text/plain; charset=iso-8859-1; x=y']], bytes('a'));
    message.text = '世';
    assert.equal(message.headers.get('content-type'), 'text/plain; x=y; charset=utf-8');
    assert.equal(message.text, '世');
  });

  it('gets a type with its character set where there was none', () => {
    const message = response([], bytes('a'));
    message.text = '世';
    assert.equal(message.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(message.text, '世');
  });

  for (const charset of ['utf-8', 'utf-16le', 'utf-16be', 'shift_jis', 'gb2312'])
    it(`reads back as it was written in ${charset}`, () => {
      for (const text of ['plain', 'é世']) {
        const message = response([['Content-Type', `text/plain; charset=${charset}`]], bytes(''));
        message.text = text;
        assert.equal(message.text, text);
      }
    });
});

describe('DMH-07 its JSON', () => {
  it('is parsed', () =>
    assert.deepEqual(response([['Content-Type', 'application/json']], bytes('{"a":["é"]}')).json(), { a: ['é'] }));
  it('that is none throws', () => assert.throws(() => response([], bytes('{')).json(), SyntaxError));
  it('may begin with a byte order mark', () =>
    assert.deepEqual(response([['Content-Type', 'application/json']], bytes('\ufeff[1]')).json(), [1]));
});

describe('DMR-02 DMR-05 where a request goes', () => {
  it('is its URL', () => assert.equal(request().url, 'http://a.test/x?y'));

  it('is changed by parts, and the Host follows', () => {
    const changed = request([
      ['hOST', 'a.test'],
      ['A', 'b'],
    ]);
    changed.host = 'b.test';
    assert.deepEqual(changed.headers.toFields(), [
      ['hOST', 'b.test'],
      ['A', 'b'],
    ]);
    changed.port = 8080;
    assert.equal(changed.headers.get('host'), 'b.test:8080');
    assert.equal(changed.url, 'http://b.test:8080/x?y');
  });

  it('gets no Host where there was none', () => {
    const changed = request([]);
    changed.host = 'b.test';
    assert.equal(changed.headers.has('host'), false);
  });

  it('is changed as a whole', () => {
    const changed = request();
    changed.url = 'https://[::1]:8443/a b?c=d';
    assert.deepEqual([changed.scheme, changed.host, changed.port, changed.path], ['https', '::1', 8443, '/a%20b?c=d']);
    assert.equal(changed.headers.get('host'), '[::1]:8443');
    changed.url = 'http://c.test';
    assert.deepEqual([changed.scheme, changed.host, changed.port, changed.path], ['http', 'c.test', 80, '/']);
  });

  it('is no other protocol and no nonsense', () => {
    const same = request();
    assert.throws(() => Object.assign(same, { url: 'ftp://a.test/' }), TypeError);
    assert.throws(() => Object.assign(same, { url: 'nonsense' }), TypeError);
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) assert.throws(() => Object.assign(same, { port }), RangeError);
    assert.equal(same.url, 'http://a.test/x?y');
  });
});

it('a flow without a response has none', () => {
  const where = { scheme: 'http', host: 'a', port: 80, path: '/' } as const;
  const asked = { method: 'GET', ...where, version: 'HTTP/1.1', fields: [], ...REST, body: null } as const;
  const peers = { client: null, server: null, createdAt: 1000, comment: '', metadata: {} };
  const state = { live: false, held: false, marked: false, replayed: false };
  const flow = new HTTPFlow({ id: 7 as FlowId, request: asked, response: null, error: null, ...peers, ...state });
  assert.equal(flow.id, '7');
  assert.equal(flow.response, null);
  assert.equal(flow.request.url, 'http://a/');
});
