import type { MessagePort, TransferListItem, Worker } from 'node:worker_threads';

/** Sends messages to another thread together, at the end of this turn of the loop: waking it for each costs more. */
export class Batch<T> {
  private waiting: T[] = [];
  private handed: TransferListItem[] = [];

  constructor(private readonly to: Pick<Worker | MessagePort, 'postMessage'>) {}

  /** Memory that is handed over is gone on this side. */
  say(message: T, handed: readonly TransferListItem[] = []): void {
    for (const one of handed) this.handed.push(one);
    if (this.waiting.push(message) === 1) setImmediate(() => this.flush());
  }

  /** Sends what waits now. */
  flush(): void {
    const { waiting, handed } = this;
    if (waiting.length === 0) return;
    this.waiting = [];
    this.handed = [];
    this.to.postMessage(waiting, handed);
  }
}
