import fs from 'node:fs';
import path from 'node:path';
import type { ProxyEvent } from '../protocol.js';
import type { Files } from './files.js';
import type { Journal } from './journal.js';
import { readStanding } from './standing.js';

/*
 * The session that this one may take in. Its folder moves into that of this one.
 */

const PREFIX = 'earlier-';

/** The folders of the sessions that the one in that folder has taken in. */
export function earlierIn(folder: string): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) =>
    entry.isDirectory() && entry.name.startsWith(PREFIX) ? path.join(folder, entry.name) : [],
  );
}

/** What a session has that says nothing of itself: something, so that it is not taken for nothing. */
const UNKNOWN = { flows: 1, bytes: 0 };

export class Earlier {
  constructor(
    private readonly shelf: Journal,
    private readonly files: Files,
    /** The only one whose numbers are not those of this session too, or null. */
    private readonly name: string | null,
  ) {}

  /** `done` hears `session-restored` or `refused`. */
  restore(name: string, done: (event: ProxyEvent) => void): void {
    const refuse = (reason: string): void => done({ type: 'refused', command: 'restore-session', reason });
    if (name !== this.name)
      return refuse(`a session is taken in at the start: leave, then sluice sessions open ${name}`);
    const from = path.join(path.dirname(this.shelf.folder), name);
    const to = path.join(this.shelf.folder, `${PREFIX}${name}`);
    this.shelf.expect(readStanding(from)?.standing ?? UNKNOWN, () => {
      try {
        fs.renameSync(from, to);
      } catch (error) {
        this.shelf.expect(null, () => {});
        return refuse(`session ${name} cannot be taken in: ${(error as Error).message}`);
      }
      this.files.restore(name, to, done);
    });
  }
}
