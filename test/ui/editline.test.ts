import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EditLine, edit, editLine, insert, lineText } from '../../src/ui/editline.js';

/** A line with | where the cursor is. */
function drawn(line: EditLine): string {
  return `${line.text.slice(0, line.at).join('')}|${line.text.slice(line.at).join('')}`;
}

function line(text: string): EditLine {
  return editLine(text.replace('|', ''), [...text].indexOf('|'));
}

describe('UI-PR-04 the prompt', () => {
  const table: readonly [string, string, string][] = [
    ['left', 'ab|c', 'a|bc'],
    ['left', '|abc', '|abc'],
    ['ctrl b', 'ab|c', 'a|bc'],
    ['right', 'ab|c', 'abc|'],
    ['right', 'abc|', 'abc|'],
    ['ctrl f', '|abc', 'a|bc'],
    ['home', 'ab|c', '|abc'],
    ['ctrl a', 'ab|c', '|abc'],
    ['end', 'a|bc', 'abc|'],
    ['ctrl e', 'a|bc', 'abc|'],
    ['meta b', 'one two  |three', 'one |two  three'],
    ['ctrl left', 'one tw|o', 'one |two'],
    ['meta f', 'one|  two three', 'one  two| three'],
    ['ctrl right', '|one two', 'one| two'],
    ['backspace', 'ab|c', 'a|c'],
    ['backspace', '|abc', '|abc'],
    ['ctrl h', 'ab|c', 'a|c'],
    ['delete', 'a|bc', 'a|c'],
    ['delete', 'abc|', 'abc|'],
    ['ctrl d', 'a|bc', 'a|c'],
    ['ctrl w', 'one two  |three', 'one |three'],
    ['meta backspace', 'one tw|o', 'one |o'],
    ['ctrl u', 'one t|wo', '|wo'],
    ['ctrl k', 'one t|wo', 'one t|'],
    ['meta d', 'one| two three', 'one| three'],
    ['backspace', 'a\u{1f600}|b', 'a|b'],
    ['left', 'a\u{1f600}|b', 'a|\u{1f600}b'],
  ];
  for (const [key, before, after] of table)
    it(`${key}: ${before}`, () => {
      const edited = edit(line(before), key);
      assert.equal(edited && drawn(edited), after);
    });

  it('puts back with ctrl y what was last cut', () => {
    const cut = edit(line('one two|'), 'ctrl w');
    const moved = cut && edit(cut, 'home');
    const typed = moved && edit(moved, 'delete');
    const back = typed && edit(typed, 'ctrl y');
    assert.equal(back && drawn(back), 'two|ne ');
  });

  it('leaves other keys to others', () => {
    for (const key of ['a', 'enter', 'esc', 'up', 'tab', 'ctrl x']) assert.equal(edit(line('a|b'), key), null);
  });
});

describe('typing', () => {
  it('goes in at the cursor', () => assert.equal(drawn(insert(line('a|d'), 'bc')), 'abc|d'));
  it('makes line breaks and tabs blanks and leaves out other control characters', () =>
    assert.equal(lineText(insert(editLine(''), 'a\r\nb\nc\rd\te\x1b[2J\x9b\x7f\0f')), 'a b c d e[2Jf'));
  it('counts code points', () => assert.equal(insert(editLine(''), '\u{1f600}é').at, 2));
  it('begins at the end of a given text', () => assert.equal(drawn(editLine('abc')), 'abc|'));
});
