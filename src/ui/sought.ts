import { type FlowId, fieldsOf, type Side } from '../flow/flow.js';
import type { BodyText } from './bodytext.js';
import { type LoadedBody, type LoadedMessage, paneHeight, type Scroll, type State, TOP, topView } from './state.js';
import { bodyWidth, flowLayout } from './view/flowlayout.js';
import { MESSAGE_HEAD } from './view/messageview.js';

/*
 * The place in the flow on show that a search found: shown as soon as what holds it has been read, and marked.
 */

/** Lines that are left above it. */
const ABOVE = 2;

/** The byte that is sought in a body of a flow, or null. */
export function soughtInBody({ sought }: State, id: FlowId, side: Side): number | null {
  return sought?.id === id && sought.place.part === 'body' && sought.place.side === side ? sought.place.offset : null;
}

/** The byte that is sought in a message, or null. */
export function soughtInMessage({ sought }: State, id: FlowId, index: number): number | null {
  const isThere = sought?.id === id && sought.place.part === 'message' && sought.place.index === index;
  return isThere ? sought.place.offset : null;
}

function scrolled(state: State, scroll: Scroll): State {
  const view = topView(state);
  if (view.type !== 'flowview' || !state.sought) return state;
  const views = [...state.views.slice(0, -1), { ...view, scroll }];
  return { ...state, views, sought: { ...state.sought, isReached: true } };
}

/** The line of the head that is sought, counted as the head is shown. */
export function soughtLine({ sought, open }: State): number | null {
  if (sought?.place.part !== 'head' || open?.flow.id !== sought.id) return null;
  const { line, side } = sought.place;
  if (line < 0) return null;
  return line < fieldsOf(open.flow, side).length ? line : line + 1; // a bar is above the trailers
}

/** Goes to a place in the head, once the flow has been read. */
export function atSoughtLine(state: State): State {
  if (!state.sought || state.sought.isReached) return state;
  const { part } = state.sought.place;
  if (part !== 'url' && part !== 'head') return state;
  const layout = flowLayout(state);
  const line = soughtLine(state) ?? 0;
  return scrolled(state, layout && line >= layout.height ? { head: line - ABOVE, body: 0 } : TOP);
}

/** The top of a page of that many rows on which a byte is. */
function pageAt(text: BodyText, at: number, rows: number, width: number): number {
  const top = text.previous(text.rowAt(at, width), ABOVE, width);
  return Math.min(top, text.end(rows, width));
}

/** Goes to a place in the body, once that has been read. */
export function atSoughtByte(state: State, { text, found }: LoadedBody): State {
  const layout = flowLayout(state);
  if (found === null || !layout || !state.sought || state.sought.isReached) return state;
  const head = layout.head.length;
  const width = bodyWidth(state);
  const room = layout.height - head;
  const isOnFirstPage = room > 0 && text.rowAt(found, width) < text.next(0, room, width);
  return scrolled(state, isOnFirstPage ? TOP : { head, body: pageAt(text, found, layout.height, width) });
}

/** Goes to a place in a message, once that has been read. */
export function atSoughtCharacter(state: State, { text, found }: LoadedMessage): State {
  const view = topView(state);
  if (found === null || !state.sought || state.sought.isReached || view.type !== 'message') return state;
  const page = Math.max(1, paneHeight(state) - MESSAGE_HEAD);
  const views = [...state.views.slice(0, -1), { ...view, at: pageAt(text, found, page, bodyWidth(state)) }];
  return { ...state, views, sought: { ...state.sought, isReached: true } };
}
