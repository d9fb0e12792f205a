import { EMPTY_LINE, type Line, type Span, span, textLine } from '../lines.js';
import { soughtLine } from '../sought.js';
import { paneHeight, type State, shownTab, topView } from '../state.js';
import { bodyWidth, flowLayout } from './flowlayout.js';
import { talkRows } from './talkview.js';

export function flowViewTitle(state: State): readonly [Span[], Span[]] {
  const view = topView(state);
  const at = view.type === 'flowview' ? state.rows.indexOf(view.id) + 1 : 0;
  return [[span(' Flow', 'title')], [span(`${at}/${state.rows.length} `, 'dim')]];
}

export function flowViewLines(state: State): Line[] {
  const view = topView(state);
  const layout = flowLayout(state);
  if (view.type !== 'flowview' || !layout) return [textLine(' Reading …', 'dim')];
  const { fixed, head, height } = layout;
  const sought = soughtLine(state);
  const shown = head
    .slice(view.scroll.head, view.scroll.head + height)
    .map((one, at) => (view.scroll.head + at === sought ? { ...one, tone: 'focus' as const } : one));
  const left = height - shown.length;
  const { body, open, talk } = state;
  const messages = talk && shownTab(state) === 'messages' ? talkRows(state, talk, height) : [];
  const hasBody = body !== null && body.id === open?.flow.id && body.side === shownTab(state);
  const rows = hasBody && left > 0 ? body.text.rows(view.scroll.body, left, bodyWidth(state), body.found) : [];
  const lines = [...fixed, ...shown, ...messages, ...rows.map((row) => ({ ...row, spans: [span(' '), ...row.spans] }))];
  const all = paneHeight(state);
  while (lines.length < all) lines.push(EMPTY_LINE);
  return lines.slice(0, all);
}
