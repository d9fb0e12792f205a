import { EMPTY_LINE, type Line, line, type Style, span } from '../lines.js';
import { paneHeight, type State, topView, visibleLog } from '../state.js';
import { fit } from '../text.js';

const STYLES: Readonly<Record<string, Style>> = {
  error: 'error',
  warn: 'warning',
  alert: 'held',
  debug: 'dim',
  info: 'plain',
};

/** The event log: newest at the end, following it unless scrolled away (UI-EV-01). */
export function eventLogLines(state: State): Line[] {
  const view = topView(state);
  const height = paneHeight(state);
  const log = visibleLog(state);
  const last = Math.max(0, log.length - height);
  const top = view.type === 'eventlog' && view.top !== null ? view.top : last;
  const lines = log
    .slice(top, top + height)
    .map((entry) =>
      line(
        span(` ${state.around.timeOf(entry.at)} `, 'dim'),
        span(fit(entry.level, 6), STYLES[entry.level] ?? 'plain'),
        span(entry.text.replace(/\s*\n\s*/g, ' ⏎ ')),
      ),
    );
  while (lines.length < height) lines.push(EMPTY_LINE);
  return lines;
}
