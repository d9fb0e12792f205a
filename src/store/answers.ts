import type { Port, StoreEvent, StoreQuery } from '../protocol.js';
import type { RowFeed } from './rowfeed.js';

/** What of the thread the interface reaches by itself. */
export interface Asked {
  readonly feed: RowFeed;
  stopLoading(): void;
}

/** Answers what the interface asks. */
export function answer(port: Port<StoreQuery, StoreEvent>, { feed, stopLoading }: Asked): void {
  feed.connect(port);
  port.hear((query) => {
    switch (query.type) {
      case 'return-credit':
        return feed.returnCredit();
      case 'stop-loading':
        return stopLoading();
    }
  });
}
