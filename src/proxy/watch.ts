import fs from 'node:fs';
import path from 'node:path';

/** Milliseconds in which several events of one save count as one. */
const SETTLE = 15;

/**
 * Watches files by their folders, since editors replace files rather than write them. Calls back once the contents of
 * one have changed.
 */
export class Watch {
  private files: ReadonlyMap<string, string> = new Map();
  private watchers: fs.FSWatcher[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly changed: () => void) {}

  follow(files: readonly string[]): void {
    this.drop();
    this.files = new Map(files.map((file) => [file, stateOf(file)]));
    for (const folder of new Set(files.map((file) => path.dirname(file)))) this.add(folder);
  }

  close(): void {
    this.drop();
    this.files = new Map();
    if (this.timer) clearTimeout(this.timer);
  }

  private add(folder: string): void {
    try {
      const watcher = fs.watch(folder, { persistent: false }, () => {
        this.timer ??= setTimeout(() => this.look(), SETTLE);
      });
      watcher.on('error', () => {}); // a folder that goes away is seen by what is missing from it
      this.watchers.push(watcher);
    } catch {
      // a folder that cannot be watched: the script stays as it is
    }
  }

  private look(): void {
    this.timer = null;
    const now = new Map([...this.files.keys()].map((file) => [file, stateOf(file)]));
    const isChanged = [...now].some(([file, state]) => state !== this.files.get(file));
    this.files = now;
    if (isChanged) this.changed();
  }

  private drop(): void {
    for (const watcher of this.watchers) watcher.close();
    this.watchers = [];
  }
}

function stateOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = fs.statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return ''; // not there
  }
}
