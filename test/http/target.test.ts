import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import type { HttpVersion, Origin, RequestHead } from '../../src/flow/flow.js';
import { Malformed } from '../../src/http/framing.js';
import { connectAuthority, parseAuthority, resolveTarget } from '../../src/http/target.js';

const INSIDE: Origin = { scheme: 'https', host: 'tunnel.test', port: 8443 };

function resolve(
  target: string,
  fields: Fields = [['Host', 'a.test']],
  inside: Origin | null = null,
  method = 'GET',
  version: HttpVersion = 'HTTP/1.1',
): RequestHead {
  return resolveTarget({ method, target, version, fields }, inside);
}

function place({ origin, path, fields }: RequestHead): unknown {
  return [`${origin.scheme} ${origin.host} ${origin.port}`, path, fields];
}

describe('H1-01 origin-form', () => {
  it('goes to the Host', () =>
    assert.deepEqual(place(resolve('/x?y')), ['http a.test 80', '/x?y', [['Host', 'a.test']]]));
  it('takes the port of the Host', () =>
    assert.deepEqual(resolve('/', [['host', 'A.Test:81']]).origin, { scheme: 'http', host: 'a.test', port: 81 }));
  it('takes an IPv6 Host', () =>
    assert.deepEqual(resolve('/', [['Host', '[::1]:81']]).origin, { scheme: 'http', host: '::1', port: 81 }));
  it('keeps the target as the client sent it', () => assert.equal(resolve('//x/../y').path, '//x/../y'));
  it('allows * for OPTIONS alone', () => {
    assert.equal(resolve('*', [['Host', 'a']], null, 'OPTIONS').path, '*');
    assert.throws(() => resolve('*'), /not a request target/);
  });
  it('H1-02 needs a Host', () => {
    assert.throws(() => resolve('/', []), /destination is unknown/);
    assert.throws(() => resolve('/', [], null, 'GET', 'HTTP/1.0'), /destination is unknown/);
  });
  it('needs one Host, even where two agree', () => {
    assert.throws(
      () =>
        resolve('/', [
          ['Host', 'a'],
          ['host', 'a'],
        ]),
      /more than one Host/,
    );
  });
  for (const host of ['', 'a b', 'a/b', 'a:b', 'a:99999', 'a:0', 'u@a', '[::1', 'a\\b', 'a?b', 'a#b', '\xe9'])
    it(`refuses the Host ${JSON.stringify(host)}`, () => {
      assert.throws(() => resolve('/', [['Host', host]]), Malformed);
    });
  for (const target of ['x', '/a#b', 'ftp://a/', 'a.test:80', '?q', '#'])
    it(`refuses the target ${target}`, () => assert.throws(() => resolve(target), Malformed));
});

describe('H1-01 absolute-form', () => {
  it('goes where it says, and the Host follows', () => {
    assert.deepEqual(place(resolve('http://b.test:81/x', [['hOST', 'a.test']])), [
      'http b.test 81',
      '/x',
      [['hOST', 'b.test:81']],
    ]);
  });
  it('keeps a Host that agrees as it is', () =>
    assert.deepEqual(resolve('http://a.test/', [['Host', 'A.test']]).fields, [['Host', 'A.test']]));
  it('gets a Host in front where none came', () =>
    assert.deepEqual(resolve('http://a.test/', [['X', 'y']]).fields, [
      ['Host', 'a.test'],
      ['X', 'y'],
    ]));
  it('may write its scheme in capitals', () =>
    assert.deepEqual(resolve('HTTPS://A.test/').origin, { scheme: 'https', host: 'a.test', port: 443 }));
  it('gets a path where it has none', () => {
    assert.equal(resolve('http://a.test').path, '/');
    assert.equal(resolve('http://a.test?q').path, '/?q');
    assert.equal(resolve('http://a.test', [['Host', 'a.test']], null, 'OPTIONS').path, '*');
  });
  it('refuses two Host fields', () =>
    assert.throws(
      () =>
        resolve('http://a.test/', [
          ['Host', 'a.test'],
          ['Host', 'b.test'],
        ]),
      /more than one Host/,
    ));
  for (const target of [
    'http:///x',
    'http://u:p@a/',
    'http://a:99999/',
    'http://a/#b',
    'http://a#b',
    'http://[::1/',
    'http://a b/',
  ])
    it(`refuses ${target}`, () => assert.throws(() => resolve(target), Malformed));
});

describe('inside a tunnel', () => {
  it('everything goes to its server', () => {
    assert.equal(resolve('/', [['Host', 'elsewhere.test']], INSIDE).origin, INSIDE);
    assert.equal(resolve('http://elsewhere.test/', [['Host', 'elsewhere.test']], INSIDE).origin, INSIDE);
  });
  it('an old client gets the Host it did not send', () =>
    assert.deepEqual(resolve('/', [], INSIDE, 'GET', 'HTTP/1.0').fields, [['Host', 'tunnel.test:8443']]));
  it('a newer client has to send it', () => assert.throws(() => resolve('/', [], INSIDE), /no Host/));
});

describe('CONNECT', () => {
  const connect = (target: string): unknown =>
    connectAuthority({ method: 'CONNECT', target, version: 'HTTP/1.1', fields: [] });

  it('goes to host and port', () => assert.deepEqual(connect('A.test:443'), { host: 'a.test', port: 443 }));
  it('takes IPv6', () => assert.deepEqual(connect('[2001:DB8::1]:443'), { host: '2001:db8::1', port: 443 }));
  for (const target of ['a.test', 'a.test:', 'a.test:0', 'a.test:65536', '/', 'http://a.test:443', ':443', 'a:b:1'])
    it(`refuses ${target}`, () => assert.throws(() => connect(target), Malformed));
});

it('an authority without a port takes the default one', () => {
  assert.deepEqual(parseAuthority('a', 80), { host: 'a', port: 80 });
  assert.deepEqual(parseAuthority('a:', 443), { host: 'a', port: 443 });
  assert.equal(parseAuthority('a', null), null);
});
