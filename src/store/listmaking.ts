import { setImmediate } from 'node:timers/promises';
import type { RowTable } from '../flow/rowtable.js';
import type { Ordering } from './ordering.js';
import { OPEN, type RowJudge, YES } from './rowjudge.js';
import { sorting } from './sorting.js';

/** Milliseconds of work between two pauses. */
const SLICE = 8;

/** What came of it: the rows to be shown in their order, and those of which only a look into their flows tells. */
export interface Made {
  readonly shown: Uint32Array;
  readonly open: Uint32Array;
}

/** Makes a list of all rows, in slices. Null once it is no longer wanted. */
export async function makeList(
  rows: RowTable,
  judge: RowJudge,
  ordering: Ordering & { rank?(): void },
  signal: AbortSignal,
  progressed: (share: number) => void,
): Promise<Made | null> {
  const { count } = rows;
  const slots = new Uint32Array(count).map((_, slot) => slot);
  const verdicts = new Uint8Array(count);
  for (let at = 0; at < count; ) {
    at = judge.some(slots, at, verdicts);
    progressed(at / count);
    await setImmediate();
    if (signal.aborted) return null;
  }
  const open = slots.filter((slot) => verdicts[slot] === OPEN);
  const unordered = slots.filter((slot) => verdicts[slot] === YES);
  for (const slot of unordered) ordering.take(slot);
  ordering.rank?.();
  const steps = sorting(unordered, ordering.compare);
  for (;;) {
    const until = performance.now() + SLICE;
    let step = steps.next();
    while (!step.done && performance.now() < until) step = steps.next();
    if (step.done) return { shown: step.value, open };
    progressed(step.value);
    await setImmediate();
    if (signal.aborted) return null;
  }
}
