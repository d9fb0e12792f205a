import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fullSize, parseSize, shortDuration, shortSize } from '../../src/flow/sizes.js';

describe('OP-08 a size', () => {
  const table: readonly [string, number | null][] = [
    ['0', 0],
    ['10', 10],
    ['7b', 7],
    ['500k', 512_000],
    ['3m', 3_145_728],
    ['1g', 1_073_741_824],
    ['2t', 2_199_023_255_552],
    [' 1k ', 1024],
    ['', null],
    ['k', null],
    ['-1', null],
    ['+1', null],
    ['1.5m', null],
    ['1kb', null],
    ['0x10', null],
    ['1e3', null],
    ['999999999999999t', null],
  ];
  for (const [text, bytes] of table)
    it(`${JSON.stringify(text)} is ${bytes === null ? 'refused' : bytes}`, () => assert.equal(parseSize(text), bytes));
});

describe('UI-COL-09 a short size', () => {
  const table: readonly [number, string][] = [
    [0, '0b'],
    [27, '27b'],
    [1023, '1023b'],
    [1024, '1.0k'],
    [1536, '1.5k'],
    [977 * 1024, '977k'],
    [1_048_575, '1.0m'],
    [4.5 * 1024 ** 2, '4.5m'],
    [100 * 1024 ** 3, '100g'],
    [Number.MAX_SAFE_INTEGER, '8192t'],
  ];
  for (const [bytes, text] of table) it(`of ${bytes} is ${text}`, () => assert.equal(shortSize(bytes), text));

  it('has at most five characters', () => {
    for (let bytes = 1; bytes < Number.MAX_SAFE_INTEGER; bytes = Math.ceil(bytes * 1.01))
      assert.ok(shortSize(bytes).length <= 5, `${bytes}: ${shortSize(bytes)}`);
  });
});

describe('UI-COL-10 a short duration', () => {
  const table: readonly [number, string][] = [
    [-5, '0ms'],
    [0, '0ms'],
    [4, '4ms'],
    [999.4, '999ms'],
    [999.5, '1.00s'],
    [1250, '1.25s'],
    [9994, '9.99s'],
    [9996, '10.0s'],
    [99_960, '100s'],
    [3_600_000, '3600s'],
  ];
  for (const [ms, text] of table) it(`of ${ms} is ${text}`, () => assert.equal(shortDuration(ms), text));

  it('has at most five characters, up to ten years', () => {
    for (let ms = 1; ms < 10 * 365 * 86_400_000; ms = Math.ceil(ms * 1.01))
      assert.ok(shortDuration(ms).length <= 5, `${ms}: ${shortDuration(ms)}`);
  });

  it('is never nothing once a second has passed', () => {
    for (let ms = 1000; ms < 10 * 365 * 86_400_000; ms = Math.ceil(ms * 1.01))
      assert.doesNotMatch(shortDuration(ms), /^0/, String(ms));
  });
});

it('a full size has a comma at every third digit', () => {
  assert.equal(fullSize(7), '7');
  assert.equal(fullSize(123), '123');
  assert.equal(fullSize(1234), '1,234');
  assert.equal(fullSize(412_331_008), '412,331,008');
});
