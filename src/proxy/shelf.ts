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
}

const LENGTH_BYTES = 4;

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
    const length = bytes.readUInt32LE(0);
    const text = bytes.toString('latin1', LENGTH_BYTES, LENGTH_BYTES + length);
    return unpack(text, bytes.subarray(LENGTH_BYTES + length), this.shared, this.spool, this.make);
  }

  remove(id: FlowId): void {
    this.loose.delete(id);
    const location = this.packed[id];
    if (!location) return;
    this.packed[id] = undefined;
    this.slabs.remove(location);
  }

  private store(entry: Entry): Location | null {
    const packed = pack(entry, this.shared);
    if (!packed) return null;
    const { text, request, response } = packed;
    const { length } = text;
    return this.slabs.append(LENGTH_BYTES + length + request.length + response.length, (into) => {
      into.writeUInt32LE(length, 0);
      into.write(text, LENGTH_BYTES, 'latin1');
      if (request.length > 0) into.set(request, LENGTH_BYTES + length);
      if (response.length > 0) into.set(response, LENGTH_BYTES + length + request.length);
    });
  }
}
