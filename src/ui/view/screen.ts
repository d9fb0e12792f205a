import { EMPTY_LINE, type Line, type Screen, type Span, span, spread } from '../lines.js';
import { footHeight, paneHeight, type State, topView } from '../state.js';
import { eventLogLines } from './eventlog.js';
import { flowListLines, flowListTitle } from './flowlist.js';
import { flowViewLines, flowViewTitle } from './flowview.js';
import { hintLine, messageLine, statusLine } from './foot.js';
import { helpLines } from './help.js';
import { messageLines, messageTitle } from './messageview.js';
import { searchLines, searchTitle } from './search.js';

interface Pane {
  readonly title: readonly [Span[], Span[]];
  readonly lines: readonly Line[];
}

function pane(state: State): Pane {
  const view = topView(state);
  switch (view.type) {
    case 'flowlist':
      return { title: flowListTitle(state), lines: flowListLines(state) };
    case 'flowview':
      return { title: flowViewTitle(state), lines: flowViewLines(state) };
    case 'message':
      return { title: messageTitle(state), lines: messageLines(state) };
    case 'search':
      return { title: searchTitle(state), lines: searchLines(state) };
    case 'eventlog':
      return {
        title: [[span(' Events', 'title')], [span(`${state.log.length} `, 'dim')]],
        lines: eventLogLines(state),
      };
    case 'help':
      return { title: [[span(' Help', 'title')], []], lines: helpLines(state, view.from).slice(view.top) };
  }
}

/** The whole screen, exactly as tall as the terminal. */
export function screenOf(state: State): Screen {
  const { title, lines } = pane(state);
  const height = paneHeight(state);
  const out: Line[] = state.lines > 2 ? [spread(title[0], title[1], state.columns)] : [];
  for (let at = 0; at < height; at += 1) out.push(lines[at] ?? EMPTY_LINE);
  const foot = messageLine(state);
  const feet = footHeight(state);
  const footLines = [statusLine(state), ...(feet > 2 ? [hintLine(state)] : []), foot.line];
  out.push(...footLines.slice(Math.max(0, footLines.length - feet)));
  const shown = out.slice(0, state.lines);
  while (shown.length < state.lines) shown.push(EMPTY_LINE);
  const cursor = foot.cursor === null ? null : { x: foot.cursor, y: shown.length - 1 };
  return { lines: shown, cursor };
}
