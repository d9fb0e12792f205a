import fs from 'node:fs';
import path from 'node:path';
import type { Spool } from './spool.js';

/** Bytes of one slab. */
const SIZE = 4 * 1024 * 1024;
/** Slabs that stay in memory; older ones are on disk only. */
const IN_MEMORY = 4;

interface Slab {
  /** Null once it is on disk. */
  bytes: Buffer | null;
  file: string | null;
  /** Records in it that are still wanted. */
  wanted: number;
}

export interface Location {
  /** Counted over all slabs. */
  readonly at: number;
  readonly length: number;
}

/**
 * Finished records, written one behind the other into large buffers outside the heap, so that the collector never looks
 * at them. The newest stay in memory, the rest goes to the spool in the background.
 */
export class Slabs {
  private readonly slabs: Slab[] = [];
  private used = SIZE;
  /** A written slab's memory, to be used again: fresh pages cost more than what is put into them. */
  private spare: Buffer | null = null;

  constructor(private readonly spool: Spool) {}

  /** Makes room for one record and lets `write` fill it. Null when it is larger than a slab. */
  append(length: number, write: (slab: Buffer, start: number) => void): Location | null {
    if (length > SIZE) return null;
    if (this.used + length > SIZE) this.begin();
    const slab = this.slabs.at(-1);
    if (!slab?.bytes) return null;
    const start = this.used;
    write(slab.bytes, start);
    this.used += length;
    slab.wanted += 1;
    return { at: (this.slabs.length - 1) * SIZE + start, length };
  }

  read({ at, length }: Location): Buffer {
    const slab = this.slabs[Math.floor(at / SIZE)];
    const start = at % SIZE;
    if (slab?.bytes) return Buffer.from(slab.bytes.subarray(start, start + length));
    if (!slab?.file) throw new Error('a record was read that had been removed');
    const bytes = Buffer.alloc(length);
    const fd = fs.openSync(slab.file, 'r');
    try {
      fs.readSync(fd, bytes, 0, length, start);
    } finally {
      fs.closeSync(fd);
    }
    return bytes;
  }

  remove({ at }: Location): void {
    const slab = this.slabs[Math.floor(at / SIZE)];
    if (!slab) return;
    slab.wanted -= 1;
    if (slab.wanted > 0 || slab === this.slabs.at(-1)) return;
    if (slab.file) fs.rmSync(slab.file, { force: true });
    slab.bytes = null;
    slab.file = null;
  }

  private begin(): void {
    this.slabs.push({ bytes: this.spare ?? Buffer.allocUnsafeSlow(SIZE), file: null, wanted: 0 });
    this.spare = null;
    this.used = 0;
    const old = this.slabs[this.slabs.length - 1 - IN_MEMORY];
    if (old?.bytes && old.wanted > 0) this.spill(old, this.slabs.length - 1 - IN_MEMORY);
  }

  /** Without a disk a slab simply stays in memory. */
  private spill(slab: Slab, number: number): void {
    const { bytes } = slab;
    if (!bytes) return;
    const file = path.join(this.spool.ready(), `${number}.slab`);
    fs.writeFile(file, bytes, { mode: 0o600, flag: 'wx' }, (error) => {
      if (error) return;
      this.spare = bytes;
      if (slab.wanted <= 0) fs.rmSync(file, { force: true });
      else {
        slab.file = file;
        slab.bytes = null;
      }
    });
  }
}
