import type { ClientFacts, FlowId } from '../flow/flow.js';
import { Entry } from './entry.js';
import type { Feed } from './feed.js';
import { Passage } from './passage.js';
import type { Record, Shelf } from './shelf.js';
import type { Spool } from './spool.js';

/** All flows: the live ones here, the finished ones on the shelf. Changes go to the feed. */
export class Ledger {
  private nextId = 1;
  private readonly live = new Map<FlowId, Record>();
  private readonly gone = new WeakSet<Record>();

  constructor(
    private readonly feed: Feed,
    private readonly shelf: Shelf,
    readonly spool: Spool,
    private readonly storesStreamed: () => boolean,
  ) {}

  open(client: ClientFacts | null): Entry {
    const entry = new Entry(this.newId(), client, this.spool, this.storesStreamed, this);
    this.live.set(entry.id, entry);
    return entry;
  }

  openPassage(client: ClientFacts | null, host: string, port: number, scheme: string, why: string): Passage {
    const passage = new Passage(this.newId(), client, host, port, scheme, why, this);
    this.live.set(passage.id, passage);
    return passage;
  }

  get(id: FlowId): Record | undefined {
    return this.live.get(id) ?? this.shelf.get(id);
  }

  /** A finished flow becomes live again, for a replay. */
  revive(entry: Entry): void {
    this.shelf.remove(entry.id);
    this.live.set(entry.id, entry);
  }

  remove(record: Record): void {
    this.gone.add(record);
    record.handle?.kill();
    this.live.delete(record.id);
    this.shelf.remove(record.id);
    this.feed.remove(record);
  }

  changed(record: Record): void {
    if (!this.gone.has(record)) this.feed.changed(record);
  }

  finished(record: Record): void {
    this.live.delete(record.id);
    if (!this.gone.has(record)) this.shelf.put(record);
  }

  private newId(): FlowId {
    const id = this.nextId;
    this.nextId += 1;
    return id as FlowId;
  }
}
