import type { FlowId } from '../flow/flow.js';
import { Entry } from './entry.js';
import { pack, Shared, unpack } from './packing.js';
import type { Passage } from './passage.js';
import { type Location, Slabs } from './slabs.js';
import type { Spool } from './spool.js';

export type Record = Entry | Passage;

/** Where finished flows are kept. The ledger knows nothing else of it, so that another thread can take it over. */
export interface Shelf {
  /** Takes a finished flow, or its newer state. */
  put(record: Record): void;
  get(id: FlowId): Record | undefined;
  remove(id: FlowId): void;
  /** Every flow that is kept, in no order. */
  ids(): FlowId[];
}

/** A record begins with how many numbers and how much text it has. */
const COUNT_BYTES = 4;
const NUMBER_BYTES = 8;

/** Keeps finished flows packed in slabs, and as they are what cannot be packed. */
export class PackedShelf implements Shelf {
  private readonly loose = new Map<FlowId, Record>();
  private readonly packed: (Location | undefined)[] = [];
  private readonly shared = new Shared();
  private readonly slabs: Slabs;

  constructor(
    private readonly spool: Spool,
    private readonly make: (id: FlowId, client: Entry['client']) => Entry,
  ) {
    this.slabs = new Slabs(spool);
  }

  put(record: Record): void {
    this.remove(record.id);
    const location = record instanceof Entry ? this.store(record) : null;
    if (location) this.packed[record.id] = location;
    else this.loose.set(record.id, record);
  }

  get(id: FlowId): Record | undefined {
    const location = this.packed[id];
    if (!location) return this.loose.get(id);
    const bytes = this.slabs.read(location);
    const count = bytes.readUInt32LE(0);
    const length = bytes.readUInt32LE(COUNT_BYTES);
    const numbersAt = COUNT_BYTES * 2;
    const textAt = numbersAt + count * NUMBER_BYTES;
    const numbers = Array.from({ length: count }, (_, at) => bytes.readDoubleLE(numbersAt + at * NUMBER_BYTES));
    const text = bytes.toString('latin1', textAt, textAt + length);
    return unpack(numbers, text, bytes.subarray(textAt + length), this.shared, this.spool, this.make);
  }

  remove(id: FlowId): void {
    this.loose.delete(id);
    const location = this.packed[id];
    if (!location) return;
    this.packed[id] = undefined;
    this.slabs.remove(location);
  }

  ids(): FlowId[] {
    const packed = [...this.packed.keys()].filter((id) => this.packed[id] !== undefined);
    return [...(packed as FlowId[]), ...this.loose.keys()];
  }

  private store(entry: Entry): Location | null {
    const packed = pack(entry, this.shared);
    if (!packed) return null;
    const { numbers, text, request, response, foreign } = packed;
    const textAt = COUNT_BYTES * 2 + numbers.length * NUMBER_BYTES;
    const requestAt = textAt + text.length;
    const responseAt = requestAt + request.length;
    const foreignAt = responseAt + response.length;
    return this.slabs.append(foreignAt + foreign.length, (slab, start) => {
      slab.writeUInt32LE(numbers.length, start);
      slab.writeUInt32LE(text.length, start + COUNT_BYTES);
      let at = start + COUNT_BYTES * 2;
      for (const number of numbers) at = slab.writeDoubleLE(number, at);
      slab.write(text, start + textAt, 'latin1');
      if (request.length > 0) slab.set(request, start + requestAt);
      if (response.length > 0) slab.set(response, start + responseAt);
      if (foreign.length > 0) slab.set(foreign, start + foreignAt);
    });
  }
}
