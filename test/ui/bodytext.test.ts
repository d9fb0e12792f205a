import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ByteSource, bytesSource } from '../../src/content/source.js';
import { BodyText } from '../../src/ui/bodytext.js';
import type { Line } from '../../src/ui/lines.js';
import { textWidth } from '../../src/ui/text.js';

const BLOCK = 65_536;
const MANY = 1_000_000;

function text(source: ByteSource | string, isJson = false): BodyText {
  const bytes = typeof source === 'string' ? bytesSource(Buffer.from(source)) : source;
  return new BodyText(bytes, { view: 'Raw', shape: 'text', isJson, note: '' }, '');
}

function hex(source: ByteSource): BodyText {
  return new BodyText(source, { view: 'Hex dump', shape: 'hex', isJson: false, note: '' }, '');
}

function lineText(line: Line): string {
  return line.spans.map((one) => one.text).join('');
}

function rows(body: BodyText, width: number, at = 0, count = MANY): string[] {
  return body.rows(at, count, width).map(lineText);
}

/** The beginnings of all rows, one after the other. */
function starts(body: BodyText, width: number): number[] {
  const found = [0];
  for (let at = 0; ; ) {
    const next = body.next(at, 1, width);
    if (next === at) return found;
    found.push(next);
    at = next;
  }
}

function numbered(count: number, width: number): string[] {
  return Array.from({ length: count }, (_, at) => `${at} `.padEnd(width - (at % 7), 'x'));
}

describe('rows of text', () => {
  const table: readonly [string, string, number, readonly string[]][] = [
    ['nothing', '', 10, []],
    ['one line', 'abc', 10, ['abc']],
    ['lines', 'a\nb\n\nc', 10, ['a', 'b', '', 'c']],
    ['a line break at the end begins no row', 'a\n', 10, ['a']],
    ['a blank line', '\n', 10, ['']],
    ['CRLF', 'a\r\nb\r\n', 10, ['a', 'b']],
    ['a lone CR is shown', 'a\rb', 10, ['a␍b']],
    ['a long line is cut', 'abcdef', 3, ['abc', 'def']],
    ['a tab is four blanks', '\ta', 10, ['    a']],
    ['a wide character does not begin in the last cell', 'ab世c', 3, ['ab', '世c']],
    ['a wide character gets a row of its own', '世界', 1, ['世', '界']],
    ['escapes are harmless', 'a\x1b[2J\u009b', 20, ['a␛[2J·']],
    ['combining marks take no room', 'e\u0301e\u0301e\u0301', 3, ['eee']],
    ['an emoji', '\u{1f600}x', 10, ['\u{1f600}x']],
  ];
  for (const [name, source, width, expected] of table)
    it(`CVV-01 ${name}`, () => assert.deepEqual(rows(text(source), width), expected));

  it('CVV-01 bad UTF-8 is shown byte by byte', () => {
    const bytes = Buffer.from([
      0x61, 0xff, 0x80, 0xc3, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xe0, 0x80, 0xaf, 0x62,
    ]);
    const shown = [...bytes]
      .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`))
      .join('');
    assert.deepEqual(rows(text(bytesSource(bytes)), 200), [shown]);
  });

  it('CVV-01 a character that the end cuts off is shown byte by byte', () =>
    assert.deepEqual(rows(text(bytesSource(Buffer.from([0x61, 0xe4, 0xb8]))), 80), ['a\\xe4\\xb8']));

  it('begin wherever a row begins', () => {
    const body = text('abc\ndef\nghi');
    assert.deepEqual(rows(body, 10, 4, 1), ['def']);
    assert.deepEqual(rows(body, 10, 4), ['def', 'ghi']);
    assert.deepEqual(rows(body, 10, 0, 0), []);
  });

  it('CVV-04 of JSON have the same text in colours', () => {
    const source = '  "a\\"b": [1.5e3, -2, true, false, null, "x", "世"],\n  "tnf": "t", "open\n: , } ] - nul';
    const colored = text(source, true).rows(0, 9, 80);
    assert.deepEqual(colored.map(lineText), source.split('\n'));
    const [first] = colored;
    const styles = new Map(first?.spans.map((one) => [one.text.trim(), one.style]));
    assert.deepEqual(
      ['"a\\"b"', '1.5e3', '-2', 'true', 'null', '"x"'].map((token) => styles.get(token)),
      ['name', 'number', 'number', 'literal', 'literal', 'string'],
    );
  });
});

describe('rows of large bodies', () => {
  it('are the lines, wherever blocks of 64 KiB end', () => {
    const lines = numbered(5000, 80);
    assert.deepEqual(rows(text(lines.join('\n')), 100), lines);
  });

  it('are the lines where a line break is the first byte of a block', () => {
    const lines = ['x'.repeat(BLOCK), 'after'];
    assert.deepEqual(rows(text(lines.join('\n')), BLOCK), lines);
    const short = `${'x'.repeat(BLOCK - 10)}\n${'y'.repeat(9)}\nafter`;
    assert.deepEqual(rows(text(short), BLOCK), short.split('\n'));
  });

  it('are the lines where CRLF lies across two blocks', () => {
    const lines = [...numbered(10, 80), 'z'.repeat(70)];
    const start = `${'x'.repeat(BLOCK - 1)}\r\n`;
    assert.deepEqual(rows(text(start + lines.join('\r\n')), BLOCK), ['x'.repeat(BLOCK - 1), ...lines]);
  });

  for (const [name, letter] of [
    ['two', 'é'],
    ['three', '世'],
    ['four', '\u{1f600}'],
  ] as const)
    it(`show a character of ${name} bytes once where it lies across two blocks`, () => {
      const source = `a${letter.repeat(60_000)}`;
      assert.equal(rows(text(source), 100).join(''), source);
    });

  it('of one long line hold all of it', () => {
    const source = Array.from({ length: 50_000 }, (_, at) => `"k${at}":${at}`).join(',');
    assert.equal(rows(text(source, true), 97).join(''), source);
  });

  it('fill the width and never more', () => {
    const source = 'ab世\u{1f600}\tc'.repeat(20_000);
    for (const width of [2, 7, 80])
      for (const row of rows(text(source), width, 0, 2000)) assert.ok(textWidth(row) <= Math.max(4, width), row);
  });
});

describe('moving by rows', () => {
  const sources: Readonly<Record<string, string>> = {
    'short lines': numbered(3000, 60).join('\n'),
    'lines that wrap': numbered(800, 400).join('\r\n'),
    'one line without end': 'abcdefg '.repeat(20_000),
    'wide characters': `${'世界 '.repeat(30_000)}\n${'é'.repeat(500)}`,
    'blank lines': 'a\n\n\n'.repeat(20_000),
    'a long line after short ones': `${numbered(20, 60).join('\n')}\n${'x'.repeat(150_000)}\n${numbered(20, 60).join('\n')}`,
  };
  for (const [name, source] of Object.entries(sources)) {
    const body = text(source);
    const all = starts(body, 80);
    /** Rows between two that are looked at, no multiple of what repeats in the sources: some hundreds are enough. */
    const sparse = (step: number): number => step * Math.ceil(all.length / 6500);
    const isNearBorder = (at: number): boolean => Math.abs((at % BLOCK) - BLOCK / 2) > BLOCK / 2 - 20;

    it(`${name}: next goes where the rows begin, one by one or many at once`, () => {
      assert.equal(rows(body, 80).length, all.length);
      for (const [count, at] of all.entries()) if (count % sparse(97) === 0) assert.equal(body.next(0, count, 80), at);
      assert.equal(body.next(0, MANY, 80), all.at(-1));
    });

    it(`${name}: previous is the inverse of next`, () => {
      for (const [count, at] of all.entries()) {
        if (count > 0 && (count % sparse(13) === 0 || count > all.length - 40 || isNearBorder(at)))
          assert.equal(body.previous(at, 1, 80), all[count - 1], `row ${count}`);
        if (count % sparse(101) === 0)
          assert.equal(body.previous(at, 40, 80), all[Math.max(0, count - 40)], `row ${count}`);
      }
      assert.equal(body.previous(all.at(-1) ?? 0, MANY, 80), 0);
    });

    it(`${name}: end is a page before the last row`, () => {
      for (const height of [1, 2, 20]) assert.equal(body.end(height, 80), all[Math.max(0, all.length - height)]);
    });

    it(`${name}: rowAt finds the row of a byte`, () => {
      for (let at = 0; at < body.size; at += 1777) {
        const row = all.findLast((start) => start <= at);
        assert.equal(body.rowAt(at, 80), row, `byte ${at}`);
      }
    });
  }

  it('an empty body has one place', () => {
    const body = text('');
    assert.deepEqual([body.end(10, 80), body.next(0, 5, 80), body.previous(0, 5, 80), body.rowAt(7, 80)], [0, 0, 0, 0]);
  });

  it('a place outside the body is its end or its beginning', () => {
    const body = text('abc\ndef');
    assert.equal(body.rowAt(999, 80), 4);
    assert.equal(body.rowAt(-5, 80), 0);
  });
});

describe('CVV-02 a hex dump', () => {
  const bytes = Buffer.from(Array.from({ length: 40 }, (_, at) => (at * 37) % 256));
  const body = hex(bytesSource(bytes));

  it('has sixteen bytes in a row, in groups of four, with their letters', () =>
    assert.deepEqual(rows(body, 80, 0, 1), [
      '0000000000  00 25 4a 6f  94 b9 de 03  28 4d 72 97  bc e1 06 2b  .%Jo....(Mr....+',
    ]));

  it('has a short last row in the same columns', () => {
    const [last] = rows(body, 80, 32);
    assert.equal(last?.slice(0, 10), '0000000020');
    assert.equal(last?.length, 10 + 2 + 4 * 11 + 3 * 2 + 2 + 8);
  });

  it('moves by rows of sixteen', () => {
    assert.equal(body.next(0, 1, 80), 16);
    assert.equal(body.next(0, 99, 80), 32);
    assert.equal(body.previous(32, 1, 80), 16);
    assert.equal(body.previous(16, 5, 80), 0);
    assert.equal(body.rowAt(31, 80), 16);
    assert.equal(body.end(2, 80), 16);
  });
});

const LINE = 50;
const PAGE = 50;

/** 500 MB of numbered lines that are made when they are read. */
class Huge implements ByteSource {
  readonly size = 500_000_000;
  asked = 0;

  read(at: number, length: number): Uint8Array {
    const count = Math.max(0, Math.min(length, this.size - at));
    this.asked += count;
    const first = Math.floor(at / LINE);
    const many = Math.ceil((at + count) / LINE) - first;
    const lines = Array.from({ length: many }, (_, number) => `${lineOf(first + number)}\n`);
    return Buffer.from(lines.join('')).subarray(at - first * LINE, at - first * LINE + count);
  }
}

function lineOf(number: number): string {
  return String(number).padStart(LINE - 1, '.');
}

describe('a body of 500 MB opens by reading a window', () => {
  const most = 4 * 1024 * 1024;

  for (const [name, begin] of [
    ['at its start', () => 0],
    ['in its middle', (body: BodyText) => body.rowAt(250_000_000, 80)],
    ['at its end', (body: BodyText) => body.end(PAGE, 80)],
  ] as const)
    it(name, () => {
      const source = new Huge();
      const body = text(source);
      const at = begin(body);
      const first = at / LINE;
      assert.deepEqual(
        rows(body, 80, at, PAGE),
        Array.from({ length: PAGE }, (_, row) => lineOf(first + row)),
      );
      assert.ok(source.asked < most, `${source.asked} bytes`);
    });

  it('and turns a page by reading another', () => {
    const source = new Huge();
    const body = text(source);
    const at = 250_000_000;
    assert.equal(body.next(at, PAGE, 80), at + PAGE * LINE);
    assert.equal(body.previous(at, PAGE, 80), at - PAGE * LINE);
    assert.ok(source.asked < 2 * most, `${source.asked} bytes`);
  });

  it('as one line without end, too', () => {
    const source = new Huge();
    const endless: ByteSource = {
      size: source.size,
      read: (at, length) => source.read(at, length).map((byte) => (byte === 10 ? 46 : byte)),
    };
    const body = text(endless);
    assert.equal(rows(body, 80, body.rowAt(250_000_000, 80), PAGE).length, PAGE);
    assert.equal(rows(body, 80, body.end(PAGE, 80)).length, PAGE);
    assert.ok(source.asked < 2 * most, `${source.asked} bytes`);
  });

  it('as a hex dump, too', () => {
    const source = new Huge();
    const body = hex(source);
    assert.equal(rows(body, 80, body.end(PAGE, 80)).length, PAGE);
    assert.ok(source.asked < 100_000, `${source.asked} bytes`);
  });
});
