import type { Flow, FlowId } from '../flow/flow.js';
import type { FlowFilter } from '../flow/flowfilter.js';
import type { ProxyEvent } from '../protocol.js';

/** Milliseconds that looking through finished flows may take in one go. */
const SLICE = 2;
/** Answers told in one go. */
const MOST = 4096;

interface Pictured {
  readonly id: FlowId;
  picture(): Flow;
}

/** Flows that are over, to be looked through. */
interface Store {
  /** Their numbers, ascending. */
  ids(): readonly FlowId[];
  get(id: FlowId): Pictured | undefined;
}

/**
 * Says which flows the list shows. Flows under way are judged each time their row is made; those that are over once,
 * in slices that leave the traffic its turn.
 */
export class ViewFilter {
  private filter: FlowFilter | null = null;
  private search = 0;

  constructor(
    private readonly store: Store,
    private readonly say: (event: ProxyEvent) => void,
    /** Has rows judged that are on their way. */
    private readonly rejudge: (hides: (id: FlowId) => boolean) => void,
  ) {}

  hides(flow: Pictured): boolean {
    return this.filter !== null && !this.filter(flow.picture());
  }

  set(filter: FlowFilter | null): void {
    if (filter === this.filter) return;
    this.filter = filter;
    this.search += 1;
    this.rejudge((id) => {
      const flow = this.store.get(id);
      return flow !== undefined && this.hides(flow);
    });
    this.go(this.search, this.store.ids(), 0);
  }

  stop(): void {
    this.search += 1;
  }

  private go(search: number, ids: readonly FlowId[], from: number): void {
    if (search !== this.search) return;
    const until = performance.now() + SLICE;
    const judged: number[] = [];
    let at = from;
    while (at < ids.length && judged.length < MOST && performance.now() < until) {
      const id = ids[at];
      const flow = id === undefined ? undefined : this.store.get(id);
      if (flow) judged.push(this.hides(flow) ? -flow.id : flow.id);
      at += 1;
    }
    this.say({ type: 'view-filtered', judged: Float64Array.from(judged), done: at, of: ids.length });
    if (at < ids.length) setImmediate(() => this.go(search, ids, at));
  }
}
