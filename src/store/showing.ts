import { type FlowFilter, parseFilter } from '../flow/filter.js';
import type { Finished } from '../flow/image.js';
import { pictureOf } from '../flow/picture.js';
import type { Outside } from './outside.js';
import type { RowFeed } from './rowfeed.js';

/** Milliseconds of looking through flows in one go. */
const SLICE = 10;
const MOST = 4096;

/** A filter that was checked where it was typed. */
export function filterOf(text: string | null): FlowFilter | null {
  const filter = text === null ? null : parseFilter(text);
  return typeof filter === 'function' ? filter : null;
}

/** Which flows outside the view filter lets the list show. */
export class Showing {
  private filter: FlowFilter | null = null;
  private text: string | null = null;
  private search = 0;

  constructor(
    private readonly outside: Outside,
    private readonly feed: RowFeed,
  ) {}

  get isFiltered(): boolean {
    return this.filter !== null;
  }

  hides(finished: Finished): boolean {
    return this.filter !== null && !this.filter(pictureOf(finished));
  }

  set(text: string | null): void {
    if (text === this.text) return;
    this.text = text;
    this.filter = filterOf(text);
    this.search += 1;
    this.go(this.search, this.outside.from(0), 0);
  }

  private go(search: number, ids: ReturnType<Outside['from']>, done: number): void {
    if (search !== this.search) return;
    const until = performance.now() + SLICE;
    const judged: number[] = [];
    let isLast = false;
    while (judged.length < MOST && performance.now() < until) {
      const next = ids.next();
      isLast = next.done === true;
      if (next.done) break;
      const finished = this.filter && this.outside.read(next.value);
      judged.push(finished && this.hides(finished) ? -next.value : next.value);
    }
    const at = done + judged.length;
    if (judged.length > 0)
      this.feed.say({ type: 'view-filtered', judged: Float64Array.from(judged), done: at, of: this.outside.size });
    if (!isLast) setImmediate(() => this.go(search, ids, at));
  }
}
