import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { indentJson } from '../../src/content/json.js';

/** A text without the white space that stands outside its strings. */
function tokens(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, '$1');
}

/** A small repeatable generator of numbers below a bound (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const SCALARS = [
  '0',
  '-0',
  '1.50',
  '1E+5',
  '12345678901234567890',
  '0.1e-400',
  'true',
  'false',
  'null',
  '""',
  '"a b"',
  '"\\u00e9\\"\\\\"',
  '"{[,:]}"',
  '"世 "',
  '"\\ud800"',
  '"\x7f"',
];
const BLANKS = ['', '', ' ', '\n', '\t', '\r\n  '];

function document(roll: (below: number) => number, depth = 0): string {
  const blank = (): string => BLANKS[roll(BLANKS.length)] ?? '';
  const scalar = (): string => SCALARS[roll(SCALARS.length)] ?? '0';
  const kind = depth > 5 ? 0 : roll(3);
  if (kind === 0) return blank() + scalar() + blank();
  const items = Array.from({ length: roll(5) }, () => {
    const value = document(roll, depth + 1);
    return kind === 1 ? value : `${blank()}"${['k', 'k', '', 'a:b', '\\n'][roll(5)]}"${blank()}:${value}`;
  });
  const [open, close] = kind === 1 ? '[]' : '{}';
  return `${blank()}${open}${items.length === 0 ? blank() : items.join(',')}${close}${blank()}`;
}

describe('CVV-04 indented JSON', () => {
  const table: readonly [string, string][] = [
    ['{}', '{}'],
    [' [ ] ', '[]'],
    ['{"b":1,"a":[1,{"c":null}]}', '{\n  "b": 1,\n  "a": [\n    1,\n    {\n      "c": null\n    }\n  ]\n}'],
    ['"x"', '"x"'],
    ['[[],{}]', '[\n  [],\n  {}\n]'],
  ];
  for (const [text, expected] of table) it(text, () => assert.equal(indentJson(text), expected));

  it('keeps numbers, duplicate keys, key order and escapes', () => {
    const text = '{"b":12345678901234567890,"a":1.0,"b":1e2,"\\u0061":"\\/"}';
    assert.equal(tokens(indentJson(text) ?? ''), text);
  });

  it('never changes a token', () => {
    const roll = dice(1);
    for (let count = 0; count < 3000; count += 1) {
      const text = document(roll);
      const indented = indentJson(text);
      assert.equal(indented && tokens(indented), tokens(text), text);
      assert.deepEqual(JSON.parse(indented ?? ''), JSON.parse(text));
    }
  });

  it('is the same when it is indented again', () => {
    const roll = dice(2);
    for (let count = 0; count < 500; count += 1) {
      const once = indentJson(document(roll));
      assert.equal(once && indentJson(once), once);
    }
  });

  it('is made of a string of megabytes', () => {
    const text = JSON.stringify({ data: 'x'.repeat(3_000_000), more: '\\'.repeat(1_000_000) });
    assert.equal(tokens(indentJson(text) ?? ''), text);
  });

  it('of blanks in an empty list stays short', () =>
    assert.equal(tokens(indentJson(`[${' '.repeat(500)}]`) ?? ''), '[]'));
});

describe('JSON nested deeply', () => {
  for (const depth of [1000, 5000, 20_000, 200_000])
    it(`${depth} levels: does not throw, and does not grow with the square of its size`, () => {
      const text = '['.repeat(depth) + ']'.repeat(depth);
      const indented = indentJson(text);
      if (indented !== null) assert.ok(indented.length < 64 * 1024 * 1024, `${indented.length} characters`);
    });
});

describe('text that is no JSON', () => {
  const texts = [
    '',
    ' ',
    '{',
    '[',
    ']',
    '[1',
    '[1,]',
    '[,1]',
    '[,]',
    '[1 2]',
    '[1,,2]',
    '[1}',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a" "b"}',
    '{"a":1 "b":2}',
    '{"a","b"}',
    '{:1}',
    '{1:2}',
    '{a:1}',
    '{"a":1:2}',
    '1,2',
    '1 2',
    ':',
    '01',
    '-',
    '-01',
    '1.',
    '.5',
    '1.2.3',
    '1e',
    '1e+',
    '+1',
    '0x1',
    'NaN',
    'nul',
    'True',
    'truefalse',
    "'a'",
    '"a',
    '"\\x"',
    '"\\u12"',
    '"\t"',
    '"a\nb"',
    '\u00a01',
    '<html>',
  ];
  for (const text of texts)
    it(`${JSON.stringify(text)} is told apart`, () => {
      assert.throws(() => JSON.parse(text));
      assert.equal(indentJson(text), null);
    });
});
