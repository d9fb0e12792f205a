import type { Port, StoreEvent, StoreQuery } from '../protocol.js';
import { Deadline } from './deadline.js';
import type { FlowReader } from './flowreader.js';
import { Search } from './search.js';

/** Answers what the interface asks. */
export function answer(port: Port<StoreQuery, StoreEvent>, reader: FlowReader): void {
  const deadline = new Deadline();
  let search: Search | null = null;
  port.hear((query) => {
    switch (query.type) {
      case 'return-credit':
        return;
      case 'search':
        search?.stop();
        search = new Search(reader, deadline, query, (event) => port.say(event));
        void search.run();
        return;
      case 'stop-search':
        if (search?.query.number === query.number) search.stop();
        return;
    }
  });
}
