import type { FlowId } from '../flow/flow.js';
import { type Shared, unpack } from './lines.js';
import type { JournalRecord } from './record.js';
import type { FlowState } from './state.js';
import { unpackWhole } from './whole.js';

/** The flow of a record; null for a record of something else. */
export function stateIn({ type, id, payload }: JournalRecord, shared: Shared): FlowState | null {
  switch (type) {
    case 'lines':
      return unpack(id as FlowId, payload, shared);
    case 'whole':
    case 'live':
      return unpackWhole(id as FlowId, payload, shared);
    default:
      return null;
  }
}
