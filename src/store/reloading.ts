import fs from 'node:fs';
import type { FlowId } from '../flow/flow.js';
import { pictureOf } from '../flow/picture.js';
import type { FlowRow } from '../flow/row.js';
import type { LoadedRun } from '../journal/loaded.js';
import type { FileEvent } from '../protocol.js';
import { FileFailure } from './failures.js';
import { IndexedFile } from './indexedfile.js';
import { filterOf } from './loading.js';
import type { Outside } from './outside.js';
import type { RowFeed } from './rowfeed.js';
import type { Surveyed } from './survey.js';

/** Rows told in one go. */
const BATCH = 512;

export interface Reloading {
  readonly outside: Outside;
  readonly feed: RowFeed;
  say(event: FileEvent): void;
}

export interface Reloaded {
  readonly count: number;
  /** Files whose flows are not there again, and why. */
  readonly missing: readonly string[];
}

/** Finds the flows again that a session had left in their files, and gives them the numbers they had. */
export async function reload(surveyed: Surveyed, reloading: Reloading): Promise<Reloaded> {
  const missing: string[] = [];
  let count = 0;
  for (const runs of loads(surveyed.loaded))
    try {
      count += await again(runs, surveyed, reloading);
    } catch (error) {
      if (!(error instanceof FileFailure)) throw error;
      missing.push(`${error.message}, so its flows are not taken in`);
    }
  return { count, missing };
}

function loads(all: readonly LoadedRun[]): readonly (readonly LoadedRun[])[] {
  const byLoad = new Map<number, LoadedRun[]>();
  for (const run of all) byLoad.set(run.load, [...(byLoad.get(run.load) ?? []), run]);
  return [...byLoad.values()];
}

function* numbersOf(runs: readonly LoadedRun[]): Generator<FlowId> {
  for (const { first, count } of runs) for (let at = 0; at < count; at += 1) yield (first + at) as FlowId;
}

/** Its damage was told when it was loaded. */
function heardBefore(): null {
  return null;
}

async function again(
  runs: readonly LoadedRun[],
  { places, running, gone }: Surveyed,
  { outside, feed, say }: Reloading,
): Promise<number> {
  const [run] = runs;
  const file = run && opened(run);
  if (!file) return 0;
  const filter = filterOf(run.filter);
  const numbers = numbersOf(runs);
  const elsewhere: FlowId[] = [];
  let rows: FlowRow[] = [];
  let count = 0;
  for (const found of file.find(heardBefore)) {
    if (filter && !filter(pictureOf(file.look(found)))) continue;
    const { value: id, done } = numbers.next();
    if (done) break;
    file.add(found, id);
    if (gone.has(id) || running.has(id) || places.get(id) !== null) elsewhere.push(id);
    else rows.push({ ...found.row, id });
    if (rows.length < BATCH) continue;
    count += rows.length;
    await feed.room();
    feed.add(rows);
    rows = [];
  }
  outside.add(file);
  outside.release(elsewhere);
  for (const { first, count: length } of runs)
    say({
      type: 'found-again',
      first,
      count: length,
      gone: Float64Array.from(elsewhere.filter((id) => id >= first && id < first + length)),
    });
  feed.add(rows);
  return count + rows.length;
}

function opened({ path, size, changedAt }: LoadedRun): IndexedFile {
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new FileFailure(`${path} is not there any more`);
  if (stat.size !== size || stat.mtimeMs !== changedAt)
    throw new FileFailure(`${path} has changed since it was loaded`);
  const file = IndexedFile.open(path);
  if (!file) throw new FileFailure(`${path} is no file of flows any more`);
  return file;
}
