import { MODES } from '../../content/views.js';
import { isOptionName, showOption } from '../../options.js';
import { commandPrompt } from '../commandprompt.js';
import { stopped } from '../relist.js';
import { CLOSED, contextOf, focusedRow, type State, shownTab, TOP, tabsOf, topView, type View } from '../state.js';
import { ask, type Step, tell } from '../step.js';
import { bodyWidth, flowLayout } from '../view/flowlayout.js';
import { quoteWord } from '../words.js';
import { argument, type Command, onFlows, refusal } from './command.js';
import { loadMessage, openMessage } from './messages.js';
import { navigate } from './navigate.js';
import { openHit } from './search.js';

/** Choices that another command can be asked for. */
const choiceSources: Readonly<Record<string, (state: State) => readonly string[]>> = {
  'console.flowview.mode.options': modesOf,
};

/** The views there are, with those that scripts brought. */
function modesOf({ extras }: State): readonly string[] {
  return [...MODES, ...extras.views.map(({ name }) => name)];
}

export function openView(state: State, view: View): State {
  const top = topView(state);
  const same = top.type === view.type && (view.type !== 'flowview' || (top.type === 'flowview' && top.id === view.id));
  return same ? state : { ...state, views: [...state.views, view], notice: null };
}

export function openFlow(state: State): Step {
  const row = focusedRow(state);
  if (!row) return refusal(state, 'No flow is selected.');
  const opened = openView(
    { ...state, ...CLOSED, tab: row.messages >= 0 ? 'messages' : state.tab },
    { type: 'flowview', id: row.id, scroll: TOP, follows: false },
  );
  return [opened, tell({ type: 'read-flow', id: row.id })];
}

function stepFlow(state: State, by: number): Step {
  const view = topView(state);
  if (view.type !== 'flowview') return navigate(state, by > 0 ? 'down' : 'up');
  const row = state.rows.row(state.rows.indexOf(view.id) + by);
  if (!row) return [state];
  const next: State = {
    ...state,
    focus: state.rows.indexOf(row.id),
    ...CLOSED,
    views: [...state.views.slice(0, -1), { type: 'flowview', id: row.id, scroll: TOP, follows: view.follows }],
  };
  return [next, tell({ type: 'read-flow', id: row.id })];
}

const QUIT = { type: 'confirm', question: 'Quit', command: 'console.exit' } as const;

/** On the list, what is under way ends. */
function leaveOrStop(state: State): Step {
  const stops = topView(state).type === 'flowlist' && state.loading !== null;
  return stops ? [{ ...state, notice: null }, ask({ type: 'stop-loading' })] : leaveView(state);
}

/** On the first screen, what is under way in the list is stopped instead. */
function leaveView(state: State): Step {
  if (state.views.length === 1 && state.rows.listing.isBusy) return stopped(state);
  return [{ ...state, views: state.views.length > 1 ? state.views.slice(0, -1) : state.views, notice: null }];
}

function popView(state: State): Step {
  return state.views.length > 1 ? leaveView(state) : [{ ...state, prompt: QUIT }];
}

function goInBody(state: State, word: string | undefined): Step {
  const view = topView(state);
  const { body } = state;
  if (view.type !== 'flowview' || !body) return refusal(state, 'There is no body on show.');
  const match = /^(\d+)(%?)$/.exec(word ?? '');
  if (!match) return refusal(state, `"${word ?? ''}" is no place: give a byte offset or a percentage such as 50%.`);
  const wanted = match[2] === '%' ? Math.floor((body.text.size * Number(match[1])) / 100) : Number(match[1]);
  const place = body.text.rowAt(Math.min(wanted, Math.max(0, body.text.size - 1)), bodyWidth(state));
  const head = flowLayout(state)?.head.length ?? 0;
  return [{ ...state, views: [...state.views.slice(0, -1), { ...view, scroll: { head, body: place } }] }];
}

function nav(doc: string, to: Parameters<typeof navigate>[1]): Command {
  return { doc, arguments: [], run: (state) => navigate(state, to) };
}

export const consoleCommands: Readonly<Record<string, Command>> = {
  'console.command': {
    doc: 'Open the command prompt, with this text in it',
    arguments: [argument('text', 'text', { isOptional: true, isRest: true })],
    run: (state, words) => [
      { ...state, prompt: commandPrompt(words.length > 0 ? `${words.map(quoteWord).join(' ')} ` : '') },
    ],
  },
  'console.command.set': {
    doc: 'Open the prompt to set an option',
    arguments: [argument('option', 'option')],
    run: (state, [name]) => {
      if (name === undefined || !isOptionName(name)) return refusal(state, `There is no option "${name ?? ''}".`);
      const text = `set ${name} '${showOption(state.options[name])}'`;
      return [{ ...state, prompt: commandPrompt(text, [...text].length - 1) }];
    },
  },
  'console.command.confirm': {
    doc: 'Ask yes or no, then run a command',
    arguments: [argument('question', 'text'), argument('command', 'command', { isRest: true })],
    run: (state, [question = '', ...words]) => [
      { ...state, prompt: { type: 'confirm', question, command: words.map(quoteWord).join(' ') } },
    ],
  },
  'console.choose': {
    doc: 'Choose from a list; {choice} in the command is replaced',
    arguments: [
      argument('question', 'text'),
      argument('choices', 'text'),
      argument('command', 'command', { isRest: true }),
    ],
    run: (state, [question = '', choices = '', ...words]) => choose(state, question, choices.split(','), words),
  },
  'console.choose.cmd': {
    doc: 'Choose from what another command offers',
    arguments: [
      argument('question', 'text'),
      argument('source', 'command'),
      argument('command', 'command', { isRest: true }),
    ],
    run: (state, [question = '', source = '', ...words]) => {
      const choices = Object.hasOwn(choiceSources, source) ? choiceSources[source] : undefined;
      return choices
        ? choose(state, question, choices(state), words)
        : refusal(state, `"${source}" offers no choices.`);
    },
  },
  'console.exit': { doc: 'Quit', arguments: [], run: (state) => [state, { type: 'quit', reason: null }] },
  'console.view.pop': { doc: 'Leave the screen; on the first one, ask to quit', arguments: [], run: popView },
  'console.view.leave': {
    doc: 'Leave the screen; on the first one, stop loading a file',
    arguments: [],
    run: leaveOrStop,
  },
  'console.view.help': {
    doc: 'Show the keys of this screen',
    arguments: [],
    run: (state) => [openView(state, { type: 'help', from: contextOf(state), top: 0 })],
  },
  'console.view.eventlog': {
    doc: 'Show the event log',
    arguments: [],
    run: (state) => [openView(state, { type: 'eventlog', top: null })],
  },
  'console.view.flow': onFlows('Open a flow', (state) => openFlow(state)),
  'view.focus.next': { doc: 'Next flow', arguments: [], run: (state) => stepFlow(state, 1) },
  'view.focus.prev': { doc: 'Previous flow', arguments: [], run: (state) => stepFlow(state, -1) },
  'console.nav.start': nav('Go to the start', 'start'),
  'console.nav.end': nav('Go to the end', 'end'),
  'console.nav.up': nav('Go up', 'up'),
  'console.nav.down': nav('Go down', 'down'),
  'console.nav.pageup': nav('A page up', 'pageup'),
  'console.nav.pagedown': nav('A page down', 'pagedown'),
  'console.nav.left': { doc: 'Previous tab', arguments: [], run: (state) => turnTab(state, -1) },
  'console.nav.right': { doc: 'Next tab', arguments: [], run: (state) => turnTab(state, 1) },
  'console.nav.next': { doc: 'Next tab', arguments: [], run: (state) => turnTab(state, 1) },
  'console.nav.select': {
    doc: 'Open the focused flow, message or hit',
    arguments: [],
    run: (state) => {
      if (topView(state).type === 'flowlist') return openFlow(state);
      if (topView(state).type === 'search') return openHit(state);
      return contextOf(state) === 'messages' ? openMessage(state) : [state];
    },
  },
  'console.flowview.mode.set': {
    doc: 'How the body is shown',
    arguments: [argument('mode', 'choice', { choices: MODES })],
    run: (state, [mode = '']) => {
      const modes = modesOf(state);
      if (!modes.includes(mode)) return refusal(state, `There is no view "${mode}"; there are ${modes.join(', ')}.`);
      const view = topView(state);
      const next = { ...state, mode, body: null, message: null };
      if (view.type === 'message') return [next, ...loadMessage(next, view.id, view.index)];
      return view.type === 'flowview' ? [next, tell({ type: 'read-flow', id: view.id })] : [next];
    },
  },
  'console.body.go': {
    doc: 'Go to a byte of the body, or to a percentage of it',
    arguments: [argument('place', 'text')],
    run: (state, [word]) => goInBody(state, word),
  },
  'console.body.follow': {
    doc: 'Stay at the end of a body while it comes, or stop',
    arguments: [],
    run: (state) => {
      const view = topView(state);
      if (view.type !== 'flowview') return refusal(state, 'No flow is open.');
      const next = { ...state, views: [...state.views.slice(0, -1), { ...view, follows: !view.follows }] };
      return view.follows ? [next] : navigate(next, 'end', true);
    },
  },
  'eventstore.clear': { doc: 'Empty the event log', arguments: [], run: (state) => [{ ...state, log: [] }] },
  'console.keymap.load': {
    doc: 'Lay another folder of key files over the keys',
    arguments: [argument('path', 'path')],
    run: (state, [path = '']) => [state, { type: 'load-keys', path }],
  },
};

function choose(state: State, question: string, choices: readonly string[], words: readonly string[]): Step {
  const command = words.map((word) => (word === '{choice}' ? word : quoteWord(word))).join(' ');
  return [{ ...state, prompt: { type: 'choose', question, choices, at: 0, command } }];
}

function turnTab(state: State, by: number): Step {
  const view = topView(state);
  if (view.type !== 'flowview') return [state];
  const tabs = tabsOf(state);
  const at = (tabs.indexOf(shownTab(state)) + by + tabs.length) % tabs.length;
  const views = [...state.views.slice(0, -1), { ...view, scroll: TOP }];
  return [{ ...state, tab: tabs[at] ?? 'request', body: null, views }, tell({ type: 'read-flow', id: view.id })];
}
