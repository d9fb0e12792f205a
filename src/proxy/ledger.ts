import { now } from '../flow/clock.js';
import type { ClientFacts, FlowId } from '../flow/flow.js';
import type { Finished, PassageImage } from '../flow/image.js';
import { FROM_FILE } from '../flow/picture.js';
import { over } from '../journal/over.js';
import type { Place } from '../journal/places.js';
import type { FlowState } from '../journal/state.js';
import { adopt } from './adopt.js';
import { Entry } from './entry.js';
import type { Feed } from './feed.js';
import { Journal } from './journal.js';
import { Live } from './live.js';
import { type RecordMaker, stateOf } from './memento.js';
import { Passage } from './passage.js';
import type { SegmentsSettings } from './segments.js';
import type { Record } from './shelf.js';
import type { Spool } from './spool.js';

/** Bytes of flows that may wait in memory for a full disk: with their bodies, and at all. */
const [REFUSED_BODIES, MOST_REFUSED] = [32 * 1024 * 1024, 128 * 1024 * 1024];

/** All flows: the live ones here, the finished ones on the shelf. Changes go to the feed. */
export class Ledger {
  private nextId: number;
  private readonly live = new Live<Record>();
  /** Records of flows that are not listed any more, or by another record. */
  private readonly gone = new WeakSet<Record>();
  readonly shelf: Journal;

  constructor(
    private readonly feed: Feed<Record>,
    readonly spool: Spool,
    private readonly storesStreamed: () => boolean,
    private readonly ended: (record: Record) => void,
    session: SegmentsSettings,
    firstId: number,
  ) {
    this.nextId = firstId;
    const make: RecordMaker = {
      entry: (id, client) => this.entry(id, client),
      passage: ({ id, client, host, port, scheme, why }) => new Passage(id, client, host, port, scheme, why, this),
    };
    this.shelf = new Journal(
      session,
      spool,
      make,
      () => this.live.all(),
      () => this.nextId,
    );
  }

  open(client: ClientFacts | null): Entry {
    const entry = this.entry(this.newId(), client);
    this.live.add(entry);
    return entry;
  }

  /** A flow that only scripts see. */
  unlisted(client: ClientFacts | null): Entry {
    const nobody = { changed: () => {}, finished: () => {} };
    return new Entry(this.newId(), client, this.spool, this.storesStreamed, nobody);
  }

  openPassage(client: ClientFacts | null, host: string, port: number, scheme: string, why: string): Passage {
    const passage = new Passage(this.newId(), client, host, port, scheme, why, this);
    this.live.add(passage);
    this.changed(passage);
    return passage;
  }

  get(id: FlowId): Record | undefined {
    return this.live.get(id) ?? this.shelf.get(id);
  }

  /** Takes in a flow that is over, from a file, under a number of its own or the one it was given. */
  adopt(finished: Finished, id = this.newId()): FlowId {
    const { flow } = finished;
    const record = 'request' in flow ? this.entry(id, flow.client) : this.passage(id, flow);
    adopt(record, finished, this.spool);
    record.revision = 0; // as its row outside
    this.shelf.put(record);
    this.feed.changed(record);
    return id;
  }

  /** Numbers for flows that stay outside. */
  reserve(count: number): FlowId {
    const first = this.newId();
    this.nextId += count - 1;
    return first;
  }

  private passage(id: FlowId, { client, host, port, why }: PassageImage): Passage {
    return new Passage(id, client, host, port, 'tcp', why ?? FROM_FILE, this);
  }

  /** Every flow there is, oldest first. */
  ids(): FlowId[] {
    return [...new Set([...this.shelf.ids(), ...this.live.ids()])].sort((a, b) => a - b);
  }

  /** A finished flow becomes live again, for a replay. */
  revive(entry: Entry): void {
    this.live.add(entry);
  }

  remove(record: Record): void {
    record.handle?.kill();
    if (this.live.has(record)) {
      this.gone.add(record);
      this.live.remove(record);
      record.dispose();
    }
    this.shelf.remove(record.id);
    this.feed.remove(record);
  }

  /** A flow that was killed is over as it stands, though its connections are not closed yet. */
  abandon(record: Record): void {
    if (!this.live.has(record)) return;
    this.gone.add(record);
    this.live.remove(record);
    const error = { kind: 'killed', message: 'Connection killed.', at: now() } as const;
    this.shelf.bring(over(stateOf(record, this.shelf.folder), error, 'killed'));
  }

  /** Takes in a flow of another session, whose row is told by who found it. */
  bring(state: FlowState): void {
    this.shelf.bring(state);
  }

  isLive(id: FlowId): boolean {
    return this.live.get(id) !== undefined;
  }

  /** A flow that is over stands as it stood; null for not at all. */
  restore(id: FlowId, place: Place | null): void {
    if (place === null) {
      this.shelf.remove(id);
      return this.feed.remove({ id });
    }
    const record = this.shelf.recall(place);
    if (!record) return; // its record cannot be read: better as it is than gone
    record.revision = (this.get(id)?.revision ?? record.revision) + 1;
    this.shelf.put(record);
    this.feed.changed(record);
  }

  changed(record: Record): void {
    if (this.gone.has(record)) return;
    const isOver = !record.isLive && !this.live.has(record);
    if (isOver && !this.shelf.has(record.id)) return; // it was removed meanwhile
    this.feed.changed(record);
    if (isOver) this.shelf.put(record);
  }

  finished(record: Record): void {
    this.live.remove(record);
    if (this.gone.has(record)) return;
    const refused = this.shelf.refusedBytes;
    if (refused > MOST_REFUSED) {
      this.feed.remove(record);
      return this.ended(record);
    }
    if (refused > REFUSED_BODIES && record.lose('the disk takes no more')) this.feed.changed(record);
    this.shelf.put(record);
    this.ended(record);
  }

  private entry(id: FlowId, client: ClientFacts | null): Entry {
    return new Entry(id, client, this.spool, this.storesStreamed, this);
  }

  private newId(): FlowId {
    const id = this.nextId;
    this.nextId += 1;
    return id as FlowId;
  }
}
