import type { FlowId } from '../flow/flow.js';
import type { Entry } from './entry.js';
import type { Passage } from './passage.js';

export type Record = Entry | Passage;

/** Where finished flows are kept. The ledger knows nothing else of it. */
export interface Shelf {
  /** Takes a finished flow, or its newer state. */
  put(record: Record): void;
  get(id: FlowId): Record | undefined;
  remove(id: FlowId): void;
  /** Every flow that is kept, in no order. */
  ids(): FlowId[];
}
