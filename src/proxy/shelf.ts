import type { FlowId } from '../flow/flow.js';
import type { Entry } from './entry.js';
import type { Passage } from './passage.js';

export type Record = Entry | Passage;

/** Where finished flows are kept. The ledger knows nothing else of it, so that another thread can take it over. */
export interface Shelf {
  put(record: Record): void;
  get(id: FlowId): Record | undefined;
  remove(id: FlowId): void;
}

export class MemoryShelf implements Shelf {
  private readonly records = new Map<FlowId, Record>();

  put(record: Record): void {
    this.records.set(record.id, record);
  }

  get(id: FlowId): Record | undefined {
    return this.records.get(id);
  }

  remove(id: FlowId): void {
    this.records.delete(id);
  }
}
