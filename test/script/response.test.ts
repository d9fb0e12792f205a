import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Response } from '../../src/script/api.js';
import { response } from './images.js';

test('S4-20 DMR-14 status code and reason are read and written apart', () => {
  const given = response({ status: 404, reason: 'Nope' });
  assert.deepEqual([given.statusCode, given.reason], [404, 'Nope']);
  given.statusCode = 201;
  assert.deepEqual([given.statusCode, given.reason, given.toImage().status], [201, 'Nope', 201]);
  assert.equal(response({ reason: '' }).reason, '');
});

test('DMR-09 cookies are a live view of the Set-Cookie fields', () => {
  const given = response({
    fields: [
      ['Set-Cookie', 'a=1; Path=/; Secure, b=2'],
      ['X', 'y'],
      ['set-cookie', 'c=3'],
    ],
  });
  const { cookies, headers } = given;
  assert.deepEqual(cookies.keys(), ['a', 'b', 'c']);
  assert.deepEqual(cookies.get('a'), {
    value: '1',
    attributes: [
      ['Path', '/'],
      ['Secure', null],
    ],
  });
  cookies.set('b', {
    value: 'x; y',
    attributes: [
      ['HttpOnly', null],
      ['Max-Age', '5'],
    ],
  });
  cookies.delete('c');
  const wanted = [
    ['Set-Cookie', 'a=1; Path=/; Secure'],
    ['Set-Cookie', 'b="x; y"; HttpOnly; Max-Age=5'],
    ['X', 'y'],
  ];
  assert.deepEqual(given.headers.toFields(), wanted);
  assert.deepEqual(headers.toFields(), wanted, 'headers that were taken before see it');
  given.headers.delete('set-cookie');
  assert.equal(cookies.size, 0);
});

test('DMR-09 cookies may be assigned as a whole, as those of a request', () => {
  const given = response({ fields: [['Set-Cookie', 'a=1']] });
  Object.assign(given, { cookies: { b: { value: '2', attributes: [['Secure', null]] } } });
  assert.deepEqual(given.headers.toFields(), [['Set-Cookie', 'b=2; Secure']]);
});

test('DMR-15 refresh shifts every date by the age of the response', () => {
  const fields = [
    ['Date', 'Thu, 01 Jan 1970 00:00:10 GMT'],
    ['Expires', '0'],
    ['Last-Modified', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Age', '7'],
    ['Set-Cookie', 'a=1; Expires=Thu, 01-Jan-70 00:01:00 GMT; Path=/'],
    ['Set-Cookie', 'b=2'],
  ] as const;
  const given = response({ startedAt: 10_000, fields });
  given.refresh(3610);
  assert.deepEqual(given.headers.toFields(), [
    ['Date', 'Thu, 01 Jan 1970 01:00:10 GMT'],
    ['Expires', '0'],
    ['Last-Modified', 'Thu, 01 Jan 1970 01:00:00 GMT'],
    ['Age', '7'],
    ['Set-Cookie', 'a=1; Expires=Thu, 01 Jan 1970 01:01:00 GMT; Path=/'],
    ['Set-Cookie', 'b=2'],
  ]);
  const same = response({ fields });
  same.refresh(3);
  assert.deepEqual(same.headers.get('date'), 'Thu, 01 Jan 1970 00:00:10 GMT');
});

test('DMR-16 one can be made from a status, a body and headers', () => {
  const cases: readonly (readonly [made: Response, head: readonly [number, string], body: string, length: string])[] = [
    [Response.make(), [200, 'OK'], '', '0'],
    [Response.make(404), [404, 'Not Found'], '', '0'],
    [Response.make(200, 'abc', { Content_Type: 'text/plain' }), [200, 'OK'], 'abc', '3'],
    [Response.make(599, Uint8Array.of(0x61, 0xff)), [599, ''], 'a\xff', '2'],
    [
      Response.make(200, 'x', [
        ['A', '1'],
        ['A', '2'],
      ]),
      [200, 'OK'],
      'x',
      '1',
    ],
  ];
  for (const [made, head, body, length] of cases) {
    assert.deepEqual([made.statusCode, made.reason], head);
    assert.equal(Buffer.from(made.rawContent ?? []).toString('latin1'), body);
    assert.equal(made.headers.get('content-length'), length);
    assert.equal(made.httpVersion, 'HTTP/1.1');
  }
  assert.equal(Response.make(200, 'x', { Content_Type: 'text/plain' }).headers.get('content-type'), 'text/plain');
  assert.deepEqual(
    Response.make(200, 'x', [
      ['A', '1'],
      ['A', '2'],
    ]).headers.getAll('a'),
    ['1', '2'],
  );
  assert.equal(Response.make(200, '世').text, '世');
});
