import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Request } from '../../src/script/api.js';
import { Client } from '../support/client.js';
import { response as answer, answering, startOrigin } from '../support/origin.js';
import { body, request } from './images.js';
import { said, saidUntil, scripted } from './scripted.js';

const FORM = 'application/x-www-form-urlencoded';

function posted(type: string, content: string): Request {
  return request({ fields: [['Content-Type', type]], body: body(content) });
}

function sent(message: Request): string {
  return Buffer.from(message.rawContent ?? []).toString('latin1');
}

test('S4-17 DMR-01 the method is read in upper case, and sent as it is', () => {
  const asked = request({ method: 'gEt' });
  assert.deepEqual([asked.method, asked.wireMethod()], ['GET', 'gEt']);
  asked.method = 'purge';
  assert.deepEqual([asked.method, asked.wireMethod()], ['PURGE', 'purge']);
});

test('S4-18 DMR-04 the host is where it goes, the pretty host what the client wrote', () => {
  const cases: readonly (readonly [host: string | null, pretty: string])[] = [
    [null, '10.0.0.1'],
    ['', '10.0.0.1'],
    ['b.test', 'b.test'],
    ['b.test:8080', 'b.test'],
    ['[::1]:8080', '::1'],
    ['[::1]', '::1'],
  ];
  for (const [host, pretty] of cases) {
    const asked = request({ host: '10.0.0.1', fields: host === null ? [] : [['hOsT', host]] });
    assert.equal(asked.prettyHost, pretty, String(host));
    assert.equal(asked.host, '10.0.0.1');
    assert.equal(asked.hostHeader, host);
  }
  const asked = request({ host: '10.0.0.1', fields: [['Host', 'b.test']] });
  assert.equal(asked.prettyUrl, 'http://b.test/x?y=z');
  assert.equal(asked.url, 'http://10.0.0.1/x?y=z');
  asked.hostHeader = 'c.test';
  assert.deepEqual([asked.headers.get('host'), asked.host], ['c.test', '10.0.0.1']);
  asked.hostHeader = null;
  assert.equal(asked.headers.has('host'), false);
});

test('S4-19 DMR-05 the URL leaves the default port out and puts brackets round IPv6', () => {
  const cases: readonly (readonly [given: Parameters<typeof request>[0], url: string])[] = [
    [{ scheme: 'http', port: 80 }, 'http://a.test/x?y=z'],
    [{ scheme: 'https', port: 443 }, 'https://a.test/x?y=z'],
    [{ scheme: 'https', port: 80 }, 'https://a.test:80/x?y=z'],
    [{ host: '::1', port: 8080 }, 'http://[::1]:8080/x?y=z'],
    [{ method: 'OPTIONS', path: '*' }, 'http://a.test'],
    [{ method: 'CONNECT', port: 443, path: '' }, 'a.test:443'],
    [{ method: 'CONNECT', host: '::1', port: 443, path: '' }, '[::1]:443'],
  ];
  for (const [given, url] of cases) assert.equal(request(given).url, url, JSON.stringify(given));
  assert.equal(request({ host: '::1', port: 81 }).authority, '[::1]:81');
});

test('DMR-06 the first line names the target of a CONNECT as authority, and all others relative', () => {
  const formats = ['GET', 'connect', 'OPTIONS'].map((method) => request({ method }).firstLineFormat);
  assert.deepEqual(formats, ['relative', 'authority', 'relative']);
  assert.equal(Reflect.get(request(), 'first_line_format'), 'relative');
});

test('S4-36 S4-37 DMR-07 the query and the path change each other', () => {
  const asked = request({ path: '/p?a=1&a=2&b=' });
  const { query } = asked;
  assert.deepEqual(
    [...query],
    [
      ['a', '1'],
      ['a', '2'],
      ['b', ''],
    ],
  );
  query.set('a', 'x y');
  assert.equal(asked.path, '/p?a=x+y&b=');
  asked.path = '/q?c=%C3%A9#f';
  assert.equal(query.get('c'), 'é');
  assert.equal(query.has('a'), false);
  query.delete('c');
  assert.equal(asked.path, '/q#f');
  asked.query.update({ n: '1' });
  assert.equal(asked.url, 'http://a.test/q?n=1#f');
  Object.assign(asked, { query: { a: 'b' } });
  assert.equal(asked.path, '/q?a=b#f');
  Object.assign(asked, {
    query: [
      ['a', '1'],
      ['a', '2'],
    ],
  });
  assert.equal(asked.path, '/q?a=1&a=2#f');
});

test('DMR-07 DMR-08 DMR-10 numbers become text in every view, and null is refused', () => {
  const asked = posted(FORM, 'a=b');
  for (const view of ['query', 'cookies', 'urlencodedForm'] as const) {
    Object.assign(asked, { [view]: { n: 5 } });
    assert.deepEqual([...asked[view]], [['n', '5']], view);
    const map = asked[view] as unknown as { set(name: string, value: unknown): void };
    map.set('n', 6);
    assert.equal(asked[view].get('n'), '6', view);
    assert.throws(() => map.set('n', null), TypeError, view);
    assert.throws(() => Object.assign(asked, { [view]: { n: null } }), TypeError, view);
    assert.equal(asked[view].get('n'), '6', view);
  }
});

test('DMR-08 cookies are a live view of the Cookie field', () => {
  const asked = request({
    fields: [
      ['Cookie', 'a=1'],
      ['X', 'y'],
      ['Cookie', 'b=2'],
    ],
  });
  const { cookies, headers } = asked;
  cookies.set('a', '3');
  assert.deepEqual(asked.headers.toFields(), [
    ['Cookie', 'a=3; b=2'],
    ['X', 'y'],
  ]);
  assert.equal(headers.get('cookie'), 'a=3; b=2', 'headers that were taken before see it');
  asked.headers.set('Cookie', 'c=4');
  assert.deepEqual([...cookies], [['c', '4']]);
  cookies.clear();
  assert.equal(asked.headers.has('cookie'), false);
});

test('DMR-10 a form is empty where the content type is another, and writing makes it one', () => {
  const asked = posted('text/plain', 'a=1');
  assert.equal(asked.urlencodedForm.size, 0);
  asked.urlencodedForm.set('b', 'é &');
  assert.equal(asked.headers.get('content-type'), FORM);
  assert.equal(sent(asked), 'b=%C3%A9+%26');
  assert.equal(asked.headers.get('content-length'), '12');
  assert.equal(request().urlencodedForm.size, 0, 'a missing body');
});

test('DMR-10 a form is read as UTF-8 with and without a charset, and keeps the style of flags', () => {
  for (const type of [FORM, `${FORM}; charset=utf-8`, `${FORM}; charset=UTF-8`]) {
    const asked = posted(type, 'flag&name=\xc3\xa9&\xe4\xb8\x96=%C3%A9');
    assert.deepEqual(
      [...asked.urlencodedForm],
      [
        ['flag', ''],
        ['name', 'é'],
        ['世', 'é'],
      ],
      type,
    );
    asked.urlencodedForm.set('name', 'x');
    assert.equal(sent(asked), 'flag&name=x&%E4%B8%96=%C3%A9', type);
  }
});

test('DMR-11 a multipart form is names and bytes; files and part headers stay', () => {
  const file =
    'Content-Disposition: form-data; name="f"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n\x89\r\n\xff';
  const asked = posted(
    'multipart/form-data; boundary=B',
    `--B\r\n${file}\r\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n`,
  );
  assert.deepEqual([...(asked.multipartForm.get('f') ?? [])], [0x89, 13, 10, 0xff]);
  asked.multipartForm.set('a', 'é');
  asked.multipartForm.add('b', Uint8Array.of(0));
  assert.equal(
    sent(asked),
    `--B\r\n${file}\r\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xc3\xa9\r\n--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n\0\r\n--B--\r\n`,
  );
  const plain = request({ body: body('') });
  assert.equal(plain.multipartForm.size, 0);
  plain.multipartForm.set('a', 'x');
  assert.match(plain.headers.get('content-type') ?? '', /^multipart\/form-data; boundary=\S+$/);
  assert.equal(Buffer.from(plain.multipartForm.get('a') ?? '').toString(), 'x');
});

test('DMR-11 a part may hold the boundary itself', () => {
  const asked = posted('multipart/form-data; boundary=B', '--B--\r\n');
  const wanted = 'x\r\n--B\r\n--B--\r\n';
  asked.multipartForm.set('a', wanted);
  assert.deepEqual(asked.multipartForm.keys(), ['a']);
  assert.equal(Buffer.from(asked.multipartForm.get('a') ?? '').toString(), wanted);
});

test('DMR-12 path components are decoded, and the query stays when they are set', () => {
  const asked = request({ path: '/a%2Fb/c?d=e' });
  assert.deepEqual(asked.pathComponents, ['a/b', 'c']);
  Object.assign(asked, { pathComponents: ['x y', 'é'] });
  assert.equal(asked.path, '/x%20y/%C3%A9?d=e');
});

test('DMR-13 helpers take conditions and content codings away', () => {
  const names = ['If-Modified-Since', 'if-none-match', 'Accept-Encoding', 'Accept'] as const;
  const asked = request({ fields: names.map((name) => [name, 'x'] as const) });
  asked.anticache();
  assert.deepEqual(asked.headers.keys(), ['Accept-Encoding', 'Accept']);
  asked.anticomp();
  assert.equal(asked.headers.get('accept-encoding'), 'identity');
  asked.headers.set('Accept-Encoding', 'gzip;q=0.5, sdch, BR, zstd, *;q=0');
  asked.constrainEncoding();
  assert.equal(asked.headers.get('accept-encoding'), 'gzip;q=0.5, BR, zstd');
  const without = request();
  without.constrainEncoding();
  assert.equal(without.headers.has('accept-encoding'), false);
});

test('DMR-16 one can be made', () => {
  const made = Request.make('POST', 'https://b.test:8443/p?q', 'é', { content_type: 'text/plain; charset=utf-8' });
  assert.deepEqual([made.method, made.url, made.httpVersion], ['POST', 'https://b.test:8443/p?q', 'HTTP/1.1']);
  assert.deepEqual(made.headers.toFields(), [
    ['Host', 'b.test:8443'],
    ['content-type', 'text/plain; charset=utf-8'],
    ['Content-Length', '2'],
  ]);
  assert.equal(Request.make('GET', 'http://a.test').headers.get('content-length'), '0');
  assert.throws(() => Request.make('GET', 'nonsense'), TypeError);
});

test('S4-37 a script changes the query and then the path, and the origin sees both', async (t) => {
  const origin = await startOrigin(t, answering(answer('ok')));
  const proxy = await scripted(
    t,
    `export function request({ request }) {
      const { query } = request;
      query.set('a', 'x y');
      console.log(request.path);
      request.path = '/new?' + 'b=%C3%A9';
      console.log(query.get('b'), String(query.has('a')));
      query.add('c', 'd');
      console.log('done');
    }`,
  );
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/old?a=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('200 OK');
  await saidUntil(proxy, 't.mjs', 'done');
  assert.deepEqual(said(proxy, 't.mjs'), ['/old?a=x+y', 'é false', 'done']);
  const row = await proxy.row((one) => one.path === '/new?b=%C3%A9&c=d');
  assert.equal((await proxy.read(row.id)).flow.kind, 'http');
});
