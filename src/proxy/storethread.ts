import { MessageChannel, Worker } from 'node:worker_threads';
import type { FileCommand, FileEvent, ProxyEvent } from '../protocol.js';

/** The thread that reads and writes files of flows, and looks through many of them. It runs from its first use on. */
export class StoreThread {
  private worker: Worker | null = null;

  constructor(
    private readonly say: (event: Extract<ProxyEvent, { type: 'store-opened' }>, port: MessageChannel['port1']) => void,
    private readonly hear: (event: FileEvent) => void,
  ) {}

  /** Sees to it that it runs; the interface is given its end of the channel to it. */
  open(): Worker {
    return this.worker ?? this.hire();
  }

  get isOpen(): boolean {
    return this.worker !== null;
  }

  tell(command: FileCommand): void {
    this.open().postMessage(command);
  }

  stop(): void {
    void this.worker?.terminate();
  }

  private hire(): Worker {
    const worker = new Worker(new URL('../store/worker.js', import.meta.url));
    worker.on('message', (event: FileEvent) => this.hear(event));
    worker.on('error', (error) => {
      this.worker = null;
      this.hear({ type: 'crashed', reason: error.message });
    });
    const { port1, port2 } = new MessageChannel();
    const connect: FileCommand = { type: 'connect', port: port1 };
    worker.postMessage(connect, [port1]);
    this.worker = worker;
    this.say({ type: 'store-opened', port: port2 }, port2);
    return worker;
  }
}
