import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import { formOf, formText, isUrlencoded } from '../../src/flow/form.js';
import { randomOf, randomPairs, randomText } from './random.js';

test('DMR-10 a form is one when the content type says so', () => {
  const cases: readonly (readonly [type: string | null, isForm: boolean])[] = [
    ['application/x-www-form-urlencoded', true],
    ['Application/X-WWW-Form-Urlencoded; charset=UTF-8', true],
    [' application/x-www-form-urlencoded ;', true],
    ['application/x-www-form-urlencodedx', false],
    ['text/plain; application/x-www-form-urlencoded', false],
    ['multipart/form-data; boundary=x', false],
    ['', false],
    [null, false],
  ];
  for (const [type, isForm] of cases) {
    const fields: Fields = type === null ? [] : [['content-TYPE', type]];
    assert.equal(isUrlencoded(fields), isForm, String(type));
  }
});

test('DMR-10 a form keeps order, duplicates and blank values', () => {
  assert.deepEqual(formOf(''), []);
  assert.deepEqual(formOf('a=1&b&a=&=x&&%C3%A9=+%2B'), [
    ['a', '1'],
    ['b', ''],
    ['a', ''],
    ['', 'x'],
    ['é', ' +'],
  ]);
  assert.deepEqual(formOf('a=\xc3\xa9&b=\xff'), [
    ['a', 'é'],
    ['b', '\udcff'],
  ]);
  assert.deepEqual(formOf('a?b#c=d'), [['a?b#c', 'd']]);
});

test('DMR-10 flags without an equals sign keep that style', () => {
  const cases: readonly (readonly [like: string, pairs: readonly (readonly [string, string])[], after: string])[] = [
    [
      '',
      [
        ['a', ''],
        ['b', 'c'],
      ],
      'a=&b=c',
    ],
    [
      'a&b=c',
      [
        ['a', ''],
        ['b', 'c'],
      ],
      'a&b=c',
    ],
    [
      'a&b=',
      [
        ['a', ''],
        ['b', ''],
        ['new', ''],
      ],
      'a&b=&new=',
    ],
    [
      'a&b=c',
      [
        ['a', ''],
        ['new', ''],
      ],
      'a&new',
    ],
    ['b=c', [['new', '']], 'new='],
    [
      'a&b=c',
      [
        ['a', 'x'],
        ['b', ''],
      ],
      'a=x&b',
    ],
    ['a%20b', [['a b', '']], 'a+b'],
    [
      'a+b&c=',
      [
        ['a b', ''],
        ['c', ''],
      ],
      'a+b&c=',
    ],
    ['a', [['', '']], '='],
    ['a&a=', [['a', '']], 'a'],
    ['a', [], ''],
  ];
  for (const [like, pairs, after] of cases) assert.equal(formText(pairs, like), after, like);
});

test('DMR-10 random forms are read as they were written, whatever style they are written in', () => {
  const random = randomOf(7);
  const text = (): string => (random(4) === 0 ? '' : randomText(random, true));
  for (let run = 0; run < 3000; run += 1) {
    const pairs = randomPairs(random, text);
    const like = formText(randomPairs(random, text), random(2) === 0 ? 'flag' : '');
    for (const body of [formText(pairs, ''), formText(pairs, like), formText(pairs, 'flag')]) {
      assert.match(body, /^[\w.~%+&=-]*$/);
      assert.deepEqual(formOf(body), pairs, body);
      assert.equal(formText(formOf(body), body).length <= body.length, true);
    }
  }
});

test('DMR-10 a form written in the plain way comes back byte for byte when nothing is changed', () => {
  for (const body of ['a=1&b=2', 'a&b&c', 'a=&b=', 'a&b=&c=1', 'a+b=%C3%A9&%FF=%00', ''])
    assert.equal(formText(formOf(body), body), body, body);
});
