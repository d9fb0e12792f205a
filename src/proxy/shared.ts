import type { Numbering, Shared } from '../journal/lines.js';
import { segmentOf } from '../journal/places.js';
import { SharedReader } from '../journal/sharedreader.js';
import { packShared } from '../journal/whole.js';
import type { Segments } from './segments.js';

/** What many flows have in common, a connection, is written once in each segment; its number is the place of its record. */
export class SharedObjects implements Numbering, Shared {
  private readonly numbers = new WeakMap<object, number>();
  private readonly reader: SharedReader;

  constructor(private readonly segments: Segments) {
    this.reader = new SharedReader((place) => segments.read(place)?.record ?? null);
  }

  number(object: object | null): number {
    if (!object) return 0;
    const known = this.numbers.get(object);
    if (known !== undefined && segmentOf(known) === this.segments.current) return known;
    const number = this.segments.add('shared', 0, packShared(object));
    this.numbers.set(object, number);
    return number;
  }

  object(number: number): object | null {
    const object = this.reader.object(number);
    if (object) this.numbers.set(object, number);
    return object;
  }
}
