import fs from 'node:fs';
import type { FlowId } from '../flow/flow.js';
import type { FlowRow } from '../flow/row.js';
import { fullSize } from '../flow/sizes.js';
import { stateIn } from '../journal/decode.js';
import { segmentOf, segmentPath } from '../journal/places.js';
import { rowOf } from '../journal/shown.js';
import type { FlowState } from '../journal/state.js';
import type { FileEvent } from '../protocol.js';
import { brokenOff, withFiles } from './brokenoff.js';
import type { Outside } from './outside.js';
import { reload } from './reloading.js';
import type { RowFeed } from './rowfeed.js';
import { SegmentFiles, segmentsIn } from './segmentfiles.js';
import { SegmentReader } from './segmentreader.js';
import type { Session } from './session.js';
import { type Running, type Surveyed, survey } from './survey.js';

/** Flows that go over in one go. */
const BATCH = 512;

export interface Restoring {
  readonly session: Session;
  readonly outside: Outside;
  readonly feed: RowFeed;
  say(event: FileEvent): void;
}

/** When the journal was last written to, in milliseconds since 1970. */
function endOf(segments: ReadonlyMap<number, string>): number {
  const times = [...segments].map(
    ([number, folder]) => fs.statSync(segmentPath(folder, number), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.max(0, ...times);
}

/** Puts every flow of a session into the list, in the order in which they came; resolves with what to say of it. */
export async function restore(folder: string, { session, outside, feed, say }: Restoring): Promise<FileEvent> {
  const segments = segmentsIn(folder);
  session.takeIn(segments);
  say({ type: 'segments', segments });
  const surveyed = await survey(segments);
  const files = new SegmentFiles((segment) => segments.get(segment) ?? '');
  let count = 0;
  try {
    for (const { rows, over, broken } of batches(surveyed, files, endOf(segments))) {
      await feed.room();
      if (over.length > 0)
        say({
          type: 'restored',
          ids: Float64Array.from(over),
          places: Float64Array.from(over, (id) => surveyed.places.get(id) ?? 0),
        });
      if (broken.length > 0) say({ type: 'broken-off', states: broken });
      feed.add(rows);
      count += rows.length;
      await new Promise(setImmediate); // what else is asked has its turn
    }
  } finally {
    files.close();
  }
  const reloaded = await reload(surveyed, { outside, feed, say });
  const damage = [damageText(surveyed.damage), ...reloaded.missing].flatMap((text) => text ?? []).join('; ');
  return { type: 'loaded', count: count + reloaded.count, damage: damage === '' ? null : damage, isStopped: false };
}

interface Batch {
  readonly rows: FlowRow[];
  /** Those that are over. */
  readonly over: FlowId[];
  readonly broken: FlowState[];
}

/** All flows, by their numbers. */
function* batches({ places, running }: Surveyed, files: SegmentFiles, at: number): Generator<Batch> {
  const reader = new SegmentReader(files);
  const nothing = { object: () => null }; // a row needs no connection
  const ids = [...places.ids(), ...running.keys()].sort((a, b) => a - b);
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch: Batch = { rows: [], over: [], broken: [] };
    for (const id of ids.slice(start, start + BATCH)) {
      const live = running.get(id);
      const place = places.get(id);
      const record = place === null ? null : reader.read(place);
      const state = live ? broken(live, files, at) : record && stateIn(record, nothing);
      if (!state) continue;
      batch.rows.push(rowOf(state));
      if (live) batch.broken.push(state);
      else batch.over.push(id);
    }
    yield batch;
  }
}

function broken(running: Running, files: SegmentFiles, at: number): FlowState | null {
  const state = brokenOff(running, files, at);
  return state && withFiles(state, files.folderOf(segmentOf(running.record)));
}

function damageText({ places, bytes, unreadable }: Surveyed['damage']): string | null {
  const many = places === 1 ? '1 damaged place in its journal' : `${fullSize(places)} damaged places in its journal`;
  const passed = `${many} (${fullSize(bytes)} bytes) ${places === 1 ? 'is' : 'are'} passed over`;
  const all = [...(places > 0 ? [passed] : []), ...unreadable];
  return all.length > 0 ? all.join('; ') : null;
}
