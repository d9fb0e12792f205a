import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';

/** Gives flows by their numbers, wherever they are kept: in the session or in the file they were loaded from. */
export interface FlowReader {
  /** Every flow that can be read, oldest first. */
  ids(): readonly FlowId[];
  /** Null for one that is gone, or not recorded yet. */
  read(id: FlowId): Finished | null;
}

/** Where none can be read. */
export const NO_FLOWS: FlowReader = { ids: () => [], read: () => null };
