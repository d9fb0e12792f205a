import type { Hit, HitPlace } from '../../flow/hit.js';
import { fullSize } from '../../flow/sizes.js';
import { EMPTY_LINE, type Line, line, type Span, span, textLine } from '../lines.js';
import type { FlowSearch } from '../search.js';
import { paneHeight, type State } from '../state.js';
import { escapeBytes, fit, startOf, textWidth } from '../text.js';
import { hostText } from './flowlist.js';

/** Cells of the flow's name, at most, and of the place in it. */
const NAME = 48;
const PLACE = 16;

function count(number: number, what: string): string {
  return `${fullSize(number)} ${what}${number === 1 ? '' : 's'}`;
}

function progress({ done, of, hits, isRunning, reason }: FlowSearch): string {
  const flows = done < of ? `${fullSize(done)} of ${count(of, 'flow')}` : count(done, 'flow');
  return `${count(hits.length, 'hit')} · ${flows}${isRunning ? ' · esc stops' : reason === '' ? '' : ' · stopped'}`;
}

export function searchTitle({ search }: State): readonly [Span[], Span[]] {
  if (!search) return [[span(' Search', 'title')], []];
  const scope = search.scope === '' ? '' : `  ${search.scope}`;
  return [
    [span(' Search ', 'title'), span(search.pattern, 'found'), span(scope, 'dim')],
    [span(`${progress(search)} `, 'dim')],
  ];
}

function placeText(place: HitPlace): string {
  switch (place.part) {
    case 'url':
      return 'URL';
    case 'head':
      return `${place.side} head`;
    case 'body':
      return `${place.side} body`;
    case 'message':
      return `message ${fullSize(place.index + 1)}`;
  }
}

function nameOf(state: State, { id }: Hit): string {
  const row = state.rows.byId(id);
  if (!row) return 'gone';
  const method = row.kind === 'tunnel' ? row.scheme.toUpperCase() : escapeBytes(row.method);
  return `${method} ${hostText(row)}${row.kind === 'tunnel' ? '' : escapeBytes(row.path)}`;
}

/** The line around the match, in so many cells: the match stays in sight. */
function contextSpans({ before, match, after, isLastOfMore }: Hit, room: number): Span[] {
  const most = Math.max(Math.floor(room / 3), room - textWidth(match) - textWidth(after));
  const start = textWidth(before) > most ? fit(before, most, 'right') : before;
  const middle = startOf(match, room - textWidth(start));
  const rest = room - textWidth(start) - textWidth(middle);
  const more = isLastOfMore ? ' … and more' : '';
  const end = textWidth(after) > rest - more.length ? fit(after, rest - more.length) : after;
  return [span(start), span(middle, 'found'), span(end), span(more, 'dim')];
}

function hitLine(state: State, hit: Hit, isFocused: boolean, isOfSameFlow: boolean): Line {
  const width = Math.min(NAME, Math.floor(state.columns * 0.35));
  const name = isOfSameFlow && !isFocused ? '' : nameOf(state, hit);
  const spans = [
    span(isFocused ? '>> ' : '   ', 'mark'),
    span(`${fit(name, width)} `, 'host'),
    span(`${fit(placeText(hit.place), PLACE)} `, 'dim'),
    ...contextSpans(hit, Math.max(0, state.columns - width - PLACE - 5)),
  ];
  return isFocused ? { spans, tone: 'focus' } : line(...spans);
}

function endText({ isRunning, hits, reason, of }: FlowSearch): string {
  if (reason !== '') return reason;
  if (isRunning) return hits.length === 0 ? 'Looking …' : '';
  if (hits.length > 0) return '';
  return of === 0 ? 'There are no flows that are over to be looked through.' : 'Nothing found.';
}

/** The hits as they come, and under them why there are no more. */
export function searchLines(state: State): Line[] {
  const { search } = state;
  if (!search) return [textLine(' Nothing has been searched for.', 'dim')];
  const height = paneHeight(state);
  const shown = search.hits.slice(search.top, search.top + height);
  const lines = shown.map((hit, at) => {
    const before = at === 0 ? undefined : shown[at - 1];
    return hitLine(state, hit, search.top + at === search.focus, before?.id === hit.id);
  });
  const end = endText(search);
  if (end !== '' && lines.length < height) lines.push(textLine(`   ${end}`, search.reason === '' ? 'dim' : 'warning'));
  while (lines.length < height) lines.push(EMPTY_LINE);
  return lines;
}
