import type { Direction } from '../direction.js';
import { movedTalk } from '../opentalk.js';
import { movedSearch } from '../search.js';
import { paneHeight, rowsPerPage, type Scroll, type State, shownTab, topView, type View, withFocus } from '../state.js';
import type { Step } from '../step.js';
import { eventLogHeight } from '../view/eventlog.js';
import { bodyWidth, flowLayout } from '../view/flowlayout.js';
import { helpLines } from '../view/help.js';
import { MESSAGE_HEAD } from '../view/messageview.js';

function replaceTop(state: State, view: View): State {
  return { ...state, views: [...state.views.slice(0, -1), view] };
}

/** Where a list of `length` lines is scrolled to after a move. */
function movedTop(top: number, length: number, page: number, to: Direction): number {
  const last = Math.max(0, length - page);
  const places: Readonly<Record<Direction, number>> = {
    start: 0,
    end: last,
    up: top - 1,
    down: top + 1,
    pageup: top - page,
    pagedown: top + page,
  };
  return Math.max(0, Math.min(last, places[to]));
}

function movedFocus(state: State, to: Direction): State {
  const page = rowsPerPage(state);
  const places: Readonly<Record<Direction, number>> = {
    start: 0,
    end: state.rows.length - 1,
    up: state.focus - 1,
    down: state.focus + 1,
    pageup: state.focus - page,
    pagedown: state.focus + page,
  };
  return withFocus(state, places[to]);
}

/** Moves through a flow's text: the lines of its head, then the rows of its body. */
function movedScroll(state: State, scroll: Scroll, to: Direction): Scroll {
  const layout = flowLayout(state);
  if (!layout) return scroll;
  const { height } = layout;
  const body = shownTab(state) === 'detail' ? null : state.body?.text;
  const width = bodyWidth(state);
  const heads = layout.head.length;
  const lastHead = body && body.size > 0 ? heads : Math.max(0, heads - height);
  switch (to) {
    case 'start':
      return { head: 0, body: 0 };
    case 'end':
      if (!body || body.size === 0) return { head: lastHead, body: 0 };
      return bodyEnd(body.end(height, width), heads, height, body.rows(0, height, width).length);
    case 'up':
    case 'pageup': {
      const count = to === 'up' ? 1 : height;
      if (!body || scroll.body === 0) return { head: Math.max(0, scroll.head - count), body: 0 };
      return { ...scroll, body: body.previous(scroll.body, count, width) };
    }
    case 'down':
    case 'pagedown': {
      const count = to === 'down' ? 1 : height;
      const head = Math.min(lastHead, scroll.head + count);
      const left = count - (head - scroll.head);
      if (!body || left === 0) return { head, body: scroll.body };
      const end = body.end(height, width);
      return { head, body: Math.min(Math.max(end, 0), body.next(scroll.body, left, width)) };
    }
  }
}

function bodyEnd(end: number, heads: number, height: number, rows: number): Scroll {
  return end > 0 ? { head: heads, body: end } : { head: Math.max(0, heads + rows - height), body: 0 };
}

/** Moves through the content of a message. */
function movedPlace(state: State, at: number, to: Direction): number {
  const text = state.message?.text;
  if (!text || text.size === 0) return 0;
  const page = Math.max(1, paneHeight(state) - MESSAGE_HEAD);
  const width = bodyWidth(state);
  const end = text.end(page, width);
  switch (to) {
    case 'start':
      return 0;
    case 'end':
      return end;
    case 'up':
    case 'pageup':
      return text.previous(at, to === 'up' ? 1 : page, width);
    case 'down':
    case 'pagedown':
      return Math.min(end, text.next(at, to === 'down' ? 1 : page, width));
  }
}

/** Moves; what was following no longer does, unless the move is its own. */
export function navigate(state: State, to: Direction, isFollowing = false): Step {
  const view = topView(state);
  switch (view.type) {
    case 'flowlist':
      return [movedFocus(state, to)];
    case 'flowview':
      if (state.talk && shownTab(state) === 'messages')
        return [{ ...state, talk: movedTalk(state.talk, to, flowLayout(state)?.height ?? 1) }];
      return [
        replaceTop(state, {
          ...view,
          scroll: movedScroll(state, view.scroll, to),
          follows: isFollowing && view.follows,
        }),
      ];
    case 'message':
      return [replaceTop(state, { ...view, at: movedPlace(state, view.at, to) })];
    case 'search':
      return [{ ...state, search: state.search && movedSearch(state.search, to, paneHeight(state)) }];
    case 'eventlog': {
      const length = eventLogHeight(state);
      const page = paneHeight(state);
      const last = Math.max(0, length - page);
      const top = movedTop(view.top ?? last, length, page, to);
      return [replaceTop(state, { ...view, top: top === last ? null : top })];
    }
    case 'help': {
      const length = helpLines(state, view.from).length;
      return [replaceTop(state, { ...view, top: movedTop(view.top, length, paneHeight(state), to) })];
    }
  }
}
