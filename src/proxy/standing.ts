import fs from 'node:fs';
import path from 'node:path';
import type { SessionStanding } from '../protocol.js';

const NAME = 'standing.json';

/** How far a session has come, and when it said so in milliseconds since 1970; null where its folder does not say. */
export function readStanding(folder: string): { readonly standing: SessionStanding; readonly at: number } | null {
  const file = path.join(folder, NAME);
  try {
    const standing = JSON.parse(fs.readFileSync(file, 'utf8')) as SessionStanding;
    return { standing, at: fs.statSync(file).mtimeMs };
  } catch {
    return null;
  }
}

/**
 * Notes beside the journal how far it has come, for who looks at sessions without reading them. Each note takes the place
 * of the one before in one step: half of one would be a session that nobody is offered.
 */
export class StandingFile {
  private last = '';
  private isWriting = false;
  private waiting: (() => void)[] = [];
  private readonly file: string;

  constructor(
    folder: string,
    private readonly standing: () => SessionStanding,
  ) {
    this.file = path.join(folder, NAME);
  }

  /** Writes it if it has changed. */
  keep(): void {
    if (this.isWriting) return;
    const text = JSON.stringify(this.standing());
    if (text !== this.last) this.write(text);
  }

  /** Writes it now, and calls back once it is there or cannot be. */
  end(done: () => void): void {
    this.waiting.push(done);
    if (!this.isWriting) this.write(JSON.stringify(this.standing()));
  }

  private write(text: string): void {
    const due = this.waiting.splice(0);
    const fresh = `${this.file}.new`;
    const settle = (): void => {
      this.isWriting = false;
      for (const done of due) done();
      if (this.waiting.length > 0 && !this.isWriting) this.write(JSON.stringify(this.standing()));
    };
    this.last = text;
    this.isWriting = true;
    fs.writeFile(fresh, text, { mode: 0o600 }, (error) => {
      if (error)
        settle(); // a full disk is told of by the journal
      else fs.rename(fresh, this.file, settle);
    });
  }
}
