import type { FlowId } from '../flow/flow.js';
import { type FlowFilter, parseFilter } from '../flow/flowfilter.js';
import { pictureOf } from '../flow/picture.js';
import type { FlowRow } from '../flow/row.js';
import type { Found, IndexedFile } from './indexedfile.js';
import type { Outside } from './outside.js';
import type { RowFeed } from './rowfeed.js';
import type { FileDamage } from './savedfile.js';

/** Flows of the first batch, which is to be on the screen at once, and of any other. */
const [FIRST, MOST] = [64, 512];
/** Milliseconds that a batch may take, so that what else is asked has its turn. */
const SLICE = 12;

export interface Loading {
  readonly outside: Outside;
  readonly feed: RowFeed;
  /** Only flows that match it, or null. */
  readonly filter: FlowFilter | null;
  onDamage(damage: FileDamage): void;
  isStopped(): boolean;
  /** Asks for the numbers of so many flows; resolves with the first of them. */
  number(count: number): Promise<FlowId>;
}

/** A filter that was checked where it was typed. */
export function filterOf(text: string | null): FlowFilter | null {
  const filter = text === null ? null : parseFilter(text);
  return typeof filter === 'function' ? filter : null;
}

function* batches(file: IndexedFile, { filter, onDamage }: Loading): Generator<readonly Found[]> {
  let batch: Found[] = [];
  let most = FIRST;
  let until = performance.now() + SLICE;
  for (const found of file.find(onDamage)) {
    if (filter === null || filter(pictureOf(file.look(found)))) batch.push(found);
    if (batch.length < most && performance.now() < until) continue;
    yield batch;
    batch = [];
    most = MOST;
    until = performance.now() + SLICE;
  }
  yield batch;
}

/** Puts the flows of a file into the list, and leaves them where they are; resolves with their count. Throws a FileFailure. */
export async function loadIndex(file: IndexedFile, loading: Loading): Promise<number> {
  const { outside, feed, isStopped } = loading;
  outside.add(file);
  let numbered: Promise<void> = Promise.resolve();
  for (const batch of batches(file, loading)) {
    await numbered;
    await feed.room();
    if (isStopped()) break;
    if (batch.length > 0) numbered = loading.number(batch.length).then((first) => take(file, batch, first, loading));
    else await new Promise(setImmediate); // what else is asked has its turn
  }
  await numbered;
  return file.length;
}

function take(file: IndexedFile, batch: readonly Found[], first: FlowId, { feed }: Loading): void {
  const rows: FlowRow[] = [];
  for (const [index, found] of batch.entries()) {
    const id = (first + index) as FlowId;
    file.add(found, id);
    rows.push({ ...found.row, id });
  }
  feed.add(rows);
  feed.say({ type: 'loading', file: { path: file.path, count: file.length } });
}
