import { TalkColumns } from '../flow/conversation.js';
import type { FlowRow } from '../flow/row.js';
import { httpRow, passageRow } from '../flow/rowof.js';
import type { FlowState, TalkState } from './state.js';

function talkOf({ batch, end }: TalkState) {
  const columns = new TalkColumns();
  columns.take(batch);
  const endedAt = end?.at ?? batch.at.at(-1) ?? Number.NEGATIVE_INFINITY;
  return { length: columns.length, received: columns.total(false), endedAt };
}

/** The line of the list of a flow that is over. */
export function rowOf(state: FlowState): FlowRow {
  const standing = {
    heldSide: null,
    waitsFor: null,
    isLive: false,
    hasChanged: state.backup !== null,
    conversation: state.talk && talkOf(state.talk),
  };
  return state.kind === 'http' ? httpRow({ ...state, ...standing }) : passageRow({ ...state, ...standing });
}
