import type { LogEntry, LogLevel } from '../../protocol.js';
import { EMPTY_LINE, type Line, line, type Style, span } from '../lines.js';
import { paneHeight, type State, topView, visibleLog } from '../state.js';
import { fit, wrapped } from '../text.js';

const STYLES: Readonly<Record<LogLevel, Style>> = {
  error: 'error',
  warn: 'warning',
  alert: 'held',
  debug: 'dim',
  info: 'plain',
};

/** Cells before a text: time and level. */
const MARGIN = 16;
/** Cells that a character takes at most: a line break is shown with a blank on either side. */
const MOST_CELLS = 3;

/** An entry's text in lines of the screen's width. */
function textsOf(entry: LogEntry, columns: number): readonly string[] {
  return wrapped(entry.text.replace(/\s*\n\s*/g, ' ⏎ '), Math.max(1, columns - MARGIN));
}

/** How many lines an entry has; most have one, and are not looked at. */
function heightOf(entry: LogEntry, columns: number): number {
  return entry.text.length * MOST_CELLS <= columns - MARGIN ? 1 : textsOf(entry, columns).length;
}

function entryLines(state: State, entry: LogEntry): Line[] {
  return textsOf(entry, state.columns).map((text, at) =>
    at === 0
      ? line(
          span(` ${state.around.timeOf(entry.at)} `, 'dim'),
          span(fit(entry.level, 6), STYLES[entry.level]),
          span(text),
        )
      : line(span(' '.repeat(MARGIN)), span(text)),
  );
}

/** Lines of the whole event log. */
export function eventLogHeight(state: State): number {
  return visibleLog(state).reduce((sum, entry) => sum + heightOf(entry, state.columns), 0);
}

/** The event log: newest at the end, following it unless scrolled away (UI-EV-01). */
export function eventLogLines(state: State): Line[] {
  const view = topView(state);
  const height = paneHeight(state);
  const last = Math.max(0, eventLogHeight(state) - height);
  let above = view.type === 'eventlog' && view.top !== null ? view.top : last;
  const lines: Line[] = [];
  for (const entry of visibleLog(state)) {
    if (lines.length >= height) break;
    const rows = heightOf(entry, state.columns);
    if (above < rows) lines.push(...entryLines(state, entry).slice(above));
    above = Math.max(0, above - rows);
  }
  while (lines.length < height) lines.push(EMPTY_LINE);
  return lines.slice(0, height);
}
