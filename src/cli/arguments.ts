import {
  defaultOptions,
  isMistake,
  isOptionName,
  type Mistake,
  type OptionName,
  type Options,
  optionNames,
  optionTable,
  parseOption,
  withOption,
} from '../options.js';
import { flagOf } from './usage.js';

import minimist = require('minimist');

/** Values that --set gave to options that scripts are to bring. */
export type Given = Readonly<Record<string, string>>;

export type Task =
  | { readonly type: 'console'; readonly options: Options; readonly given: Given }
  /** Prints flows instead of showing them. */
  | { readonly type: 'dump'; readonly options: Options; readonly given: Given }
  | { readonly type: 'sessions'; readonly options: Options; readonly action: SessionAction }
  | { readonly type: 'env'; readonly options: Options }
  | { readonly type: 'ca'; readonly options: Options; readonly format: 'pem' | 'cer' | 'p12' }
  | { readonly type: 'help' | 'version' | 'options' | 'commands' };

function optionOfFlag(flag: string): OptionName | null {
  const name = flag.replaceAll('-', '_');
  if (isOptionName(name)) return name;
  return optionNames.find((one) => optionTable[one].short === flag || optionTable[one].alias === flag) ?? null;
}

/** Flags of every option, by kind, as minimist wants them. */
function flagNames(isBool: boolean): string[] {
  return optionNames
    .filter((name) => (optionTable[name].kind === 'bool') === isBool)
    .flatMap((name) => {
      const { short, alias } = optionTable[name];
      return [flagOf(name), name, ...(short ? [short] : []), ...(alias ? [alias] : [])];
    });
}

const TASK_FLAGS = ['help', 'version', 'options', 'commands'] as const;

function setFromWords(options: Options, name: OptionName, words: readonly string[]): Options | Mistake {
  const value = parseOption(name, words, options[name]);
  return isMistake(value) ? value : withOption(options, name, value);
}

/** A negative number behind a flag is its value, which minimist would take for flags. */
function joinNumbers(argv: readonly string[]): string[] {
  const valued = new Set(flagNames(false));
  const words: string[] = [];
  for (const word of argv) {
    const flag = /^--?([^=]+)$/.exec(words.at(-1) ?? '')?.[1];
    if (/^-\d/.test(word) && flag !== undefined && valued.has(flag)) words.push(`${words.pop()}=${word}`);
    else words.push(word);
  }
  return words;
}

/** Reads the command line; a mistake is one sentence that names the flag. */
export function parseArguments(words: readonly string[]): Task | Mistake {
  const argv = joinNumbers(words);
  let unknown: string | null = null;
  const parsed = minimist(argv, {
    boolean: [...flagNames(true), ...TASK_FLAGS, 'h'],
    string: [...flagNames(false), 'set', '_'],
    unknown: (flag) => {
      if (flag.startsWith('-') && flag !== '-') unknown ??= flag;
      return true;
    },
  });
  if (unknown !== null) return { mistake: `unknown flag ${unknown}` };
  for (const type of TASK_FLAGS) if (parsed[type]) return { type };
  if (parsed.h) return { type: 'help' };
  const given: Record<string, string> = {};
  const options = readOptions(argv, parsed, given);
  if (isMistake(options)) return options;
  const [stranger] = Object.keys(given);
  const hasScripts = options.scripts.length > 0 || options.eval !== null;
  if (stranger !== undefined && !hasScripts) return { mistake: `--set: there is no option "${stranger}"` };
  return taskOf(parsed._, asked(argv, parsed._, options), given);
}

const LISTENS: readonly OptionName[] = ['server', 'mode', 'listen_host', 'listen_port'];

/** A dump of files is no proxy, unless it is told how to be one. */
function asked(argv: readonly string[], [task]: readonly string[], options: Options): Options {
  const flags = LISTENS.flatMap((name) => [flagOf(name), name, optionTable[name].short ?? []].flat());
  const listens =
    flags.some((flag) => isGiven(argv, flag)) || argv.some((word) => /^(--set=)?(server|mode|listen_)/.test(word));
  return task === 'dump' && options.rfile.length > 0 && !listens ? withOption(options, 'server', false) : options;
}

function taskOf(words: readonly string[], options: Options, given: Given): Task | Mistake {
  const [task, ...rest] = words;
  if (task === undefined) return { type: 'console', options, given };
  if (task === 'dump') {
    const filter = rest.length === 0 ? options.view_filter : rest.join(' ');
    return { type: 'dump', options: withOption(options, 'view_filter', filter), given };
  }
  if (task === 'sessions') return sessionsTask(rest, options, given);
  if (task === 'env' && rest.length === 0) return { type: 'env', options };
  if (task === 'ca' && rest.length <= 1) {
    const format = rest[0] ?? 'pem';
    if (format === 'pem' || format === 'cer' || format === 'p12') return { type: 'ca', options, format };
    return { mistake: `ca prints pem, cer or p12, not "${format}"` };
  }
  return { mistake: `unknown argument "${words.join(' ')}"` };
}

/** What is to be done with kept sessions. */
export type SessionAction =
  | { readonly type: 'list' }
  | { readonly type: 'name'; readonly name: string; readonly label: string }
  | { readonly type: 'remove'; readonly names: readonly string[] };

function sessionsTask([action, ...names]: readonly string[], options: Options, given: Given): Task | Mistake {
  const [name, label] = names;
  if (action === undefined || (action === 'list' && name === undefined))
    return { type: 'sessions', options, action: { type: 'list' } };
  if (action === 'open' && name !== undefined && label === undefined)
    return { type: 'console', options: withOption(options, 'session', name), given };
  if (action === 'name' && name !== undefined && label !== undefined && names.length === 2)
    return { type: 'sessions', options, action: { type: 'name', name, label } };
  if (action === 'remove' && names.length > 0) return { type: 'sessions', options, action: { type: 'remove', names } };
  return { mistake: 'sessions takes open NAME, name NAME LABEL, remove NAME ..., or nothing to list them' };
}

/** --set first, then the flags of their own, so that what is more specific wins. */
function readOptions(
  argv: readonly string[],
  parsed: minimist.ParsedArgs,
  given: Record<string, string>,
): Options | Mistake {
  let options: Options | Mistake = defaultOptions();
  const lists = new Map<OptionName, string[]>();
  const setNames = new Set<string>();
  for (const pair of [parsed.set ?? []].flat() as string[]) {
    const at = pair.indexOf('=');
    const name = at < 0 ? pair : pair.slice(0, at);
    if (name === '') return { mistake: '--set needs NAME=VALUE' };
    if (!isOptionName(name)) {
      given[name] = at < 0 ? 'true' : pair.slice(at + 1);
      continue;
    }
    setNames.add(name);
    const words = at < 0 ? [] : [pair.slice(at + 1)];
    if (optionTable[name].kind === 'list') lists.set(name, [...(lists.get(name) ?? []), ...words]);
    else options = setFromWords(options, name, words);
    if (isMistake(options)) return options;
  }
  for (const [flag, value] of Object.entries(parsed)) {
    const name = optionOfFlag(flag);
    if (name === null || flag === '_') continue;
    const { kind } = optionTable[name];
    if (kind === 'bool') {
      if (isGiven(argv, flag)) options = withOption(options, name, value as boolean);
      continue;
    }
    const words = [value].flat().map(String);
    if (words.length === 1 && words[0] === '')
      return { mistake: `${flag.length === 1 ? '-' : '--'}${flag} needs a value` };
    if (kind === 'list') lists.set(name, [...new Set([...(lists.get(name) ?? []), ...words])]);
    else options = setFromWords(options, name, words.slice(-1));
    if (isMistake(options)) return options;
  }
  for (const [name, words] of lists) options = withOption(options, name, words);
  const isSwitched =
    isGiven(argv, 'intercept-active') || isGiven(argv, 'intercept_active') || setNames.has('intercept_active');
  return isSwitched ? options : withOption(options, 'intercept_active', options.intercept !== null);
}

/** minimist reports every known boolean; only those that were typed count. */
function isGiven(argv: readonly string[], flag: string): boolean {
  if (flag.length === 1) return argv.some((word) => /^-[a-zA-Z]+$/.test(word) && word.includes(flag));
  return argv.some((word) => word === `--${flag}` || word === `--no-${flag}` || word.startsWith(`--${flag}=`));
}
