import fs from 'node:fs';
import path from 'node:path';
import { makePrivateFolder } from '../certs/store.js';

/** Bytes that may wait for the disk before the sender of a body is asked to pause. */
const BACKLOG = 16 * 1024 * 1024;
/** Bytes written in one go. */
const BATCH = 4 * 1024 * 1024;
/** Milliseconds a disk may take to catch up before the recording is given up, so that the wire goes on. */
const PATIENCE = 500;

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
    if (!this.made) makePrivateFolder(this.folder);
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

/**
 * One body's file: appended to in order, in the background. A disk that is slower than the wire slows the sender down; a
 * disk that stands still costs the recording and not the traffic.
 */
export class SpoolFile {
  private fd: number;
  private queue: Uint8Array[] = [];
  private queued = 0;
  private isWriting = false;
  private isClosing = false;
  private isErased = false;
  private isReleased = false;
  private patience: NodeJS.Timeout | null = null;
  private waiting: (() => void)[] = [];
  private readonly flushing: (() => void)[] = [];
  written = 0;
  /** Why no more is written, or null. */
  failure: string | null = null;

  constructor(readonly file: string) {
    this.fd = fs.openSync(file, 'wx', 0o600);
  }

  append(bytes: Uint8Array): void {
    if (this.failure !== null || this.isErased) return;
    this.queue.push(bytes);
    this.queued += bytes.length;
    this.write();
  }

  /** The sender should pause until `relieved`. */
  get isBehind(): boolean {
    return this.queued > BACKLOG;
  }

  /** Calls back once the disk has caught up, or has been given up. */
  relieved(done: () => void): void {
    if (!this.isBehind) return done();
    this.waiting.push(done);
    this.patience ??= setTimeout(() => this.fail('the disk is slower than the traffic'), PATIENCE);
  }

  /** Calls back once everything accepted so far is on disk. */
  flushed(done: () => void): void {
    if (this.isWriting) this.flushing.push(done);
    else done();
  }

  /** Takes more after it was closed. */
  reopen(): void {
    this.isClosing = false;
    if (!this.isReleased || this.isErased) return;
    this.fd = fs.openSync(this.file, 'r+');
    this.isReleased = false;
  }

  close(): void {
    this.isClosing = true;
    if (!this.isWriting) this.release();
  }

  erase(): void {
    this.isErased = true;
    this.drop();
    if (!this.isReleased) fs.ftruncateSync(this.fd, 0);
    fs.rmSync(this.file, { force: true });
    this.close();
  }

  private fail(reason: string): void {
    this.failure = reason;
    this.drop();
  }

  private drop(): void {
    this.queue = [];
    this.queued = 0;
    this.relieve();
  }

  private relieve(): void {
    if (this.patience) clearTimeout(this.patience);
    this.patience = null;
    const { waiting } = this;
    this.waiting = [];
    for (const done of waiting) done();
  }

  private release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    fs.closeSync(this.fd);
  }

  private takeBatch(): { readonly parts: Uint8Array[]; readonly size: number } {
    let count = 0;
    let size = 0;
    while (count < this.queue.length && size < BATCH) {
      size += this.queue[count]?.length ?? 0;
      count += 1;
    }
    return { parts: this.queue.splice(0, count), size };
  }

  private write(): void {
    if (this.isWriting || this.queue.length === 0) return;
    const { parts, size } = this.takeBatch();
    this.isWriting = true;
    fs.writev(this.fd, parts, this.written, (error, count) => {
      this.isWriting = false;
      this.settle(size, count, error);
      this.write();
      if (this.isWriting) return;
      for (const done of this.flushing.splice(0)) done();
      if (this.isClosing) this.release();
    });
  }

  private settle(size: number, count: number, error: NodeJS.ErrnoException | null): void {
    if (this.isErased) {
      fs.ftruncateSync(this.fd, 0);
      return;
    }
    if (error) return this.fail(`the disk refused it: ${error.message}`);
    this.written += count;
    if (count < size) return this.fail('the disk is full');
    this.queued = Math.max(0, this.queued - size);
    if (this.queued <= BACKLOG - BATCH) this.relieve();
  }
}
