import type { MessagePort } from 'node:worker_threads';
import { type Port, portOver, type StoreEvent, type StoreQuery } from '../protocol.js';

/** The channel to the store's thread, which is asked for with the first question. */
export class Store {
  private port: Port<StoreEvent, StoreQuery> | null = null;
  private isWanted = false;
  private readonly unasked: StoreQuery[] = [];

  constructor(
    private readonly open: () => void,
    private readonly hear: (event: StoreEvent) => void,
  ) {}

  opened(port: MessagePort): void {
    this.port = portOver<StoreEvent, StoreQuery>(port);
    this.port.hear(this.hear);
    for (const query of this.unasked.splice(0)) this.port.say(query);
  }

  ask(query: StoreQuery): void {
    if (this.port) return this.port.say(query);
    this.unasked.push(query);
    if (!this.isWanted) this.open();
    this.isWanted = true;
  }

  close(): void {
    this.port?.close();
  }
}
