import type { FlowId } from '../flow/flow.js';
import type { ListEvent } from '../protocol.js';
import { arrangementOf, type State, withFocus, withNotice } from './state.js';
import { ask, type Effect, type Step, tell } from './step.js';

/*
 * The list as the store's thread makes it.
 */

/** The focus stays on its flow while that is shown. */
export function refocused(state: State, focused: FlowId | undefined): State {
  if (focused !== undefined && state.rows.idAt(state.focus) === focused) return withFocus(state, state.focus);
  const at = focused === undefined ? -1 : state.rows.indexOf(focused);
  return withFocus(state, at < 0 ? state.focus : at);
}

/** The list is to be as the options say. */
export function arranged(state: State): Step {
  const { listing } = state.rows;
  const focused = state.rows.idAt(state.focus);
  listing.isReversed = state.options.view_order_reversed;
  const query = listing.want(arrangementOf(state.options));
  return [refocused(state, focused), ...(query ? [ask(query)] : [])];
}

export function heardOfList(state: State, event: ListEvent): Step {
  const { rows } = state;
  const { listing } = rows;
  const focused = rows.idAt(state.focus);
  const before = rows.length;
  switch (event.type) {
    case 'list-made': {
      listing.made(event.number, event.slots);
      const isLost = focused === undefined || rows.indexOf(focused) < 0;
      const follows = state.options.console_focus_follow && isLost;
      return [follows ? withFocus({ ...state }, rows.newest(event.slots)) : refocused({ ...state }, focused)];
    }
    case 'list-edited': {
      listing.edited(event.number, event.edit);
      const follows = state.options.console_focus_follow && rows.length > before;
      return [follows ? withFocus({ ...state }, rows.newest(event.edit.came)) : refocused({ ...state }, focused)];
    }
    case 'list-progressed':
      listing.progressed(event.number, event.done / event.of);
      return [{ ...state }];
    case 'list-refused': {
      if (!listing.refused(event.number)) return [state];
      const text = `The filter is given up: ${event.reason}.`;
      return [withNotice(refocused({ ...state }, focused), 'error', text), ...asShown(state)];
    }
  }
}

/** Stops what is under way; the list stays as it is, and the options say again what it shows. */
export function stopped(state: State): Step {
  const query = state.rows.listing.stop();
  return [withNotice({ ...state }, 'info', 'Stopped.'), ask(query), ...asShown(state)];
}

function asShown(state: State): Effect[] {
  const wanted = arrangementOf(state.options);
  const { filter, by } = state.rows.listing.arrangement;
  return [
    ...(wanted.filter === filter ? [] : [tell({ type: 'set-option', name: 'view_filter', value: filter })]),
    ...(wanted.by === by ? [] : [tell({ type: 'set-option', name: 'view_order', value: by })]),
  ];
}
