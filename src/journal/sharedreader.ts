import type { Shared } from './lines.js';
import type { Place } from './places.js';
import type { JournalRecord } from './record.js';
import { unpackShared } from './whole.js';

/** Objects that are kept, for flows of the same connection. */
const MOST = 1024;

/** Reads what many flows have in common, by the place of its record. */
export class SharedReader implements Shared {
  /** The one read first comes first. */
  private readonly objects = new Map<Place, object>();

  constructor(private readonly read: (place: Place) => JournalRecord | null) {}

  object(place: Place): object | null {
    if (place === 0) return null;
    const known = this.objects.get(place);
    if (known) return known;
    const record = this.read(place);
    if (record?.type !== 'shared') return null;
    const object = unpackShared(record.payload);
    this.objects.set(place, object);
    const [oldest] = this.objects.keys();
    if (this.objects.size > MOST && oldest !== undefined) this.objects.delete(oldest);
    return object;
  }
}
