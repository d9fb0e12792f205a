import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';
import type { FileCommand, FileEvent, FileFormat, ProxyEvent } from '../protocol.js';
import { finishedImage } from './image.js';
import type { Ledger } from './ledger.js';
import { StoreThread } from './storethread.js';

/** Flows that cross to the other thread in one go. */
const BATCH = 200;

interface Job {
  readonly command: Extract<FileCommand, { type: 'save' | 'load' }>;
  /** The flows to be written. */
  readonly ids: readonly FlowId[];
  readonly done: (event: ProxyEvent) => void;
}

/** Saves and loads flows, one file after the other, in the store's thread. */
export class Files {
  private readonly waiting: Job[] = [];
  private job: Job | null = null;
  /** How many flows of the job have been handed over. */
  private at = 0;
  private readonly store: StoreThread;

  constructor(
    private readonly ledger: Ledger,
    /** Lets the loaded scripts see flows that were read. */
    private readonly seen: (ids: readonly FlowId[]) => Promise<void>,
    opened: ConstructorParameters<typeof StoreThread>[0],
  ) {
    this.store = new StoreThread(opened, (event) => this.hear(event));
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

  /** `done` hears `flows-loaded` or `refused`. */
  load(path: string, done: (event: ProxyEvent) => void): void {
    this.queue({ command: { type: 'load', path }, ids: [], done });
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
    if (this.job) this.store.tell(this.job.command);
  }

  private hear(event: FileEvent): void {
    const { job } = this;
    if (!job) return;
    const { path } = job.command;
    switch (event.type) {
      case 'ready':
        return void this.handOver(job);
      case 'read':
        return void this.seen(event.flows.map((flow) => this.ledger.adopt(flow))).then(() =>
          this.store.tell({ type: 'more' }),
        );
      case 'saved':
        return this.finish({ type: 'flows-saved', path, count: event.count, warnings: event.warnings });
      case 'loaded':
        return this.finish({ type: 'flows-loaded', path, count: event.count, damage: event.damage });
      case 'failed':
        return this.fail(event.reason);
    }
  }

  private fail(reason: string): void {
    const command = this.job?.command.type === 'load' ? 'load-flows' : 'save-flows';
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
    const records = some.flatMap((id) => this.ledger.get(id) ?? []);
    const flows: Finished[] = await Promise.all(records.map(finishedImage));
    this.store.tell({ type: 'flows', flows, isLast: this.at >= ids.length });
  }
}
