import type { Side } from '../flow/flow.js';

/** Where a flow stands while a hook has it: what may still be changed, and whom to tell when it is too late. */
export interface Stage {
  /** The side whose body has not been read yet: `.stream` may be set. */
  readonly head: Side | null;
  /** The message of that side has been sent on already. */
  isSent(side: Side): boolean;
  warn(text: string): void;
}

/** Outside of hooks. */
export const NO_STAGE: Stage = { head: null, isSent: () => false, warn: () => {} };
