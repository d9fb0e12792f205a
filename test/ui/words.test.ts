import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quoteWord, splitWords } from '../../src/ui/words.js';

const texts = (line: string): string[] => splitWords(line).map((word) => word.text);

describe('CL-01 CL-02 the words of a command line', () => {
  const table: readonly [string, readonly string[]][] = [
    ['', []],
    ['  ', []],
    ['set intercept', ['set', 'intercept']],
    [' a\tb\nc ', ['a', 'b', 'c']],
    ['set intercept "~u a b"', ['set', 'intercept', '~u a b']],
    [`a 'b "c"' d`, ['a', 'b "c"', 'd']],
    ['a ""', ['a', '']],
    ['a "b c', ['a', 'b c']],
    [`a 'b c`, ['a', 'b c']],
    ['a "', ['a', '']],
    ['~u foo\\.bar', ['~u', 'foo\\.bar']],
  ];
  for (const [line, words] of table) it(JSON.stringify(line), () => assert.deepEqual(texts(line), words));

  it('say where they begin', () =>
    assert.deepEqual(
      splitWords(' set "a b"').map((word) => word.at),
      [1, 5],
    ));
});

it('CL-02 a quoted word reads back as it is', () => {
  for (const word of ['', 'a', 'a b', "it's", 'say "x"', '\ta\n', '~u x', '/p/a th', '\\'])
    assert.deepEqual(texts(`x ${quoteWord(word)} y`), ['x', word, 'y']);
});
