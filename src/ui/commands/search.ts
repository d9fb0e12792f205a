import { parseTree } from '../../flow/filter.js';
import { type Hit, type HitPlace, searchExpression } from '../../flow/hit.js';
import { movedTalk } from '../opentalk.js';
import { focusedHit, movedSearch, newSearch } from '../search.js';
import { CLOSED, paneHeight, type State, type Tab, TOP, topView, type View } from '../state.js';
import { ask, type Effect, type Step, tell } from '../step.js';
import { quoteWord } from '../words.js';
import { argument, type Command, FLOW_SPECS, refusal, resolveFlows } from './command.js';
import { loadMessage } from './messages.js';

/** What was typed: which flows, the expression, and a filter from the first word on that begins like one. */
interface Wish {
  readonly flows: string | null;
  readonly pattern: string;
  readonly filter: string | null;
}

function wishOf(words: readonly string[]): Wish {
  const [first = '', ...others] = words;
  const hasFlows = FLOW_SPECS.some((spec) => spec === first);
  const rest = hasFlows ? others : words;
  const at = rest.findIndex((word, place) => place > 0 && /^[!(]*~[a-z]/.test(word));
  const filter = at < 0 ? [] : rest.slice(at);
  const [only = ''] = filter;
  return {
    flows: hasFlows ? first : null,
    pattern: (at < 0 ? rest : rest.slice(0, at)).join(' '),
    filter: filter.length === 0 ? null : filter.length === 1 ? only : filter.map(quoteBlanks).join(' '),
  };
}

/** Only a word in quotes has blanks. */
function quoteBlanks(word: string): string {
  return /\s/.test(word) ? quoteWord(word) : word;
}

/** The screens below the search, and it. */
function searchViews(views: readonly View[]): readonly View[] {
  const at = views.findIndex(({ type }) => type === 'search');
  return at < 0 ? [...views, { type: 'search' }] : views.slice(0, at + 1);
}

function showSearch(state: State): State {
  return { ...state, ...CLOSED, views: searchViews(state.views), notice: null };
}

function search(state: State, words: readonly string[]): Step {
  const { flows, pattern, filter } = wishOf(words);
  if (pattern === '') {
    if (state.search) return [showSearch(state)];
    return refusal(state, 'What is to be searched for? For example: search token');
  }
  const expression = searchExpression(pattern);
  if ('mistake' in expression) return refusal(state, expression.mistake);
  const tree = filter === null ? null : parseTree(filter);
  if (tree && 'mistake' in tree) return refusal(state, tree.mistake);
  const targets = flows === null || flows === '@all' ? null : resolveFlows(state, flows);
  if (typeof targets === 'string') return refusal(state, targets);
  const number = (state.search?.number ?? 0) + 1;
  const scope = [flows, filter].filter((part) => part !== null).join(' ');
  const ids = targets === null ? null : targets.map(({ id }) => id);
  const next: State = { ...showSearch(state), search: newSearch(number, pattern, scope) };
  return [next, ask({ type: 'search', number, pattern, ids, filter })];
}

/** Stops the search; leaves it when it is over. */
function stop(state: State): Step {
  const { search: found } = state;
  if (found?.isRunning && !found.isStopping)
    return [{ ...state, search: { ...found, isStopping: true } }, ask({ type: 'stop-search', number: found.number })];
  return topView(state).type === 'search' ? [{ ...state, views: state.views.slice(0, -1), notice: null }] : [state];
}

function tabOf(place: HitPlace): Tab {
  switch (place.part) {
    case 'url':
      return 'request';
    case 'head':
    case 'body':
      return place.side;
    case 'message':
      return 'messages';
  }
}

/** Opens a flow where something was found. */
function openAt(state: State, { id, place }: Hit): Step {
  if (!state.rows.byId(id)) return refusal(state, 'The flow is gone.');
  const shown = state.views.some(({ type }) => type === 'search') ? searchViews(state.views) : state.views.slice(0, 1);
  const next: State = {
    ...state,
    ...CLOSED,
    views: [...shown, { type: 'flowview', id, scroll: TOP, follows: false }],
    tab: tabOf(place),
    sought: { id, place, isReached: false },
    notice: null,
  };
  return [next, tell({ type: 'read-flow', id })];
}

/** Opens the hit that the search's focus is on. */
export function openHit(state: State): Step {
  const hit = focusedHit(state.search);
  return hit ? openAt(state, hit) : refusal(state, 'Nothing has been found.');
}

/** The hit next to the last one; on the search's own screen it is only chosen. */
function stepHit(state: State, by: number): Step {
  const { search: found } = state;
  if (!found || found.hits.length === 0) return refusal(state, 'There is no search with hits: search for something.');
  const moved = movedSearch(found, by > 0 ? 'down' : 'up', paneHeight(state));
  if (moved.focus === found.focus) return refusal(state, by > 0 ? 'This is the last hit.' : 'This is the first hit.');
  const next = { ...state, search: moved };
  return topView(state).type === 'search' ? [next] : openHit(next);
}

/** Opens the message that was sought, now that the messages have been read. */
export function atSoughtMessage(state: State): readonly [State, ...Effect[]] {
  const { sought, talk } = state;
  if (!sought || sought.isReached || sought.place.part !== 'message' || talk?.id !== sought.id) return [state];
  const { index } = sought.place;
  const focused = { ...movedTalk(talk, 'start', 1), focus: index, follows: false };
  const view: View = { type: 'message', id: talk.id, index, at: 0 };
  const next: State = { ...state, talk: focused, message: null, views: [...state.views, view] };
  return [next, ...loadMessage(next, talk.id, index)];
}

export const searchCommands: Readonly<Record<string, Command>> = {
  search: {
    doc: 'Find an expression in heads, bodies and messages of all or some flows, of those that match a ~filter behind it',
    arguments: [
      argument('flows', 'flows', { isOptional: true }),
      argument('expression', 'text', { isOptional: true, isRest: true }),
    ],
    run: search,
  },
  'search.stop': { doc: 'Stop the search and keep its hits; leave it when it is over', arguments: [], run: stop },
  'search.next': { doc: 'Next hit of the search', arguments: [], run: (state) => stepHit(state, 1) },
  'search.prev': { doc: 'Previous hit of the search', arguments: [], run: (state) => stepHit(state, -1) },
};
