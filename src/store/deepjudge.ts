import type { FilterTree } from '../flow/filtertree.js';
import type { FlowId } from '../flow/flow.js';
import type { ListEvent, ListQuery } from '../protocol.js';

/** Looks into flows of which their rows do not tell enough. */
export interface DeepJudge {
  /** Tells of some flows after the other: their numbers, negative for those that do not match. May throw a sentence. */
  judge(ids: Float64Array, filter: FilterTree, signal: AbortSignal): AsyncIterable<Float64Array>;
}

/** Has the proxy, which still keeps the flows, look into them. One question at a time. */
export class RelayedJudge implements DeepJudge {
  private number = 0;
  private verdicts: Extract<ListQuery, { type: 'take-verdicts' }>[] = [];
  private wake = (): void => {};

  constructor(private readonly say: (event: ListEvent) => void) {}

  async *judge(ids: Float64Array, filter: FilterTree, signal: AbortSignal): AsyncGenerator<Float64Array> {
    this.number += 1;
    const { number } = this;
    this.verdicts = [];
    const stop = (): void => {
      this.say({ type: 'judge-flows', number, filter, ids: new Float64Array() });
      this.wake();
    };
    signal.addEventListener('abort', stop);
    this.say({ type: 'judge-flows', number, filter, ids });
    for (let isLast = false; !isLast && !signal.aborted && number === this.number; ) {
      const verdict = this.verdicts.shift();
      if (!verdict) {
        await new Promise<void>((done) => {
          this.wake = done;
        });
        continue;
      }
      isLast = verdict.isLast;
      yield verdict.judged;
    }
    signal.removeEventListener('abort', stop);
  }

  take(verdict: Extract<ListQuery, { type: 'take-verdicts' }>): void {
    if (verdict.number !== this.number) return;
    this.verdicts.push(verdict);
    this.wake();
  }
}

/** The flow that a signed number tells of. */
export function judgedId(signed: number): FlowId {
  return Math.abs(signed) as FlowId;
}
