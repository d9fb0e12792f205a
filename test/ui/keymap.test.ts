import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isMistake } from '../../src/options.js';
import { CONTEXTS, type CommandCheck, commandFor, type Keymap, keyFor, NO_KEYS, overlay } from '../../src/ui/keymap.js';

const known: CommandCheck = ([name]) => (name === 'known' ? null : `there is no command ${name}`);

function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-keys-'));
  t.after(() => fs.rmSync(made, { recursive: true }));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(made, name), text);
  return made;
}

function laid(t: TestContext, files: Readonly<Record<string, string>>, under: Keymap = NO_KEYS): Keymap {
  const keymap = overlay(under, folder(t, files), known);
  if (isMistake(keymap)) assert.fail(keymap.mistake);
  return keymap;
}

describe('KEY2-02 key files', () => {
  it('bind keys in the context they are named after', (t) => {
    const keymap = laid(t, { 'flowlist.json': '{"a": "known 1", "ctrl x": "known 2", "page up": "known"}' });
    assert.equal(commandFor(keymap, 'flowlist', 'a'), 'known 1');
    assert.equal(commandFor(keymap, 'flowlist', 'ctrl x'), 'known 2');
    assert.equal(commandFor(keymap, 'flowview', 'a'), undefined);
  });

  it('UI-15 in the global context are found last', (t) => {
    const keymap = laid(t, { 'global.json': '{"a": "known g", "b": "known g"}', 'help.json': '{"a": "known h"}' });
    assert.equal(commandFor(keymap, 'help', 'a'), 'known h');
    assert.equal(commandFor(keymap, 'help', 'b'), 'known g');
  });

  it('are laid over those below them key by key, and null takes a key away', (t) => {
    const under = laid(t, { 'help.json': '{"a": "known 1", "b": "known 2", "c": "known 3"}' });
    const keymap = laid(t, { 'help.json': '{"a": "known 9", "b": null}' }, under);
    assert.deepEqual(
      [...keymap.help],
      [
        ['a', 'known 9'],
        ['c', 'known 3'],
      ],
    );
    assert.equal(under.help.size, 3);
  });

  it('in a folder that is not there change nothing', () =>
    assert.equal(overlay(NO_KEYS, path.join(os.tmpdir(), 'sluice-no-such-folder'), known), NO_KEYS));

  it('are only those that end in .json', (t) => assert.deepEqual(laid(t, { 'notes.txt': 'hello' }).global, new Map()));

  const mistakes: readonly [string, string, string, readonly (string | RegExp)[]][] = [
    ['no JSON', 'help.json', '{', ['help.json', 'not JSON']],
    ['a list', 'help.json', '[]', ['help.json', 'object']],
    ['an unknown context', 'flowlists.json', '{}', ['flowlists.json', ...CONTEXTS]],
    ['a key that is none', 'help.json', '{"ctrl-x": "known"}', ['help.json', '"ctrl-x"']],
    ['modifiers in the wrong order', 'help.json', '{"meta ctrl x": "known"}', ['help.json', '"meta ctrl x"']],
    [
      'a command that is none',
      'help.json',
      '{"a": "unknown thing"}',
      ['help.json', '"a"', 'unknown thing', 'no command unknown'],
    ],
    ['a command that is a number', 'help.json', '{"a": 1}', ['help.json', '"a"', 'command line or null']],
    ['a key bound twice', 'help.json', '{"a": "known", "b": "known", "a": "known"}', ['help.json', '"a"', 'twice']],
  ];
  for (const [name, file, text, parts] of mistakes)
    it(`with ${name} are a mistake that names file, key and command`, (t) => {
      const result = overlay(NO_KEYS, folder(t, { [file]: text }), known);
      if (!isMistake(result)) assert.fail('it was accepted');
      for (const part of parts) assert.ok(result.mistake.includes(String(part)), `${result.mistake} names ${part}`);
    });

  it('accept every name of a key', (t) => {
    const keys = [
      'a',
      'A',
      '|',
      'é',
      'ctrl a',
      'meta a',
      'ctrl meta a',
      'shift tab',
      'ctrl shift up',
      'space',
      'enter',
      'esc',
      'f1',
      'f12',
      'page down',
      'ctrl space',
      '"',
      '\\',
    ];
    const keymap = laid(t, { 'help.json': JSON.stringify(Object.fromEntries(keys.map((key) => [key, 'known']))) });
    assert.deepEqual([...keymap.help.keys()].sort(), keys.toSorted());
  });
});

it('UI-QH-01 a hint finds the first key of a command, in the context before the global one', (t) => {
  const keymap = laid(t, {
    'global.json': '{"x": "known", "y": "known g"}',
    'help.json': '{"a": "known", "b": "known"}',
  });
  assert.equal(keyFor(keymap, 'help', 'known'), 'a');
  assert.equal(keyFor(keymap, 'flowlist', 'known'), 'x');
  assert.equal(keyFor(keymap, 'help', 'known g'), 'y');
  assert.equal(keyFor(keymap, 'help', 'nothing'), undefined);
});
