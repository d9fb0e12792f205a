import fs from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { segmentPath } from '../../src/journal/places.js';
import { type JournalRecord, records } from '../../src/journal/record.js';
import { segmentsIn } from '../../src/store/segmentfiles.js';

const DEADLINE = 10_000;

/** Every whole record of a session's folder, in order. */
export function recordsIn(folder: string): JournalRecord[] {
  return [...segmentsIn(folder)].flatMap(([number, place]) =>
    [...records(fs.readFileSync(segmentPath(place, number)), number)].flatMap((found) =>
      found.type === 'record' ? found.record : [],
    ),
  );
}

/** Waits until the records on the disk are as they should be. */
export async function written(
  folder: string,
  isRight: (records: readonly JournalRecord[]) => boolean,
  what: string,
): Promise<void> {
  const end = performance.now() + DEADLINE;
  for (;;) {
    const all = recordsIn(folder);
    if (isRight(all)) return;
    if (performance.now() > end) {
      const types = all.map(({ type, id }) => `${type} ${id}`).join(', ');
      throw new Error(`never written: ${what}; there are ${types}`);
    }
    await wait(5);
  }
}

/** A copy of a folder that somebody writes to: what is just being made is left out. */
export function copyFolder(from: string, to: string): void {
  const filter = (file: string): boolean => !file.endsWith('.new');
  fs.cpSync(from, to, { recursive: true, preserveTimestamps: true, filter });
}
