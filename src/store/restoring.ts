import fs from 'node:fs';
import { fullSize } from '../flow/sizes.js';
import { segmentOf } from '../journal/places.js';
import type { FlowState } from '../journal/state.js';
import type { FileEvent } from '../protocol.js';
import { brokenOff, withFiles } from './brokenoff.js';
import type { RowFeed } from './rowfeed.js';
import { SegmentFiles, segmentPath, segmentsIn } from './segmentfiles.js';
import type { Session } from './session.js';
import { overIn, type Running, type Surveyed, survey } from './survey.js';

/** Flows under way that go over in one go. */
const BATCH = 100;

export interface Restoring {
  readonly session: Session;
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

function brokenIn(running: Iterable<Running>, segments: ReadonlyMap<number, string>): FlowState[] {
  const files = new SegmentFiles((segment) => segments.get(segment) ?? '');
  const at = endOf(segments);
  try {
    return [...running].flatMap((one) => {
      const state = brokenOff(one, files, at);
      return state ? withFiles(state, files.folderOf(segmentOf(one.record))) : [];
    });
  } finally {
    files.close();
  }
}

/** Puts every flow of a session into the list; resolves with what to say of it. */
export async function restore(folder: string, { session, feed, say }: Restoring): Promise<FileEvent> {
  const segments = segmentsIn(folder);
  session.takeIn(segments);
  say({ type: 'segments', segments });
  const { places, running, damage } = await survey(segments);
  let count = 0;
  for await (const over of overIn(segments, places)) {
    await feed.room();
    const ids = Float64Array.from(over.rows, ({ id }) => id);
    say({ type: 'restored', ids, places: Float64Array.from(over.places) });
    feed.add(over.rows);
    count += over.rows.length;
  }
  const broken = brokenIn(running.values(), segments);
  for (let at = 0; at < broken.length; at += BATCH) say({ type: 'broken-off', states: broken.slice(at, at + BATCH) });
  count += broken.length;
  return { type: 'loaded', count, damage: damageText(damage), isStopped: false };
}

function damageText({ places, bytes, unreadable }: Surveyed['damage']): string | null {
  const many = places === 1 ? '1 damaged place in its journal' : `${fullSize(places)} damaged places in its journal`;
  const passed = `${many} (${fullSize(bytes)} bytes) ${places === 1 ? 'is' : 'are'} passed over`;
  const all = [...(places > 0 ? [passed] : []), ...unreadable];
  return all.length > 0 ? all.join('; ') : null;
}
