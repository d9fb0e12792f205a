import fs from 'node:fs';
import path from 'node:path';

/** Bytes that wait for the disk before a recording gives up: the wire never waits for the disk. */
const BACKLOG = 16 * 1024 * 1024;

/**
 * The folder for bodies that are too big for memory: `<confdir>/spool/<pid>-<n>`, 0700, files 0600, removed at exit.
 * Folders of processes that no longer run are removed at start.
 */
export class Spool {
  private count = 0;
  private made = false;

  constructor(readonly folder: string) {}

  open(): SpoolFile {
    this.count += 1;
    return new SpoolFile(path.join(this.ready(), `${this.count}.body`));
  }

  /** The folder, made when it is first needed. */
  ready(): string {
    if (!this.made) fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.made = true;
    return this.folder;
  }
}

export function spoolFolder(confdir: string, pid: number): string {
  return path.join(confdir, 'spool', String(pid));
}

/** Removes what crashed runs left behind. */
export function sweepSpool(confdir: string): void {
  const root = path.join(confdir, 'spool');
  let names: string[];
  try {
    names = fs.readdirSync(root);
  } catch {
    return; // no spool yet: nothing was left behind
  }
  for (const name of names) {
    if (!isRunning(Number(name))) fs.rmSync(path.join(root, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One body's file: appended to in order, in the background. */
export class SpoolFile {
  private readonly fd: number;
  private queue: Uint8Array[] = [];
  private queued = 0;
  private writing = false;
  private closing = false;
  private erased = false;
  written = 0;
  /** Why no more is written, or null. */
  failure: string | null = null;

  constructor(
    readonly file: string,
    private readonly onWritten: () => void = () => {},
  ) {
    this.fd = fs.openSync(file, 'wx', 0o600);
  }

  append(bytes: Uint8Array): void {
    if (this.failure !== null || this.erased) return;
    if (this.queued + bytes.length > BACKLOG) {
      this.failure = 'the disk is slower than the traffic';
      return;
    }
    this.queue.push(bytes);
    this.queued += bytes.length;
    this.write();
  }

  /** Calls back once everything accepted so far is on disk. */
  flushed(done: () => void): void {
    if (!this.writing) done();
    else this.waiting.push(done);
  }

  close(): void {
    this.closing = true;
    if (!this.writing) this.release();
  }

  erase(): void {
    this.erased = true;
    this.queue = [];
    this.queued = 0;
    fs.ftruncateSync(this.fd, 0);
    fs.rmSync(this.file, { force: true });
    this.close();
  }

  private readonly waiting: (() => void)[] = [];
  private released = false;

  private release(): void {
    if (this.released) return;
    this.released = true;
    fs.closeSync(this.fd);
  }

  private write(): void {
    if (this.writing || this.queue.length === 0) return;
    const batch = this.queue;
    const bytes = this.queued;
    this.queue = [];
    this.writing = true;
    fs.writev(this.fd, batch, this.written, (error, count) => {
      this.writing = false;
      this.queued = Math.max(0, this.queued - bytes);
      if (error) this.failure = `the disk refused it: ${error.message}`;
      else if (!this.erased) this.written += count;
      if (this.erased) fs.ftruncateSync(this.fd, 0);
      else if (!error && count < bytes) this.failure = 'the disk is full';
      if (this.failure === null) this.write();
      this.onWritten();
      if (this.writing) return;
      for (const done of this.waiting.splice(0)) done();
      if (this.closing) this.release();
    });
  }
}
