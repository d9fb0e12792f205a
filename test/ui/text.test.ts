import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Terminal } from '@xterm/headless';
import { escapeBytes, fit, glyphOf, glyphs, isWide, startOf, textWidth, wrapped } from '../../src/ui/text.js';

import addon = require('@xterm/addon-unicode11');

function shown(text: string): string {
  return [...glyphs(text)].map((glyph) => glyph.text).join('');
}

function codePoints(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

describe('hostile text', () => {
  const table: readonly [string, string, string][] = [
    ['C0 becomes pictures', '\0\x07\x1b[2J\r\n\t', '␀␇␛[2J␍␊␉'],
    ['DEL becomes its picture', 'a\x7fb', 'a␡b'],
    ['C1 becomes dots', '\x80\x84\x85\x8d\x90\x9b\x9d\x9f', '········'],
    ['bidi controls become dots', '\u202ea\u202c\u2066b\u2069\u200e\u200f\u061c', '·a··b····'],
    ['zero-width characters become dots', '\u200ba\ufeffb\u2060', '·a·b·'],
    ['a joined family becomes its members', '\u{1f468}\u200d\u{1f469}', '\u{1f468}·\u{1f469}'],
    ['flags become dots', '\u{1f1e9}\u{1f1ea}', '··'],
    ['skin tones become dots', '\u{1f44d}\u{1f3fd}', '\u{1f44d}·'],
    ['variation selectors become dots', '\u2764\ufe0f', '\u2764·'],
    ['a keycap loses its frame', '1\ufe0f\u20e3', '1·'],
    ['tag characters become dots', '\u{e0041}\u{e007f}', '··'],
    ['lone surrogates become dots', '\ud800a\udc00', '·a·'],
    ['surrogates in the wrong order become dots', '\ude00\ud83d', '··'],
    ['private characters become dots', '\ue000\u{f0000}', '··'],
    ['unassigned characters become dots', '\u0378\uffff', '··'],
    ['line and paragraph separators become dots', '\u2028\u2029', '··'],
    ['Hangul fillers become dots', '\u115f\u3164\uffa0', '···'],
    ['combining marks go', 'e\u0301\u0302x\u20dd', 'ex'],
    ['a thousand combining marks go', `a${'\u0300'.repeat(1000)}b`, 'ab'],
    ['a no-break space is a space', 'a\xa0b', 'a b'],
  ];
  for (const [name, text, expected] of table) it(name, () => assert.equal(shown(text), expected));

  it('never leaves a character that a terminal acts on, in all of Unicode', () => {
    const acting = /[\x00-\x1f\x7f-\x9f\p{Cf}\p{Cs}\p{M}\p{Zl}\p{Zp}]/u;
    for (const code of codePoints(0, 0x10ffff)) {
      const glyph = glyphOf(code);
      if (glyph) assert.ok(!acting.test(glyph.text) && [...glyph.text].length === 1, code.toString(16));
    }
  });
});

describe('width', () => {
  const table: readonly [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['世界', 4],
    ['한글', 4],
    ['ｆｕ', 4],
    ['ﾊﾝ', 2],
    ['\u{1f600}', 2],
    ['\u{1f468}\u200d\u{1f469}', 5],
    ['\x1b', 1],
    ['\u{20000}', 2],
    ['±°─', 3],
    ['…', 1],
  ];
  for (const [text, width] of table)
    it(`of ${JSON.stringify(text)} is ${width}`, () => assert.equal(textWidth(text), width));

  it('is one below U+1100', () => {
    for (const code of codePoints(0x20, 0x10ff)) assert.equal(isWide(code), false);
  });

  it('of what is shown is what was counted', () => {
    for (const code of codePoints(0xa0, 0x3ffff)) {
      const text = String.fromCodePoint(code);
      assert.equal(textWidth(text), textWidth(shown(text)), code.toString(16));
    }
  });
});

/** The widths a terminal uses, Unicode 11. */
function terminalWidths(): (code: number) => number {
  let width: ((code: number) => number) | undefined;
  const register = (provider: { wcwidth(code: number): number }): void => {
    width = (code) => provider.wcwidth(code);
  };
  new addon.Unicode11Addon().activate({ unicode: { register } } as unknown as Terminal);
  return width ?? assert.fail('the addon registers its widths');
}

describe('width is what a terminal draws', () => {
  const drawn = terminalWidths();
  const scripts: readonly [string, number, number][] = [
    ['European and Indic scripts', 0xa0, 0x10ff],
    ['Hangul letters', 0x1100, 0x11ff],
    ['African to phonetic scripts', 0x1200, 0x1fff],
    ['symbols', 0x2000, 0x2fef],
    ['CJK punctuation to Bopomofo', 0x3000, 0x31ba],
    ['CJK and Hangul', 0x3250, 0xd7ff],
    ['compatibility and wide forms', 0xf900, 0xfffd],
    ['emoji up to Unicode 11', 0x1f300, 0x1f6d5],
    ['rare ideographs', 0x20000, 0x2fffd],
  ];
  for (const [name, from, to] of scripts)
    it(name, () => {
      const wrong = codePoints(from, to).filter((code) => {
        const glyph = glyphOf(code);
        return glyph !== null && drawn(glyph.text.codePointAt(0) ?? 0) !== glyph.width;
      });
      assert.deepEqual(
        wrong.map((code) => code.toString(16)),
        [],
      );
    });
});

describe('fitting', () => {
  const table: readonly [string, number, 'left' | 'right', string][] = [
    ['abc', 5, 'left', 'abc  '],
    ['abc', 5, 'right', '  abc'],
    ['abcdef', 4, 'left', 'abc…'],
    ['abcdef', 4, 'right', '…def'],
    ['abc', 3, 'left', 'abc'],
    ['abc', 1, 'left', '…'],
    ['abc', 0, 'left', ''],
    ['abc', -3, 'left', ''],
    ['世界', 3, 'left', '世…'],
    ['世界世', 4, 'left', '世… '],
    ['世界世', 4, 'right', ' …世'],
    ['世', 1, 'left', '…'],
    ['a\x1bb', 5, 'left', 'a␛b  '],
  ];
  for (const [text, width, align, expected] of table)
    it(`${JSON.stringify(text)} into ${width}, ${align}`, () => assert.equal(fit(text, width, align), expected));

  it('always gives exactly the cells asked for, with no half of a wide character', () => {
    const texts = ['plain text', '世界世界', 'a世b界c', '\u{1f600}\u{1f600}x', 'e\u0301e\u0301', '\x9b\u202e世', ''];
    for (const text of texts)
      for (let width = 0; width < 14; width += 1)
        for (const align of ['left', 'right'] as const) {
          const fitted = fit(text, width, align);
          assert.equal(
            [...glyphs(fitted)].reduce((sum, glyph) => sum + glyph.width, 0),
            width,
            `${text} ${width}`,
          );
        }
  });

  it('starts stop before a wide character that does not fit', () => {
    assert.equal(startOf('a世b', 2), 'a');
    assert.equal(startOf('a世b', 3), 'a世');
    assert.equal(startOf('abc', -1), '');
    assert.equal(startOf('\x1bab', 2), '␛a');
  });
});

it('UI-FV-07 octets outside printable ASCII are escaped', () => {
  assert.equal(escapeBytes('a\tb\x00\x7f\x80\xff~ '), 'a\\x09b\\x00\\x7f\\x80\\xff~ ');
});

describe('a text in lines', () => {
  it('UI-18 ends at any width, with a glyph a line where there is no room', () => {
    for (const width of [-100, -1, 0, 1]) {
      assert.deepEqual(wrapped('ab 漢c', width), ['a', 'b', '漢', 'c']);
      assert.deepEqual(wrapped('', width), ['']);
    }
    assert.deepEqual(wrapped('some words of it', 8), ['some', 'words of', 'it']);
  });
});
