import { Deadline } from '../flow/deadline.js';
import { type FilterTree, type Judge, judgeBy, leavesOf } from '../flow/filtertree.js';
import type { Flow, FlowId } from '../flow/flow.js';
import { flowLeaf, tellsOf } from '../flow/flowfilter.js';
import type { ProxyCommand, ProxyEvent } from '../protocol.js';

/** Milliseconds that looking into flows may take in one go. */
const SLICE = 2;
/** Milliseconds after which an expression that does not end is stopped: nothing passes meanwhile. */
const PATIENCE = 20;
/** Answers told in one go. */
const MOST = 4096;

interface Store {
  get(id: FlowId): { picture(): Flow } | undefined;
}

/** Looks into flows for the list, in slices that leave the traffic its turn. One question at a time. */
export class Judging {
  private search = 0;
  private readonly deadline = new Deadline();

  constructor(
    private readonly store: Store,
    private readonly say: (event: ProxyEvent) => void,
    private readonly warn: (text: string) => void,
  ) {}

  start({ number, filter, ids }: Extract<ProxyCommand, { type: 'judge-flows' }>): void {
    this.search += 1;
    if (ids.length === 0) return;
    this.warnOf(filter);
    this.go(this.search, number, judgeBy(filter, flowLeaf), filter, ids, 0);
  }

  stop(): void {
    this.search += 1;
  }

  /** Flows have no bodies here, and no comments. */
  private warnOf(filter: FilterTree): void {
    const names = leavesOf(filter).flatMap((leaf) =>
      leaf.type === 'text' && !tellsOf(leaf.text) ? `~${leaf.text}` : [],
    );
    if (names.length > 0)
      this.warn(`The list cannot be filtered by ${[...new Set(names)].join(' and ')} yet: nothing matches.`);
  }

  private go(
    search: number,
    number: number,
    judge: Judge<Flow>,
    filter: FilterTree,
    ids: Float64Array,
    from: number,
  ): void {
    if (search !== this.search) return;
    const judged: number[] = [];
    const until = performance.now() + SLICE;
    const work = (): void => {
      while (from + judged.length < ids.length && judged.length < MOST && performance.now() < until) {
        const id = (ids[from + judged.length] ?? 0) as FlowId;
        const flow = this.store.get(id)?.picture();
        judged.push(flow && judge(flow) === true ? id : -id);
      }
    };
    if (!this.deadline.isMetBy(work, PATIENCE)) {
      const id = ids[from + judged.length] ?? 0;
      judged.push(-id); // an expression did not end on it
    }
    const at = from + judged.length;
    this.say({ type: 'flows-judged', number, judged: Float64Array.from(judged), isLast: at >= ids.length });
    if (at < ids.length) setImmediate(() => this.go(search, number, judge, filter, ids, at));
  }
}
