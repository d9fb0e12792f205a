import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodedPart,
  encodedPart,
  pathComponents,
  percentDecoded,
  queryOf,
  withPathComponents,
  withQuery,
} from '../../src/flow/query.js';
import { randomOf, randomPairs, randomText } from './random.js';

type Pairs = readonly (readonly [string, string])[];

test('DMR-07 a query is read with its order, duplicates and blank values', () => {
  const cases: readonly (readonly [path: string, pairs: Pairs])[] = [
    ['/', []],
    ['/?', []],
    ['*', []],
    [
      '/?a=1&b=2&a=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
      ],
    ],
    [
      '/?a=&b&=c&=',
      [
        ['a', ''],
        ['b', ''],
        ['', 'c'],
        ['', ''],
      ],
    ],
    ['/?&&a=1&&', [['a', '1']]],
    ['/?a=b=c', [['a', 'b=c']]],
    ['/?a?b=c?d', [['a?b', 'c?d']]],
    ['/?a=1;b=2', [['a', '1;b=2']]],
    ['/?a+b=c+d%2Be', [['a b', 'c d+e']]],
    ['/?%C3%A9=%e4%b8%96', [['é', '世']]],
    ['/?\xc3\xa9=\xe4\xb8\x96', [['é', '世']]],
    [
      '/?a=%&b=%4&c=%zz&d=%%41',
      [
        ['a', '%'],
        ['b', '%4'],
        ['c', '%zz'],
        ['d', '%A'],
      ],
    ],
    ['/?a=%2541', [['a', '%41']]],
    ['/?a=%00%0D%0A', [['a', '\0\r\n']]],
    ['/?a=%26%3D%23', [['a', '&=#']]],
    ['/?a=1#b=2', [['a', '1']]],
    ['/#?a=1', []],
    ['/?a=1?b#?', [['a', '1?b']]],
    ['/?__proto__=1', [['__proto__', '1']]],
  ];
  for (const [path, pairs] of cases) assert.deepEqual(queryOf(path), pairs, path);
});

test('DMR-07 a query is written percent-encoded, and only the query', () => {
  const cases: readonly (readonly [path: string, pairs: Pairs, after: string])[] = [
    ['/a', [['b', 'c']], '/a?b=c'],
    ['/a?', [['b', 'c']], '/a?b=c'],
    ['/a?x=y', [], '/a'],
    ['/a?', [], '/a'],
    ['/a?x#f?g', [['b', 'c']], '/a?b=c#f?g'],
    ['/a#f?g', [['b', 'c']], '/a?b=c#f?g'],
    ['/a%20b?x', [['b', '']], '/a%20b?b='],
    ['/', [['a b', 'c+d&e=f#g?h/i']], '/?a+b=c%2Bd%26e%3Df%23g%3Fh%2Fi'],
    ['/', [['é', '世😀']], '/?%C3%A9=%E4%B8%96%F0%9F%98%80'],
    ['/', [['a', "~-_.!*'()"]], '/?a=~-_.%21%2A%27%28%29'],
    ['/', [['a', '\0\r\n']], '/?a=%00%0D%0A'],
    ['*', [['a', 'b']], '*?a=b'],
  ];
  for (const [path, pairs, after] of cases) assert.equal(withQuery(path, pairs), after, path);
});

test('DMR-07 octets that are no UTF-8 come back as the same octets', () => {
  for (let octet = 0; octet < 256; octet += 1) {
    const hex = `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    const [pair] = queryOf(`/?a=${hex}`);
    const [, after] = /=(.*)$/.exec(withQuery('/', pair ? [pair] : [])) ?? [];
    assert.equal(percentDecoded(after?.replaceAll('+', ' ') ?? ''), percentDecoded(hex), hex);
    assert.deepEqual(queryOf(`/?a=${after}`), [pair], hex);
  }
  assert.equal(withQuery('/', queryOf('/?a=%FF%C3%28')), '/?a=%FF%C3%28');
  assert.equal(withQuery('/', queryOf('/?a=\xff')), '/?a=%FF');
});

test('DMR-07 random pairs are read as they were written', () => {
  const random = randomOf(2);
  for (let run = 0; run < 3000; run += 1) {
    const pairs = randomPairs(random, () => randomText(random, true));
    const path = withQuery('/p?old=1#end', pairs);
    assert.match(path, /^\/p[\x21-\x7e]*#end$/);
    assert.deepEqual(queryOf(path), pairs, path);
    assert.equal(withQuery(path, queryOf(path)), path);
  }
});

test('DMR-07 one part is written and read alone', () => {
  const random = randomOf(3);
  for (let run = 0; run < 1000; run += 1) {
    const text = randomText(random, true);
    assert.equal(decodedPart(encodedPart(text)), text);
    assert.match(encodedPart(text), /^[\w.~%+-]*$/);
  }
});

test('DMR-12 the components of a path are decoded, empty ones too', () => {
  const cases: readonly (readonly [path: string, components: readonly string[]])[] = [
    ['/', []],
    ['', []],
    ['/?a/b', []],
    ['/a/b', ['a', 'b']],
    ['/a/b/?c/d#e/f', ['a', 'b', '']],
    ['/a//b', ['a', '', 'b']],
    ['//a', ['', 'a']],
    ['/a%2Fb/c%20d/+', ['a/b', 'c d', '+']],
    ['/%C3%A9/%E4%B8%96/\xc3\xa9', ['é', '世', 'é']],
    ['/%/%zz', ['%', '%zz']],
    ['/a#b/c', ['a']],
  ];
  for (const [path, components] of cases) assert.deepEqual(pathComponents(path), components, path);
});

test('DMR-12 the components of a path are encoded each, and query and fragment stay', () => {
  const cases: readonly (readonly [path: string, components: readonly string[], after: string])[] = [
    ['/x?a=b#c', ['y'], '/y?a=b#c'],
    ['/x?a%20b', [], '/?a%20b'],
    ['/', ['a/b', 'c?d', 'e#f', 'g%h', 'i j'], '/a%2Fb/c%3Fd/e%23f/g%25h/i%20j'],
    ['/', ['é', '世'], '/%C3%A9/%E4%B8%96'],
    ['/', ['a', ''], '/a/'],
    ['/', ['+', "~-_.!*'()"], "/%2B/~-_.!*'()"],
    ['/', ['\r\n\0'], '/%0D%0A%00'],
  ];
  for (const [path, components, after] of cases) assert.equal(withPathComponents(path, components), after, after);
});

test('DMR-12 random components are read as they were written', () => {
  const random = randomOf(4);
  for (let run = 0; run < 2000; run += 1) {
    const components = Array.from({ length: random(5) + 1 }, () => `x${randomText(random, true)}`);
    const path = withPathComponents('/old?a=b', components);
    assert.deepEqual(pathComponents(path), components);
    assert.match(path, /^\/[\x21-\x7e]*\?a=b$/);
  }
});
