import fs from 'node:fs';
import type { FlowId } from '../flow/flow.js';
import { type Place, Places, placeIn } from '../journal/places.js';
import { type JournalRecord, records } from '../journal/record.js';
import type { DataState, TalkDelta } from '../journal/state.js';
import { unpackData, unpackTalk } from '../journal/whole.js';
import { segmentPath } from './segmentfiles.js';

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
  readonly damage: Damage;
}

/** Reads a whole journal and finds where each flow's newest record is. Gives others their turn after each segment. */
export async function survey(segments: ReadonlyMap<number, string>): Promise<Surveyed> {
  const places = new Places();
  const running = new Map<FlowId, Running>();
  const unreadable: string[] = [];
  const damage: number[] = [];
  for (const [number, folder] of segments)
    for (const found of records(await bytesOf(number, folder, (reason) => unreadable.push(reason)), number)) {
      if (found.type === 'damage') damage.push(found.length);
      else note(found.record, placeIn(number, found.at), places, running);
    }
  const bytes = damage.reduce((sum, length) => sum + length, 0);
  return { places, running, damage: { places: damage.length, bytes, unreadable } };
}

/** The bytes of a segment; none where it cannot be read. */
function bytesOf(number: number, folder: string, failed: (reason: string) => void): Promise<Buffer> {
  return fs.promises.readFile(segmentPath(folder, number)).catch((error: Error) => {
    failed(`${number}.journal cannot be read: ${error.message}`);
    return Buffer.alloc(0);
  });
}

function note(record: JournalRecord, place: Place, places: Places, running: Map<FlowId, Running>): void {
  const id = record.id as FlowId;
  switch (record.type) {
    case 'lines':
    case 'whole':
      running.delete(id);
      return places.put(id, place);
    case 'removed':
      running.delete(id);
      return places.put(id, null);
    case 'live':
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
