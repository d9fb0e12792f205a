import fs from 'node:fs';
import path from 'node:path';
import type { SessionStanding } from '../protocol.js';

/** Milliseconds between two notes of how far the session has come. */
const PAUSE = 200;

/** Notes beside the journal how far it has come, for who looks at sessions without reading them. */
export class StandingFile {
  private last = '';
  private writtenAt = Number.NEGATIVE_INFINITY;
  private readonly file: string;

  constructor(
    folder: string,
    private readonly standing: () => SessionStanding,
  ) {
    this.file = path.join(folder, 'standing.json');
  }

  /** Writes it if it has changed, and not too often. */
  keep(): void {
    if (performance.now() < this.writtenAt + PAUSE) return;
    const text = JSON.stringify(this.standing());
    if (text === this.last) return;
    this.last = text;
    this.writtenAt = performance.now();
    fs.writeFile(this.file, text, { mode: 0o600 }, () => {}); // a full disk is told of by the journal
  }

  /** Writes it now. */
  end(): void {
    try {
      fs.writeFileSync(this.file, JSON.stringify(this.standing()), { mode: 0o600 });
    } catch {
      // the same
    }
  }
}
