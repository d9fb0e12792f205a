import { resolve } from 'node:path';
import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';
import type { FileCommand, FileEvent, FileFormat, LogLevel, ProxyEvent } from '../protocol.js';
import { finishedImage } from './image.js';
import type { Ledger } from './ledger.js';
import { Outside } from './outside.js';
import { StoreThread } from './storethread.js';

/** Flows that cross to the other thread in one go, and numbers of flows. */
const [BATCH, TOGETHER] = [200, 1000];

interface Job {
  readonly command: Extract<FileCommand, { type: 'save' | 'load' | 'restore' }>;
  /** The flows to be written. */
  readonly ids: readonly FlowId[];
  readonly done: (event: ProxyEvent) => void;
}

const COMMANDS = { load: 'load-flows', save: 'save-flows', restore: 'restore-session' } as const;

/** What becomes of flows that were read. */
export interface Readers {
  /** Whether somebody wants to see them, so that they have to come here. */
  wants(): boolean;
  /** Lets the loaded scripts see them. */
  seen(ids: readonly FlowId[]): Promise<void>;
  log(level: LogLevel, text: string): void;
}

/** Saves and loads flows, one file after the other, in the store's thread, which keeps those that nobody needs here. */
export class Files {
  /** The flows that are with the store's thread. */
  readonly outside = new Outside();
  private readonly waiting: Job[] = [];
  private job: Job | null = null;
  /** How many flows of the job have been handed over, or the number of the first that was found. */
  private at = 0;
  /** Called when flows that were asked for are here. */
  private readonly fetching: (() => void)[] = [];
  private readonly store: StoreThread;
  private telling: { readonly type: 'forget' | 'take-back'; readonly ids: FlowId[] } | null = null;

  constructor(
    private readonly ledger: Ledger,
    private readonly readers: Readers,
    opened: ConstructorParameters<typeof StoreThread>[0],
  ) {
    this.store = new StoreThread(
      (event, port) => {
        for (const news of ledger.shelf.news()) this.store.tell(news);
        opened(event, port);
      },
      (event) => this.hear(event),
    );
    ledger.shelf.heard = (news) => {
      if (this.store.isOpen) this.store.tell(news);
    };
  }

  /** Sees to it that the store's thread runs. */
  open(): void {
    this.store.open();
  }

  /** + in front of the path appends. `done` hears `flows-saved` or `refused`. */
  save(
    ids: readonly FlowId[],
    to: { readonly path: string; readonly format: FileFormat; readonly version: number },
    done: (event: ProxyEvent) => void,
  ): void {
    this.queue({ command: { type: 'save', ...to }, ids, done });
  }

  /** `filter` says which flows of the file are wanted. `done` hears `flows-loaded` or `refused`. */
  load(path: string, filter: string | null, done: (event: ProxyEvent) => void): void {
    this.queue({ command: { type: 'load', path, isIndexed: !this.readers.wants(), filter }, ids: [], done });
  }

  /** Takes in a session whose folder is below that of this one. `done` hears `session-restored` or `refused`. */
  restore(name: string, path: string, done: (event: ProxyEvent) => void): void {
    this.queue({ command: { type: 'restore', name, path }, ids: [], done });
  }

  /** Takes flows in that are outside; `done` is called when they are here, or lost. */
  bring(ids: readonly FlowId[], done: () => void): void {
    this.tellLater();
    this.fetching.push(done);
    for (const id of ids) this.outside.remove(id);
    this.store.tell({ type: 'bring', ids });
  }

  /** Whether the store's thread has a flow. */
  has(id: FlowId): boolean {
    return this.outside.has(id);
  }

  /** A flow outside is deleted. */
  forget(id: FlowId): void {
    this.outside.remove(id);
    this.ledger.shelf.note('removed', id);
    this.later('forget', id);
  }

  /** A deleted one is there again. */
  takeBack(id: FlowId): void {
    this.outside.takeBack(id);
    this.ledger.shelf.note('back', id);
    this.later('take-back', id);
  }

  /** What is told of many flows in turn goes over together. */
  private later(type: 'forget' | 'take-back', id: FlowId): void {
    if (this.telling?.type !== type || this.telling.ids.length >= TOGETHER) this.tellLater();
    if (!this.telling) {
      this.telling = { type, ids: [] };
      setImmediate(() => this.tellLater());
    }
    this.telling.ids.push(id);
  }

  private tellLater(): void {
    const { telling } = this;
    this.telling = null;
    if (telling) this.store.tell(telling);
  }

  /** Nothing is to be read or written any more. */
  stop(): void {
    this.store.stop();
  }

  private queue(job: Job): void {
    this.waiting.push(job);
    if (!this.job) this.begin();
  }

  private begin(): void {
    this.job = this.waiting.shift() ?? null;
    this.at = 0;
    if (!this.job) return;
    this.store.tell(this.job.command);
  }

  private hear(event: FileEvent): void {
    if (event.type === 'brought') return this.brought(event);
    if (event.type === 'crashed') return this.crashed(event.reason);
    const { job } = this;
    if (!job) return;
    const { path } = job.command;
    switch (event.type) {
      case 'ready':
        return void this.handOver(job);
      case 'found':
        return this.number(job, event);
      case 'read':
        return void this.readers
          .seen(event.flows.map((flow) => this.ledger.adopt(flow)))
          .then(() => this.store.tell({ type: 'more' }));
      case 'segments':
        return this.ledger.shelf.takeIn(event.segments);
      case 'restored':
        for (const [index, id] of event.ids.entries()) this.ledger.shelf.place(id as FlowId, event.places[index] ?? 0);
        return;
      case 'found-again':
        this.outside.add(event.first as FlowId, event.count);
        for (const id of event.gone) this.outside.remove(id as FlowId);
        return;
      case 'broken-off':
        for (const state of event.states) this.ledger.bring(state);
        return;
      case 'saved':
        return this.finish({ type: 'flows-saved', path, count: event.count, warnings: event.warnings });
      case 'loaded': {
        const { count, damage, isStopped } = event;
        if (job.command.type === 'restore') {
          this.ledger.shelf.arrived();
          return this.finish({ type: 'session-restored', name: job.command.name, flows: count, damage });
        }
        return this.finish({ type: 'flows-loaded', path, count, damage, isStopped });
      }
      case 'failed':
        return this.fail(event.reason);
    }
  }

  private number({ command }: Job, { count, size, changedAt }: Extract<FileEvent, { type: 'found' }>): void {
    const first = this.ledger.reserve(count);
    this.outside.add(first, count);
    this.store.tell({ type: 'numbered', first });
    if (this.at === 0) this.at = first;
    const filter = command.type === 'load' ? command.filter : null;
    const file = { path: resolve(command.path), size, changedAt };
    this.ledger.shelf.loaded({ load: this.at, ...file, filter, first, count });
  }

  private brought({ flows, lost }: Extract<FileEvent, { type: 'brought' }>): void {
    for (const flow of flows) this.ledger.adopt(flow, flow.flow.id);
    for (const { reason } of lost) this.readers.log('error', reason);
    this.fetching.shift()?.();
  }

  /** What the thread had is gone with it. */
  private crashed(reason: string): void {
    this.outside.clear();
    for (const done of this.fetching.splice(0)) done();
    if (this.job) this.fail(reason);
    else this.readers.log('error', reason);
  }

  private fail(reason: string): void {
    const command = this.job ? COMMANDS[this.job.command.type] : 'load-flows';
    this.finish({ type: 'refused', command, reason });
  }

  private finish(event: ProxyEvent): void {
    const { job } = this;
    this.job = null;
    job?.done(event);
    this.begin();
  }

  /** The next flows as they are now; those that are gone meanwhile are left out. */
  private async handOver({ ids }: Job): Promise<void> {
    const some = ids.slice(this.at, this.at + BATCH);
    this.at += BATCH;
    const flows = await Promise.all(some.map((id) => this.outward(id)));
    const isLast = this.at >= ids.length;
    this.store.tell({ type: 'flows', flows: flows.filter((flow) => flow !== null), isLast });
  }

  private async outward(id: FlowId): Promise<Finished | FlowId | null> {
    if (this.outside.has(id)) return id;
    const record = this.ledger.get(id);
    return record ? finishedImage(record) : null;
  }
}
