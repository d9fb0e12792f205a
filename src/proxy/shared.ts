import type { Numbering, Shared } from '../journal/lines.js';
import { segmentOf } from '../journal/places.js';
import { packShared, unpackShared } from '../journal/whole.js';
import type { Segments } from './segments.js';

/** Objects read back that are kept, for flows of the same connection. */
const MOST = 256;

/** What many flows have in common, a connection, is written once in each segment; its number is the place of its record. */
export class SharedObjects implements Numbering, Shared {
  private readonly numbers = new WeakMap<object, number>();
  private readonly recent = new Map<number, object>();

  constructor(private readonly segments: Segments) {}

  number(object: object | null): number {
    if (!object) return 0;
    const known = this.numbers.get(object);
    if (known !== undefined && segmentOf(known) === this.segments.current) return known;
    const number = this.segments.add('shared', 0, packShared(object));
    this.numbers.set(object, number);
    return number;
  }

  object(number: number): object | null {
    if (number === 0) return null;
    const known = this.recent.get(number);
    if (known) return known;
    const placed = this.segments.read(number);
    if (placed?.record.type !== 'shared') return null;
    const object = unpackShared(placed.record.payload);
    this.numbers.set(object, number);
    this.recent.set(number, object);
    for (const oldest of this.recent.keys()) {
      if (this.recent.size <= MOST) break;
      this.recent.delete(oldest);
    }
    return object;
  }
}
