import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attributes, PLAIN } from '../../src/ui/theme.js';

const DEFAULT = 0x1ff;

function parts(attribute: number): { flags: number; color: number; background: number } {
  return { flags: attribute >> 18, color: (attribute >> 9) & DEFAULT, background: attribute & DEFAULT };
}

const STYLES = [
  'plain',
  'dim',
  'strong',
  'header',
  'good',
  'error',
  'held',
  'missing',
  'key',
  'tab',
  'string',
] as const;

describe('the theme', () => {
  const colored = attributes(true);
  const colorless = attributes(false);

  it('leaves plain text to the terminal', () => {
    assert.equal(colored('plain', undefined), PLAIN);
    assert.deepEqual(parts(PLAIN), { flags: 0, color: DEFAULT, background: DEFAULT });
  });

  it('uses only the sixteen colours of the terminal and its own background', () => {
    for (const style of STYLES) {
      const { color, background } = parts(colored(style, undefined));
      assert.ok(color < 16 || color === DEFAULT, style);
      assert.equal(background, DEFAULT);
    }
  });

  it('tells an error from plain text', () => assert.notEqual(colored('error', undefined), PLAIN));

  it('without colour uses weight, underline and inversion alone', () => {
    for (const style of STYLES)
      for (const tone of [undefined, 'focus', 'bar'] as const)
        assert.equal(parts(colorless(style, tone)).color, DEFAULT, `${style} ${tone}`);
    assert.notEqual(colorless('held', undefined), PLAIN);
    assert.notEqual(colorless('tab', undefined), PLAIN);
  });

  it('inverts a focused row, with and without colour', () => {
    for (const theme of [colored, colorless])
      for (const style of STYLES) {
        const flags = parts(theme(style, 'focus')).flags;
        assert.equal(flags & ~parts(theme(style, undefined)).flags, 8, style);
      }
  });
});
