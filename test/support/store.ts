import type { TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { portOver, type StoreEvent, type StoreQuery } from '../../src/protocol.js';
import { answer } from '../../src/store/answers.js';
import type { FlowReader } from '../../src/store/flowreader.js';
import { RowFeed } from '../../src/store/rowfeed.js';
import type { App } from './app.js';

/** Lets the interface ask a store of our own, in this thread, which reads those flows. */
export function giveStore(t: TestContext, app: App, reader: FlowReader): void {
  const { port1, port2 } = new MessageChannel();
  const port = portOver<StoreQuery, StoreEvent>(port1);
  answer(port, { reader, feed: new RowFeed(), stopLoading: () => {} });
  app.console.program.hear({ type: 'store-opened', port: port2 });
  t.after(() => port.close());
}
