import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';

/** Gives flows by their numbers, wherever they are kept: in the session or in the file they were loaded from. */
export interface FlowReader {
  /** Every flow that can be read, oldest first. */
  ids(): readonly FlowId[];
  /** Null for one that is gone, or not recorded yet. */
  read(id: FlowId): Finished | null;
}

/** What any of some readers has. */
export function eitherOf(readers: readonly FlowReader[]): FlowReader {
  return {
    ids: () => readers.flatMap((reader) => reader.ids()).sort((a, b) => a - b),
    read: (id) => {
      for (const reader of readers) {
        const flow = reader.read(id);
        if (flow) return flow;
      }
      return null;
    },
  };
}
