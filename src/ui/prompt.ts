import { isOptionName, optionNames, optionTable } from '../options.js';
import { FLOW_SPECS } from './commands/command.js';
import { commandNamed, commands, runCommand } from './commands/table.js';
import { edit, editLine, insert, lineText } from './editline.js';
import type { Prompt, State } from './state.js';
import type { Step } from './step.js';
import { splitWords } from './words.js';

type CommandPrompt = Extract<Prompt, { type: 'command' }>;

function withLine(state: State, prompt: CommandPrompt, line: CommandPrompt['line']): Step {
  return [{ ...state, prompt: { ...prompt, line, typed: null, historyAt: -1, candidates: [], candidate: -1 } }];
}

function submit(state: State, prompt: CommandPrompt): Step {
  const text = lineText(prompt.line).trim();
  const closed: State = { ...state, prompt: null };
  if (text === '') return [closed];
  const history = [...state.history.filter((line) => line !== text), text];
  const [next, ...effects] = runCommand({ ...closed, history }, text);
  return [next, { type: 'remember', line: text }, ...effects];
}

/** Walks the history through the lines that begin with what was typed (UI-PR-04, CMD-49). */
function walk(state: State, prompt: CommandPrompt, by: number): Step {
  const typed = prompt.typed ?? lineText(prompt.line);
  const lines = state.history.filter((line) => line.startsWith(typed)).toReversed();
  const at = Math.max(-1, Math.min(lines.length - 1, prompt.historyAt + by));
  const text = at < 0 ? typed : (lines[at] ?? typed);
  return [
    { ...state, prompt: { ...prompt, typed, historyAt: at, line: editLine(text), candidates: [], candidate: -1 } },
  ];
}

interface Completion {
  /** Where the word to complete begins, in UTF-16 units. */
  readonly at: number;
  readonly word: string;
  readonly candidates: readonly string[] | 'path';
}

function completionOf(state: State, text: string): Completion {
  const words = splitWords(text);
  const isFresh = text === '' || /\s$/.test(text);
  const last = isFresh ? { text: '', at: text.length } : (words.at(-1) ?? { text: '', at: 0 });
  const index = isFresh ? words.length : words.length - 1;
  const at = last.at;
  const word = last.text;
  if (index === 0) return { at, word, candidates: commandNames(state) };
  const command = commandNamed(words[0]?.text ?? '');
  const argument = command?.arguments[Math.min(index - 1, command.arguments.length - 1)];
  switch (argument?.type) {
    case 'flows':
      return { at, word, candidates: FLOW_SPECS };
    case 'path':
      return { at, word, candidates: 'path' };
    case 'option':
      return { at, word, candidates: settableNames(state) };
    case 'values':
      return { at, word, candidates: optionValues(words[1]?.text ?? '') };
    case 'command':
      return { at, word, candidates: commandNames(state) };
    default:
      return { at, word, candidates: argument?.choices ?? [] };
  }
}

function commandNames({ extras }: State): readonly string[] {
  return [...Object.keys(commands), ...extras.commands.map(({ name }) => name)].sort();
}

function settableNames({ extras }: State): readonly string[] {
  return [...optionNames.filter((name) => !optionTable[name].fixed), ...extras.options.map(({ name }) => name)];
}

function optionValues(name: string): readonly string[] {
  if (!isOptionName(name)) return [];
  const option = optionTable[name];
  return option.kind === 'bool' ? ['true', 'false', 'toggle'] : (option.choices ?? []);
}

function commonStart(candidates: readonly string[]): string {
  const [first = '', ...others] = candidates;
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

/** Puts candidates for the word that begins at `before.length`: the common start first, then each in turn. */
export function offer(state: State, before: string, word: string, candidates: readonly string[]): Step {
  const { prompt } = state;
  if (prompt?.type !== 'command') return [state];
  const fitting = candidates.filter((candidate) => candidate.startsWith(word));
  const [only] = fitting;
  if (only === undefined) return [state];
  const isPath = only.endsWith('/');
  const completed = fitting.length === 1 ? `${only}${isPath ? '' : ' '}` : commonStart(fitting);
  const line = editLine(before + completed);
  return [
    {
      ...state,
      prompt: {
        ...prompt,
        line,
        candidates: fitting.length > 1 ? fitting : [],
        candidate: -1,
        typed: null,
        historyAt: -1,
      },
    },
  ];
}

function complete(state: State, prompt: CommandPrompt, by: number): Step {
  const text = lineText(prompt.line);
  if (prompt.candidates.length > 1 && !prompt.candidates.includes('')) {
    const start = commonStart(prompt.candidates);
    const shown = prompt.candidates[prompt.candidate] ?? start;
    if (text.endsWith(shown)) {
      const count = prompt.candidates.length;
      const candidate = prompt.candidate < 0 && by < 0 ? count - 1 : (prompt.candidate + by + count) % count;
      const line = editLine(text.slice(0, text.length - shown.length) + (prompt.candidates[candidate] ?? ''));
      return [{ ...state, prompt: { ...prompt, line, candidate } }];
    }
  }
  const { at, word, candidates } = completionOf(state, text);
  if (candidates === 'path') return [state, { type: 'complete-path', before: text.slice(0, at), path: word }];
  return offer(state, text.slice(0, at), word, candidates);
}

function commandKey(state: State, prompt: CommandPrompt, key: string, text: string): Step {
  switch (key) {
    case 'enter':
      return submit(state, prompt);
    case 'esc':
    case 'ctrl c':
      return [{ ...state, prompt: null }];
    case 'up':
    case 'ctrl p':
      return walk(state, prompt, 1);
    case 'down':
    case 'ctrl n':
      return walk(state, prompt, -1);
    case 'tab':
      return complete(state, prompt, 1);
    case 'shift tab':
      return complete(state, prompt, -1);
    case 'backspace':
      if (prompt.line.text.length === 0) return [{ ...state, prompt: null }];
  }
  const edited = edit(prompt.line, key);
  if (edited) return withLine(state, prompt, edited);
  return text === '' ? [state] : withLine(state, prompt, insert(prompt.line, text));
}

function chooseKey(state: State, prompt: Extract<Prompt, { type: 'choose' }>, key: string): Step {
  const count = prompt.choices.length;
  const take = (at: number): Step => {
    const choice = prompt.choices[at];
    if (choice === undefined) return [state];
    return runCommand(
      { ...state, prompt: null },
      prompt.command.replaceAll('{choice}', choice.includes(' ') ? `"${choice}"` : choice),
    );
  };
  if (/^[1-9]$/.test(key)) return take(Number(key) - 1);
  switch (key) {
    case 'enter':
      return take(prompt.at);
    case 'esc':
    case 'q':
    case 'ctrl c':
      return [{ ...state, prompt: null }];
    case 'right':
    case 'down':
    case 'tab':
    case 'j':
    case 'l':
      return [{ ...state, prompt: { ...prompt, at: (prompt.at + 1) % count } }];
    case 'left':
    case 'up':
    case 'k':
    case 'h':
    case 'shift tab':
      return [{ ...state, prompt: { ...prompt, at: (prompt.at + count - 1) % count } }];
    default:
      return [state];
  }
}

/** A key while a prompt is open. */
export function promptKey(state: State, prompt: Prompt, key: string, text: string): Step {
  switch (prompt.type) {
    case 'command':
      return commandKey(state, prompt, key, text);
    case 'choose':
      return chooseKey(state, prompt, key);
    case 'confirm':
      if (key === 'y') return runCommand({ ...state, prompt: null }, prompt.command);
      return key === 'n' || key === 'enter' || key === 'esc' || key === 'ctrl c'
        ? [{ ...state, prompt: null }]
        : [state];
  }
}

/** Pasted text goes into the command line and nowhere else. */
export function promptPaste(state: State, text: string): Step {
  const { prompt } = state;
  return prompt?.type === 'command' ? withLine(state, prompt, insert(prompt.line, text)) : [state];
}
