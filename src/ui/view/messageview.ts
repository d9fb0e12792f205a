import { fullSize } from '../../flow/sizes.js';
import { EMPTY_LINE, type Line, line, type Span, span, textLine } from '../lines.js';
import { paneHeight, type State, topView } from '../state.js';
import { fit } from '../text.js';
import { bodyWidth } from './flowlayout.js';

/** Lines above the content. */
export const MESSAGE_HEAD = 2;

export function messageTitle(state: State): readonly [Span[], Span[]] {
  const view = topView(state);
  const at = view.type === 'message' ? view.index + 1 : 0;
  return [[span(' Message', 'title')], [span(`${at}/${state.talk?.columns.length ?? 0} `, 'dim')]];
}

/** One message of a conversation, whole. */
export function messageLines(state: State): Line[] {
  const view = topView(state);
  const message = view.type === 'message' ? state.talk?.columns.get(view.index) : undefined;
  if (view.type !== 'message' || !message) return [textLine(' Reading …', 'dim')];
  const signs = (['held', 'dropped', 'injected', 'edited'] as const).filter((sign) => message[sign]);
  const shown = state.message?.index === view.index ? state.message : null;
  const loaded = shown?.text ?? null;
  const what = [message.fromClient ? '→ to the server' : '← to the client', message.kind, ...signs].join(' · ');
  const head = line(span(` ${state.around.dateTimeOf(message.at)} `, 'dim'), span(what, 'strong'));
  const how = loaded ? `${loaded.rendering.view} · ` : '';
  const missing = message.offset === null ? ' · content missing' : '';
  const right = `[m:${state.mode}] `;
  const left = fit(` ${how}${fullSize(message.size)} bytes${missing}`, Math.max(0, state.columns - right.length));
  const bar: Line = { spans: [span(left, 'bar'), span(right, 'bar')], tone: 'bar' };
  const height = Math.max(0, paneHeight(state) - MESSAGE_HEAD);
  const rows = loaded ? loaded.rows(view.at, height, bodyWidth(state), shown?.found) : [];
  const lines = [head, bar, ...rows.map((one) => ({ ...one, spans: [span(' '), ...one.spans] }))];
  while (lines.length < paneHeight(state)) lines.push(EMPTY_LINE);
  return lines;
}
