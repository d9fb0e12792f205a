import type { FilterTree } from '../flow/filtertree.js';
import type { FlowId } from '../flow/flow.js';
import type { Port, StoreEvent, StoreQuery } from '../protocol.js';

/** Milliseconds before flows that cannot be read yet are asked about again. */
const PAUSE = 30;

/** Finds out which flows match, by asking the store's thread, which reads their bodies too. */
export class Sieve {
  private readonly open = new Set<FlowId>();
  private port: Port<StoreEvent, StoreQuery> | null = null;
  private isAsking = false;

  constructor(
    /** Tells the answers to this one from those to others. */
    private readonly number: number,
    private readonly filter: FilterTree,
    private readonly judged: (id: FlowId, matches: boolean) => void,
  ) {}

  /** The store's thread can be asked. */
  connect(port: Port<StoreEvent, StoreQuery>): void {
    this.port = port;
    this.ask();
  }

  add(id: FlowId): void {
    this.open.add(id);
    if (!this.isAsking) setImmediate(() => this.ask());
  }

  /** Nothing is waited for. */
  get isIdle(): boolean {
    return this.open.size === 0;
  }

  hear(event: Extract<StoreEvent, { type: 'flows-judged' | 'judging-ended' }>): void {
    if (event.number !== this.number) return;
    if (event.type === 'flows-judged') {
      for (const signed of event.judged) {
        const id = Math.abs(signed) as FlowId;
        if (this.open.delete(id)) this.judged(id, signed > 0);
      }
      return;
    }
    this.isAsking = false;
    if (event.reason !== null) this.open.clear();
    if (this.open.size > 0) setTimeout(() => this.ask(), PAUSE);
  }

  private ask(): void {
    if (this.isAsking || !this.port || this.open.size === 0) return;
    this.isAsking = true;
    const ids = Float64Array.from(this.open);
    this.port.say({ type: 'judge-flows', number: this.number, filter: this.filter, ids });
  }
}
