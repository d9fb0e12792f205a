import fs from 'node:fs';
import type { FlowId } from '../flow/flow.js';
import { type LoadedRun, unpackRun } from '../journal/loaded.js';
import { type Place, Places, placeIn, segmentPath } from '../journal/places.js';
import { type JournalRecord, records } from '../journal/record.js';
import type { DataState, TalkDelta } from '../journal/state.js';
import { unpackData, unpackTalk } from '../journal/whole.js';

/** A flow that was under way when its session broke off. */
export interface Running {
  readonly record: Place;
  readonly data: DataState[];
  readonly talk: TalkDelta[];
}

/** What of a journal is no records. */
interface Damage {
  readonly places: number;
  readonly bytes: number;
  /** Segments that cannot be read, and why. */
  readonly unreadable: readonly string[];
}

/** What a session's journal says in the end. */
export interface Surveyed {
  readonly places: Places;
  readonly running: ReadonlyMap<FlowId, Running>;
  /** Flows that were left in their files, and which flows were deleted. */
  readonly loaded: readonly LoadedRun[];
  readonly gone: ReadonlySet<FlowId>;
  readonly damage: Damage;
}

/** Reads a whole journal and finds where each flow's newest record is. Gives others their turn after each segment. */
export async function survey(segments: ReadonlyMap<number, string>): Promise<Surveyed> {
  const found: Noted = { places: new Places(), running: new Map(), loaded: [], gone: new Set() };
  const unreadable: string[] = [];
  const damage: number[] = [];
  for (const [number, folder] of segments)
    for (const one of records(await bytesOf(number, folder, (reason) => unreadable.push(reason)), number)) {
      if (one.type === 'damage') damage.push(one.length);
      else note(one.record, placeIn(number, one.at), found);
    }
  const bytes = damage.reduce((sum, length) => sum + length, 0);
  return { ...found, damage: { places: damage.length, bytes, unreadable } };
}

/** The bytes of a segment; none where it cannot be read. */
function bytesOf(number: number, folder: string, failed: (reason: string) => void): Promise<Buffer> {
  return fs.promises.readFile(segmentPath(folder, number)).catch((error: Error) => {
    failed(`${number}.journal cannot be read: ${error.message}`);
    return Buffer.alloc(0);
  });
}

interface Noted {
  readonly places: Places;
  readonly running: Map<FlowId, Running>;
  readonly loaded: LoadedRun[];
  readonly gone: Set<FlowId>;
}

function note(record: JournalRecord, place: Place, { places, running, loaded, gone }: Noted): void {
  const id = record.id as FlowId;
  switch (record.type) {
    case 'lines':
    case 'whole':
      running.delete(id);
      gone.delete(id);
      return places.put(id, place);
    case 'removed':
      running.delete(id);
      gone.add(id);
      return places.put(id, null);
    case 'back':
      gone.delete(id);
      return;
    case 'loaded':
      loaded.push(unpackRun(record.payload));
      return;
    case 'live':
      gone.delete(id);
      running.set(id, { record: place, data: [], talk: [] });
      return places.put(id, null); // it was over once, and runs again
    case 'data':
      running.get(id)?.data.push(unpackData(record.payload));
      return;
    case 'talk':
      running.get(id)?.talk.push(unpackTalk(record.payload));
      return;
    case 'shared':
      return;
  }
}
