import type { Hit } from '../flow/hit.js';
import type { StoreEvent } from '../protocol.js';
import type { Direction } from './direction.js';

/** A search over flows, and what has been found. It stays when its screen is left. */
export interface FlowSearch {
  /** Tells its answers from those of the search before. */
  readonly number: number;
  readonly pattern: string;
  /** What else was asked for: which flows, by what filter. */
  readonly scope: string;
  readonly hits: readonly Hit[];
  readonly done: number;
  /** Flows that are looked through; 0 until that is known. */
  readonly of: number;
  readonly isRunning: boolean;
  /** The user wants it to end. */
  readonly isStopping: boolean;
  /** Why it ended before all was looked through, or ''. */
  readonly reason: string;
  /** The hit that the keys mean, and the first that is shown. */
  readonly focus: number;
  readonly top: number;
}

export function newSearch(number: number, pattern: string, scope: string): FlowSearch {
  return {
    number,
    pattern,
    scope,
    hits: [],
    done: 0,
    of: 0,
    isRunning: true,
    isStopping: false,
    reason: '',
    focus: 0,
    top: 0,
  };
}

/** Takes what the store's thread says of it; what it says of one before is too late. */
export function withAnswer(
  search: FlowSearch | null,
  event: Extract<StoreEvent, { type: 'hits-found' | 'search-ended' }>,
): FlowSearch | null {
  if (!search || search.number !== event.number) return search;
  if (event.type === 'search-ended') return { ...search, isRunning: false, reason: event.reason ?? '' };
  const hits = event.hits.length === 0 ? search.hits : [...search.hits, ...event.hits];
  return { ...search, hits, done: event.done, of: event.of };
}

export function focusedHit(search: FlowSearch | null): Hit | undefined {
  return search?.hits[search.focus];
}

/** Moves the focus; it stays on a page of that many lines. */
export function movedSearch(search: FlowSearch, to: Direction, page: number): FlowSearch {
  const places: Readonly<Record<Direction, number>> = {
    start: 0,
    end: search.hits.length - 1,
    up: search.focus - 1,
    down: search.focus + 1,
    pageup: search.focus - page,
    pagedown: search.focus + page,
  };
  return focusedAt(search, places[to], page);
}

function focusedAt(search: FlowSearch, wanted: number, page: number): FlowSearch {
  const focus = Math.max(0, Math.min(search.hits.length - 1, wanted));
  return { ...search, focus, top: Math.max(0, Math.min(Math.max(search.top, focus - page + 1), focus)) };
}
