import { Worker } from 'node:worker_threads';
import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';
import type { FileCommand, FileEvent, FileFormat, ProxyEvent } from '../protocol.js';
import { finishedImage } from './image.js';
import type { Ledger } from './ledger.js';

/** Flows that cross to the other thread in one go. */
const BATCH = 200;
/** Milliseconds that the thread is kept for the next file. */
const IDLE = 5000;

interface Job {
  readonly command: Extract<FileCommand, { type: 'save' | 'load' }>;
  /** The flows to be written. */
  readonly ids: readonly FlowId[];
  readonly done: (event: ProxyEvent) => void;
}

/** Saves and loads flows, one file after the other, in a thread of their own. */
export class Files {
  private readonly waiting: Job[] = [];
  private job: Job | null = null;
  /** How many flows of the job have been handed over. */
  private at = 0;
  private worker: Worker | null = null;
  private idle: NodeJS.Timeout | null = null;

  constructor(
    private readonly ledger: Ledger,
    /** Lets the loaded scripts see flows that were read. */
    private readonly seen: (ids: readonly FlowId[]) => Promise<void>,
  ) {}

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
    if (this.idle) clearTimeout(this.idle);
    void this.worker?.terminate();
  }

  private queue(job: Job): void {
    this.waiting.push(job);
    if (!this.job) this.begin();
  }

  private begin(): void {
    this.job = this.waiting.shift() ?? null;
    this.at = 0;
    if (this.idle) clearTimeout(this.idle);
    this.idle = null;
    if (this.job) this.tell(this.job.command);
    else this.idle = setTimeout(() => this.retire(), IDLE);
  }

  private retire(): void {
    void this.worker?.terminate();
    this.worker = null;
  }

  private tell(command: FileCommand): void {
    this.worker ??= this.hire();
    this.worker.postMessage(command);
  }

  private hire(): Worker {
    const worker = new Worker(new URL('../store/worker.js', import.meta.url));
    worker.on('message', (event: FileEvent) => this.hear(event));
    worker.on('error', (error) => {
      this.worker = null;
      this.fail(error.message);
    });
    return worker;
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
          this.tell({ type: 'more' }),
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
    this.tell({ type: 'flows', flows, isLast: this.at >= ids.length });
  }
}
