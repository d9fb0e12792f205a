import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attribute,
  cookieDate,
  refreshed,
  type SetCookie,
  setCookiesOf,
  withSetCookies,
} from '../../src/flow/cookies.js';
import type { Fields } from '../../src/flow/fields.js';
import { randomOf, randomText } from './random.js';

type Attributes = SetCookie['attributes'];

function given(...values: readonly string[]): Fields {
  return values.map((value) => ['Set-Cookie', value]);
}

/** Cookies as name, value and attributes. */
function flat(fields: Fields): [string, string, Attributes][] {
  return setCookiesOf(fields).map(([name, { value, attributes }]) => [name, value, attributes]);
}

test('DMR-09 the cookies of a response are read with their attributes', () => {
  const cases: readonly (readonly [fields: Fields, cookies: readonly (readonly [string, string, Attributes])[]])[] = [
    [[], []],
    [given(''), []],
    [given('a=1'), [['a', '1', []]]],
    [
      given('a=1; Path=/; Secure; HttpOnly'),
      [
        [
          'a',
          '1',
          [
            ['Path', '/'],
            ['Secure', null],
            ['HttpOnly', null],
          ],
        ],
      ],
    ],
    [given('a=1;Secure=;;'), [['a', '1', [['Secure', '']]]]],
    [
      given('a=1', 'b=2; path=/x'),
      [
        ['a', '1', []],
        ['b', '2', [['path', '/x']]],
      ],
    ],
    [
      given('a=1, b=2'),
      [
        ['a', '1', []],
        ['b', '2', []],
      ],
    ],
    [
      given('a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=2; Secure,c=3'),
      [
        ['a', '1', [['Expires', 'Wed, 21 Oct 2026 07:28:00 GMT']]],
        ['b', '2', [['Secure', null]]],
        ['c', '3', []],
      ],
    ],
    [given('a="x, y=z"; Path=/'), [['a', 'x, y=z', [['Path', '/']]]]],
    [given('a=x, y'), [['a', 'x, y', []]]],
    [given('a'), [['a', '', []]]],
    [given('a; Secure'), [['a', '', [['Secure', null]]]]],
    [given('a=; Domain="b.test"'), [['a', '', [['Domain', 'b.test']]]]],
    [given('a=\xc3\xa9; Path=/\xff'), [['a', 'é', [['Path', '/\udcff']]]]],
  ];
  for (const [fields, cookies] of cases) assert.deepEqual(flat(fields), cookies, JSON.stringify(fields));
});

test('DMR-09 attributes are found in any case, and of several the last counts', () => {
  const [[, cookie] = ['', { value: '', attributes: [] }]] = setCookiesOf(given('a=1; PATH=/x; HttpOnly; path=/y'));
  assert.equal(attribute(cookie, 'Path'), '/y');
  assert.equal(attribute(cookie, 'httponly'), null);
  assert.equal(attribute(cookie, 'Secure'), undefined);
});

test('DMR-09 writing gives one Set-Cookie field for each cookie, where the first was', () => {
  const fields: Fields = [
    ['A', '1'],
    ['set-COOKIE', 'a=1; Path=/, b=2; Secure'],
    ['B', '2'],
    ['Set-Cookie', 'c=3'],
  ];
  assert.deepEqual(withSetCookies(fields, setCookiesOf(fields)), [
    ['A', '1'],
    ['set-COOKIE', 'a=1; Path=/'],
    ['set-COOKIE', 'b=2; Secure'],
    ['set-COOKIE', 'c=3'],
    ['B', '2'],
  ]);
  assert.deepEqual(withSetCookies(fields, []), [
    ['A', '1'],
    ['B', '2'],
  ]);
  const added: SetCookie = {
    value: 'x; y',
    attributes: [
      ['Path', '/é'],
      ['Secure', null],
      ['Max-Age', ''],
    ],
  };
  assert.deepEqual(withSetCookies([['A', '1']], [['new', added]]), [
    ['A', '1'],
    ['Set-Cookie', 'new="x; y"; Path=/\xc3\xa9; Secure; Max-Age='],
  ]);
});

test('DMR-09 random cookies are read as they were written, attributes and all', () => {
  const random = randomOf(6);
  const name = (): string =>
    randomText(random, false)
      .replace(/[;=,]/g, '')
      .replace(/^[ \t]+|[ \t]+$/g, '');
  for (let run = 0; run < 3000; run += 1) {
    const cookies = Array.from({ length: random(4) }, (): [string, SetCookie] => {
      const attributes = Array.from({ length: random(4) }, (): readonly [string, string | null] => [
        `x${name()}`,
        random(3) === 0 ? null : randomText(random, false),
      ]);
      return [name(), { value: randomText(random, false), attributes }];
    });
    const fields = withSetCookies(given('old=1'), cookies);
    assert.deepEqual(setCookiesOf(fields), cookies, JSON.stringify(fields));
    assert.equal(fields.length, cookies.length);
  }
});

test('DMR-15 the date of a cookie is read in every form that servers write', () => {
  const at = Date.UTC(1994, 10, 6, 8, 49, 37);
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Sun, 6-Nov-1994 8:49:37 GMT',
    '1994 november 06 08:49:37',
    '08:49:37 6 Nov 94',
  ])
    assert.equal(cookieDate(text), at, text);
  assert.equal(cookieDate('01 Jan 69 00:00:00'), Date.UTC(2069, 0, 1));
  for (const text of [
    '',
    '0',
    'never',
    'Sun, 06 Nov 1994',
    '31 Feb 2000 00:00:00',
    '1 Jan 1600 00:00:00',
    '1 Jan 2000 24:00:00',
  ])
    assert.equal(cookieDate(text), null, text);
});

test('DMR-15 a refreshed cookie expires later by as much; what is no date stays', () => {
  const [[, cookie] = ['', { value: '', attributes: [] }]] = setCookiesOf(
    given('a=1; EXPIRES=Sunday, 06-Nov-94 23:59:59 GMT; Max-Age=5; Secure'),
  );
  assert.deepEqual(refreshed(cookie, 61), {
    value: '1',
    attributes: [
      ['EXPIRES', 'Mon, 07 Nov 1994 00:01:00 GMT'],
      ['Max-Age', '5'],
      ['Secure', null],
    ],
  });
  for (const value of ['0', 'Session', null]) {
    const odd: SetCookie = { value: 'x', attributes: [['Expires', value]] };
    assert.deepEqual(refreshed(odd, 61), odd);
  }
});
