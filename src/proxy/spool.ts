import fs from 'node:fs';
import path from 'node:path';
import { makePrivateFolder } from '../certs/store.js';
import type { Extent } from '../flow/extent.js';

/** Bytes that may wait for the disk before the sender of a body is asked to pause. */
const BACKLOG = 8 * 1024 * 1024;
/** Bytes of a body that may be expected. */
const SMALL = 4096;
/** Bytes written in one go. */
const BATCH = 4 * 1024 * 1024;
/** Milliseconds a disk may take to catch up before the recording is given up, so that the wire goes on. */
const PATIENCE = 500;

/** The files of bodies that are too big for memory, in the folder of the session. */
export class Spool {
  private count = 0;
  private made = false;
  /** Bytes of all files, or in memory of bodies that no record has yet. */
  bytes = 0;

  constructor(
    readonly folder: string,
    /** Without files: whether there is room for so many bytes more in memory. */
    readonly hasRoom: ((bytes: number) => boolean) | null = null,
  ) {}

  /** There is no room for any body, as far as is known before it comes. */
  get isFull(): boolean {
    return this.hasRoom !== null && !this.hasRoom(SMALL);
  }

  open(): SpoolFile {
    this.count += 1;
    return new SpoolFile(path.join(this.ready(), `${this.count}.body`), null, this.counted);
  }

  /** A file of the session that is written on behind these bytes. */
  continued({ file, offset, length }: Extent): SpoolFile {
    return new SpoolFile(file, offset + length, this.counted);
  }

  /** So many bytes are there, or with less than none no longer. */
  readonly counted = (bytes: number): void => {
    this.bytes += bytes;
  };

  /** The folder, made when it is first needed. */
  ready(): string {
    if (!this.made) makePrivateFolder(this.folder);
    this.made = true;
    return this.folder;
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
  written: number;
  /** Why no more is written, or null. */
  failure: string | null = null;

  constructor(
    readonly file: string,
    /** Bytes that are there, of a file that exists. */
    begun: number | null,
    /** Hears of bytes that it has more, or less. */
    private readonly counted: (bytes: number) => void,
  ) {
    this.fd = fs.openSync(file, begun === null ? 'wx' : 'r+', 0o600);
    this.written = begun ?? 0;
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

  get isBusy(): boolean {
    return this.isWriting;
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
    this.counted(-this.written);
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
    this.counted(count);
    if (count < size) return this.fail('the disk is full');
    this.queued = Math.max(0, this.queued - size);
    if (this.queued <= BACKLOG - BATCH) this.relieve();
  }
}
