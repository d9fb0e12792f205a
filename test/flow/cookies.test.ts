import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookiesOf, setCookiesOf, withCookies, withSetCookies } from '../../src/flow/cookies.js';
import type { Fields } from '../../src/flow/fields.js';
import { randomOf, randomPairs, randomText } from './random.js';

function asked(...values: readonly string[]): Fields {
  return values.map((value) => ['Cookie', value]);
}

function given(...values: readonly string[]): Fields {
  return values.map((value) => ['Set-Cookie', value]);
}

test('DMR-08 the cookies of a request are read tolerantly', () => {
  const cases: readonly (readonly [fields: Fields, cookies: readonly (readonly [string, string])[]])[] = [
    [[], []],
    [asked(''), []],
    [asked(' ; ;; '), []],
    [
      asked('a=1; b=2'),
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      asked('a=1;b=2;'),
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      asked('a=1; A=2; a=3'),
      [
        ['a', '1'],
        ['A', '2'],
        ['a', '3'],
      ],
    ],
    [
      asked('a=1', 'b=2'),
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      [
        ['cOOKIE', 'a=1'],
        ['Other', 'x=y'],
      ],
      [['a', '1']],
    ],
    [asked('a'), [['a', '']]],
    [
      asked('a=; =b; ='),
      [
        ['a', ''],
        ['', 'b'],
        ['', ''],
      ],
    ],
    [asked('a=b=c'), [['a', 'b=c']]],
    [asked(' a = b '), [['a', 'b']]],
    [
      asked('a="b; c"; d=e'),
      [
        ['a', 'b; c'],
        ['d', 'e'],
      ],
    ],
    [asked('a="b\\"c\\\\d"'), [['a', 'b"c\\d']]],
    [asked('a="\\101\\054"'), [['a', 'A,']]],
    [
      asked('a="b; c=d'),
      [
        ['a', '"b'],
        ['c', 'd'],
      ],
    ],
    [
      asked('a="b"c; d=e'),
      [
        ['a', '"b"c'],
        ['d', 'e'],
      ],
    ],
    [asked('a=b"c"'), [['a', 'b"c"']]],
    [asked('a=""'), [['a', '']]],
    [asked('a={"b":1,"c":[2]}'), [['a', '{"b":1,"c":[2]}']]],
    [asked('a=x, b=y'), [['a', 'x, b=y']]],
    [asked('a[b]/@é=1'), [['a[b]/@\udce9', '1']]],
    [
      asked('a=\xc3\xa9; b=\xff'),
      [
        ['a', 'é'],
        ['b', '\udcff'],
      ],
    ],
    [asked('a=%20+%3B'), [['a', '%20+%3B']]],
  ];
  for (const [fields, cookies] of cases) assert.deepEqual(cookiesOf(fields), cookies, JSON.stringify(fields));
});

test('DMR-08 writing leaves one Cookie field at the place of the first, and nothing else is touched', () => {
  const fields: Fields = [
    ['Host', 'a'],
    ['cOOKIE', 'a="x y"; b=2'],
    ['X', '\xff'],
    ['Cookie', 'c=3'],
  ];
  const put = (...pairs: readonly (readonly [string, string])[]): Fields => withCookies(fields, pairs);
  assert.deepEqual(put(['a', 'x y'], ['b', '5'], ['c', '3']), [
    ['Host', 'a'],
    ['cOOKIE', 'a="x y"; b=5; c=3'],
    ['X', '\xff'],
  ]);
  assert.deepEqual(put(), [
    ['Host', 'a'],
    ['X', '\xff'],
  ]);
  assert.deepEqual(withCookies([['Host', 'a']], [['a', '1']]), [
    ['Host', 'a'],
    ['Cookie', 'a=1'],
  ]);
  assert.deepEqual(withCookies([], []), []);
});

test('DMR-08 a cookie that nobody changed keeps its spelling', () => {
  for (const text of ['a', 'a=', 'a=""', 'a="b"', 'a = b', 'a="\\101"', 'a="b; c', 'a=\xff; b=\xc3\xa9', 'a; a=; a=1'])
    for (const fields of [withCookies(asked(text), cookiesOf(asked(text)))]) {
      assert.deepEqual(cookiesOf(fields), cookiesOf(asked(text)), text);
      if (text !== 'a; a=; a=1') assert.deepEqual(fields, asked(text));
    }
});

test('DMR-08 random cookies are read as they were written', () => {
  const random = randomOf(5);
  for (let run = 0; run < 3000; run += 1) {
    const pairs = randomPairs(random, () => randomText(random, false)).map(([name, value]): [string, string] => [
      name.replace(/[;=]/g, '').replace(/^[ \t]+|[ \t]+$/g, ''),
      value,
    ]);
    const fields = withCookies(asked('old=1'), pairs);
    assert.deepEqual(cookiesOf(fields), pairs, JSON.stringify(fields));
    assert.equal(fields.length, pairs.length === 0 ? 0 : 1);
    assert.doesNotMatch(fields[0]?.[1] ?? '', /[\r\n\0]|[^\x00-\xff]/);
  }
});

test('DMR-08 DMR-09 what no cookie can hold is refused', () => {
  for (const name of ['a;b', 'a=b', ' a', 'a\t', 'a\r\nb', 'a\0']) {
    assert.throws(() => withCookies([], [[name, 'x']]), TypeError, JSON.stringify(name));
    assert.throws(() => withSetCookies([], [[name, { value: 'x', attributes: [] }]]), TypeError, JSON.stringify(name));
    assert.throws(() => withSetCookies([], [['x', { value: 'y', attributes: [[name, null]] }]]), TypeError);
  }
  for (const value of ['a\rb', 'a\nb', 'a\0b']) {
    assert.throws(() => withCookies([], [['x', value]]), /"x".*line breaks/);
    assert.throws(() => withSetCookies([], [['x', { value, attributes: [] }]]), /"x".*line breaks/);
    assert.throws(() => withSetCookies([], [['x', { value: '', attributes: [['Path', value]] }]]), /"Path"/);
  }
});

test('DMR-08 DMR-09 hostile fields take no long time', () => {
  const started = process.cpuUsage();
  for (const unit of ['a="\\', '"', '\\"', 'a,', ', a', ',a=', ';', 'a="; ', ' \t', '="']) {
    const text = unit.repeat(200_000 / unit.length);
    assert.ok(cookiesOf(asked(`a=${text}`)).length > 0, unit);
    assert.ok(setCookiesOf(given(`a=${text}`)).length > 0, unit);
  }
  assert.ok(process.cpuUsage(started).user < 10_000_000);
});
