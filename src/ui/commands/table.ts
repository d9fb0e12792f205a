import type { State } from '../state.js';
import { type Step, tell } from '../step.js';
import { splitWords } from '../words.js';
import { type Command, misfit, refusal } from './command.js';
import { consoleCommands } from './console.js';
import { flowCommands } from './flows.js';
import { messageCommands } from './messages.js';
import { optionCommands } from './options.js';
import { searchCommands } from './search.js';

/** All commands by name. Hints, help, completion and the README's table are made from it. */
export const commands: Readonly<Record<string, Command>> = {
  ...consoleCommands,
  ...flowCommands,
  ...messageCommands,
  ...searchCommands,
  ...optionCommands,
};

export function commandNamed(name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/** Why a command line cannot be run as far as its shape goes, or null. */
export function checkCommand(words: readonly string[]): string | null {
  const [name, ...rest] = words;
  if (name === undefined) return 'there is no command';
  const command = commandNamed(name);
  return command ? misfit(name, command, rest) : `there is no command "${name}"`;
}

export function runCommand(state: State, text: string): Step {
  const words = splitWords(text).map((word) => word.text);
  const [name, ...rest] = words;
  if (name === undefined) return [state];
  if (!commandNamed(name) && state.extras.commands.some((one) => one.name === name))
    return [state, tell({ type: 'call-command', name, words: rest })];
  const problem = checkCommand(words);
  const command = commandNamed(name);
  if (problem !== null || !command) return refusal(state, `${(problem ?? '').replace(/^there/, 'There')}`);
  return command.run(state, rest);
}
