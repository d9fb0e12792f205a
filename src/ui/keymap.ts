import fs from 'node:fs';
import path from 'node:path';
import { isMistake, type Mistake } from '../options.js';
import { splitWords } from './words.js';

/*
 * Keys come from `<context>.json` files: an object of key to command line. The defaults ship in that very form; a user's
 * folder is laid over them key by key, and null takes a key away.
 */

export const CONTEXTS = [
  'global',
  'flowlist',
  'flowview',
  'messages',
  'message',
  'search',
  'eventlog',
  'help',
] as const;
export type KeyContext = (typeof CONTEXTS)[number];

export type Keymap = Readonly<Record<KeyContext, ReadonlyMap<string, string>>>;

/** Why this command line cannot be bound, or null. */
export type CommandCheck = (words: readonly string[]) => string | null;

const KEY =
  /^(ctrl )?(meta )?(shift )?(\S|space|tab|enter|esc|backspace|delete|insert|up|down|left|right|home|end|page up|page down|f\d{1,2})$/u;

function readBindings(file: string, text: string, check: CommandCheck): Map<string, string | null> | Mistake {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return { mistake: `${file}: not JSON: ${(error as Error).message}` };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return { mistake: `${file}: must be an object of keys and command lines` };
  const bindings = new Map<string, string | null>();
  for (const [key, value] of Object.entries(parsed)) {
    if (!KEY.test(key)) return { mistake: `${file}: "${key}" is no key; write keys like a, A, ctrl x, page up` };
    if (value !== null && typeof value !== 'string')
      return { mistake: `${file}: "${key}" needs a command line or null` };
    const problem = value === null ? null : check(splitWords(value).map((word) => word.text));
    if (problem !== null) return { mistake: `${file}: "${key}": "${value}": ${problem}` };
    bindings.set(key, value);
  }
  return bindings;
}

/** A key given twice in one file; JSON itself would silently keep the last. */
function repeatedKey(text: string): string | null {
  const seen = new Set<string>();
  for (const match of text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)) {
    const key = match[1] ?? '';
    if (seen.has(key)) return key;
    seen.add(key);
  }
  return null;
}

/** Lays a folder of key files over a keymap. A folder that is not there changes nothing. */
export function overlay(keymap: Keymap, folder: string, check: CommandCheck): Keymap | Mistake {
  if (!fs.existsSync(folder)) return keymap;
  const next = Object.fromEntries(CONTEXTS.map((context) => [context, new Map(keymap[context])])) as Record<
    KeyContext,
    Map<string, string>
  >;
  for (const name of fs.readdirSync(folder).sort()) {
    const file = path.join(folder, name);
    if (!name.endsWith('.json')) continue;
    const context = CONTEXTS.find((known) => `${known}.json` === name);
    if (!context) return { mistake: `${file}: "${name.slice(0, -5)}" is no context; there are ${CONTEXTS.join(', ')}` };
    const text = fs.readFileSync(file, 'utf8');
    const bindings = readBindings(file, text, check);
    if (isMistake(bindings)) return bindings;
    const repeated = repeatedKey(text);
    if (repeated !== null) return { mistake: `${file}: "${repeated}" is bound twice` };
    for (const [key, command] of bindings) {
      if (command === null) next[context].delete(key);
      else next[context].set(key, command);
    }
  }
  return next;
}

export const NO_KEYS: Keymap = Object.fromEntries(CONTEXTS.map((context) => [context, new Map()])) as unknown as Keymap;

/** The contexts whose keys work in a context, the nearest first: the messages of a flow are a part of its view. */
export function reachOf(context: KeyContext): readonly KeyContext[] {
  return context === 'messages' ? ['messages', 'flowview', 'global'] : [context, 'global'];
}

/** The command line of a key: that of the screen's own context, else of those around it (UI-15). */
export function commandFor(keymap: Keymap, context: KeyContext, key: string): string | undefined {
  for (const near of reachOf(context)) {
    const command = keymap[near].get(key);
    if (command !== undefined) return command;
  }
  return undefined;
}

/** The first key of a command line in a context, for hints. */
export function keyFor(keymap: Keymap, context: KeyContext, command: string): string | undefined {
  for (const near of reachOf(context))
    for (const [key, bound] of keymap[near])
      if (bound === command && commandFor(keymap, context, key) === command) return key;
  return undefined;
}
