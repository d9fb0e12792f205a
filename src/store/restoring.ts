import fs from 'node:fs';
import { segmentOf } from '../journal/places.js';
import type { FlowState } from '../journal/state.js';
import type { FileEvent } from '../protocol.js';
import { brokenOff, withFiles } from './brokenoff.js';
import type { RowFeed } from './rowfeed.js';
import { segmentPath, segmentsIn } from './segmentfiles.js';
import type { Session } from './session.js';
import { overIn, survey } from './survey.js';

/** Flows under way that go over in one go. */
const BATCH = 100;

export interface Restoring {
  readonly session: Session;
  readonly feed: RowFeed;
  say(event: FileEvent): void;
}

/** When the journal was last written to, in milliseconds since 1970. */
function endOf(segments: ReadonlyMap<number, string>): number {
  const times = [...segments].map(([number, folder]) => fs.statSync(segmentPath(folder, number)).mtimeMs);
  return Math.max(0, ...times);
}

/** Puts every flow of a session into the list; resolves with what to say of it. */
export async function restore(folder: string, { session, feed, say }: Restoring): Promise<FileEvent> {
  const segments = segmentsIn(folder);
  session.takeIn(segments);
  say({ type: 'segments', segments });
  const { places, running, damaged } = await survey(segments);
  let count = 0;
  for await (const over of overIn(segments, places)) {
    await feed.room();
    const ids = Float64Array.from(over.rows, ({ id }) => id);
    say({ type: 'restored', ids, places: Float64Array.from(over.places) });
    feed.add(over.rows);
    count += over.rows.length;
  }
  const at = endOf(segments);
  let states: FlowState[] = [];
  const send = (): void => say({ type: 'broken-off', states });
  for (const one of running.values()) {
    const state = brokenOff(one, segments, at);
    const place = segments.get(segmentOf(one.record));
    if (!state || place === undefined) continue;
    states.push(withFiles(state, place));
    count += 1;
    if (states.length < BATCH) continue;
    send();
    states = [];
  }
  send();
  const damage = damaged === 0 ? null : `${damaged} bytes of its journal were damaged and are passed over`;
  return { type: 'loaded', count, damage, isStopped: false };
}
