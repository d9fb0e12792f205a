import type { FilterTree } from '../flow/filtertree.js';
import type { FlowId } from '../flow/flow.js';

/** Looks into flows of which their rows do not tell enough. */
export interface DeepJudge {
  /** Tells of some flows after the other: their numbers, negative for those that do not match. May throw a sentence. */
  judge(ids: Float64Array, filter: FilterTree, signal: AbortSignal): AsyncIterable<Float64Array>;
}

/** The flow that a signed number tells of. */
export function judgedId(signed: number): FlowId {
  return Math.abs(signed) as FlowId;
}
