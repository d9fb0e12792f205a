import fs from 'node:fs';
import type { Place } from '../journal/places.js';
import type { Recording } from './recording.js';

/** Which files of bodies the records of the session need. One that none needs any more goes. */
export class BodyFiles {
  /** The files of each record that has any. */
  private readonly of = new Map<Place, readonly string[]>();
  /** Who needs a record beside its flow. */
  private readonly retained = new Map<Place, number>();
  private readonly needed = new Map<string, number>();
  private readonly sizes = new Map<string, number>();

  constructor(
    /** Hears of bytes that are there no longer. */
    private readonly freed: (bytes: number) => void,
  ) {}

  add(place: Place, recordings: readonly Recording[]): void {
    const files: string[] = [];
    for (const { ownFile, kept } of recordings) {
      if (ownFile === null) continue;
      files.push(ownFile);
      this.needed.set(ownFile, (this.needed.get(ownFile) ?? 0) + 1);
      this.sizes.set(ownFile, kept);
    }
    if (files.length > 0) this.of.set(place, files);
  }

  retain(place: Place): void {
    if (this.of.has(place)) this.retained.set(place, (this.retained.get(place) ?? 0) + 1);
  }

  release(place: Place): void {
    const files = this.of.get(place);
    if (!files) return;
    const others = this.retained.get(place) ?? 0;
    if (others > 1) this.retained.set(place, others - 1);
    else if (others === 1) this.retained.delete(place);
    else this.drop(place, files);
  }

  private drop(place: Place, files: readonly string[]): void {
    this.of.delete(place);
    for (const file of files) {
      const left = (this.needed.get(file) ?? 1) - 1;
      if (left > 0) this.needed.set(file, left);
      else {
        this.needed.delete(file);
        this.freed(this.sizes.get(file) ?? 0);
        this.sizes.delete(file);
        fs.rm(file, { force: true }, () => {});
      }
    }
  }
}
