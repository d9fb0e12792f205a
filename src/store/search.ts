import { setImmediate as turn } from 'node:timers/promises';
import { parseTree } from '../flow/filter.js';
import type { FlowId } from '../flow/flow.js';
import { type Hit, searchExpression } from '../flow/hit.js';
import { fullSize } from '../flow/sizes.js';
import type { StoreEvent, StoreQuery } from '../protocol.js';
import { type Deadline, Endless } from './deadline.js';
import type { FlowReader } from './flowreader.js';
import { type FlowText, flowTexts } from './flowtexts.js';
import { judgeDeep } from './judging.js';
import { hitsIn } from './matches.js';

/** Hits that one search tells of. */
export const MOST_HITS = 10_000;

/** Characters that are looked through in one go, and milliseconds that gathering them may take. */
const SLICE = 1024 * 1024;
const SLICE_TIME = 10;
/** Milliseconds between two tellings without a hit. */
const TELL = 100;

/** Why a search ended that was told to. */
const STOPPED = 'Stopped.';

type Query = Extract<StoreQuery, { type: 'search' }>;

interface Gathered {
  readonly id: FlowId;
  readonly text: FlowText;
}

function lengthOf(text: FlowText): number {
  return text.part === 'head' ? text.text.length : text.piece.text.length;
}

/** Looks through flows for an expression, in slices that leave other questions their turn. */
export class Search {
  private readonly stopping = new AbortController();
  private gathered: Gathered[] = [];
  private size = 0;
  private since = performance.now();
  private toldAt = 0;
  private found = 0;
  private done = 0;
  private of = 0;

  constructor(
    private readonly reader: FlowReader,
    private readonly deadline: Deadline,
    readonly query: Query,
    private readonly say: (event: StoreEvent) => void,
  ) {}

  /** What it has told of stays; it says that it has ended. */
  stop(): void {
    this.stopping.abort();
  }

  /** Settled at its end, which is told. */
  async run(): Promise<void> {
    const reason = await this.outcome().catch((error: Error) => `The search stopped: ${error.message}.`);
    this.say({ type: 'search-ended', number: this.query.number, reason });
  }

  private async outcome(): Promise<string | null> {
    const expression = searchExpression(this.query.pattern);
    if ('mistake' in expression) return expression.mistake;
    const ids = this.query.ids ?? this.reader.ids();
    this.of = ids.length;
    const trouble = await (this.query.filter === null
      ? this.lookThrough(expression, ids)
      : this.lookThroughMatching(expression, ids, this.query.filter));
    return trouble ?? this.look(expression, true);
  }

  private async lookThrough(expression: RegExp, ids: readonly FlowId[]): Promise<string | null> {
    for (const id of ids) {
      const trouble = await this.lookInto(expression, id);
      if (trouble !== null) return trouble;
      this.done += 1;
    }
    return null;
  }

  private async lookThroughMatching(
    expression: RegExp,
    ids: readonly FlowId[],
    filter: string,
  ): Promise<string | null> {
    const tree = parseTree(filter);
    if ('mistake' in tree) return tree.mistake;
    const { signal } = this.stopping;
    for await (const { judged, done } of judgeDeep(this.reader, ids, tree, this.deadline, signal)) {
      const matching = ids.slice(this.done, done).filter((id) => judged.includes(id));
      for (const id of matching) {
        const trouble = await this.lookInto(expression, id);
        if (trouble !== null) return trouble;
      }
      this.done = done;
    }
    return signal.aborted ? STOPPED : null;
  }

  private async lookInto(expression: RegExp, id: FlowId): Promise<string | null> {
    const flow = this.reader.read(id);
    if (flow)
      for await (const text of flowTexts(flow)) {
        this.gathered.push({ id, text });
        this.size += lengthOf(text);
        const trouble = this.size >= SLICE ? await this.look(expression) : null;
        if (trouble !== null) return trouble;
      }
    return performance.now() - this.since > SLICE_TIME ? this.look(expression) : null;
  }

  /** Looks through what has been gathered. Returns why nothing more is to be done, or null. */
  private async look(expression: RegExp, isLast = false): Promise<string | null> {
    const { gathered } = this;
    this.gathered = [];
    this.size = 0;
    const found = gathered.map((): readonly Hit[] => []);
    const endless = this.deadline.run(gathered.length, (at) => {
      const one = gathered[at];
      if (one) found[at] = hitsIn(expression, one.id, one.text);
    });
    this.tell(found.flat(), isLast);
    if (endless !== null) throw new Endless(this.query.pattern, this.deadline);
    if (this.found >= MOST_HITS) return `The search stopped at ${fullSize(MOST_HITS)} hits.`;
    await turn();
    this.since = performance.now();
    return this.stopping.signal.aborted ? STOPPED : null;
  }

  private tell(hits: readonly Hit[], isLast: boolean): void {
    const told = hits.slice(0, MOST_HITS - this.found);
    const now = performance.now();
    if (told.length === 0 && !isLast && now - this.toldAt < TELL) return;
    this.found += told.length;
    this.toldAt = now;
    this.say({ type: 'hits-found', number: this.query.number, hits: told, done: this.done, of: this.of });
  }
}
