import { filterHelp } from '../../flow/filter.js';
import { type KeyContext, reachOf } from '../keymap.js';
import { EMPTY_LINE, type Line, line, span, textLine } from '../lines.js';
import type { Context, State } from '../state.js';
import { talkFilterHelp } from '../talkfilter.js';
import { fit } from '../text.js';

const TITLES: Readonly<Record<KeyContext, string>> = {
  flowlist: 'Flow list',
  flowview: 'Flow',
  messages: 'Messages of a websocket or TCP connection',
  message: 'One message',
  search: 'Search',
  eventlog: 'Event log',
  help: 'Help',
  global: 'Everywhere',
};

const PROMPT_KEYS: readonly (readonly [string, string])[] = [
  ['tab, shift tab', 'complete'],
  ['up, down', 'history that begins like what is typed'],
  ['ctrl a, ctrl e', 'start, end'],
  ['meta b, meta f', 'a word back, forth'],
  ['ctrl w, ctrl u, ctrl k', 'cut the word, to the start, to the end'],
  ['ctrl y', 'put back what was cut'],
  ['enter, esc', 'run, leave'],
];

function rows(pairs: readonly (readonly [string, string])[]): Line[] {
  return pairs.map(([name, text]) => line(span(`   ${fit(name, 24)} `, 'key'), span(text)));
}

function bindings(state: State, context: KeyContext): Line[] {
  const keys = new Map<string, string[]>();
  for (const [key, command] of state.keymap[context]) keys.set(command, [...(keys.get(command) ?? []), key]);
  if (keys.size === 0) return [];
  const pairs = [...keys].map(([command, names]) => {
    const doc = state.around.commandDocs.get(command.split(' ')[0] ?? '') ?? '';
    return line(span(`   ${fit(names.join(', '), 24)} `, 'key'), span(`${fit(doc, 46)} `), span(command, 'dim'));
  });
  return [textLine(` ${TITLES[context]}`, 'strong'), ...pairs, EMPTY_LINE];
}

/** The keys of the screen one came from, those of all screens, of the prompt, and the filter language (UI-CB-03). */
export function helpLines(state: State, from: Context): Line[] {
  return [
    ...reachOf(from).flatMap((context) => bindings(state, context)),
    textLine(' Command prompt', 'strong'),
    ...rows(PROMPT_KEYS),
    EMPTY_LINE,
    textLine(' Filters, as for intercept', 'strong'),
    ...rows(filterHelp),
    EMPTY_LINE,
    textLine(' Filters of messages', 'strong'),
    ...rows(talkFilterHelp),
    EMPTY_LINE,
    textLine(' Signs: ≈ streamed  ▫ buffered  ~ running  ‖ held  ✗ failed  ↺ replayed  ✎ changed  ● marked', 'dim'),
  ];
}
