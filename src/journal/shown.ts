import type { FlowRow } from '../flow/row.js';
import { httpRow, passageRow } from '../flow/rowof.js';
import type { FlowState } from './state.js';

/** The line of the list of a flow that is over. */
export function rowOf(state: FlowState): FlowRow {
  const standing = {
    heldSide: null,
    waitsFor: null,
    isLive: false,
    hasChanged: state.backup !== null,
    conversation: state.talk && { length: state.talk.batch.at.length },
  };
  return state.kind === 'http' ? httpRow({ ...state, ...standing }) : passageRow({ ...state, ...standing });
}
