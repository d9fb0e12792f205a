import { Deadline } from '../flow/deadline.js';
import type { Port, StoreEvent, StoreQuery } from '../protocol.js';
import { RelayedJudge } from './deepjudge.js';
import { Lists } from './lists.js';
import type { RowFeed } from './rowfeed.js';

/** What of the thread the interface reaches by itself. */
export interface Asked {
  readonly feed: RowFeed;
  stopLoading(): void;
}

/** Answers what the interface asks. */
export function answer(port: Port<StoreQuery, StoreEvent>, { feed, stopLoading }: Asked): void {
  const judge = new RelayedJudge(port.say);
  const lists = new Lists(port.say, judge, new Deadline());
  feed.connect(port);
  port.hear((query) => {
    switch (query.type) {
      case 'return-credit':
        return feed.returnCredit();
      case 'stop-loading':
        return stopLoading();
      case 'make-list':
        return lists.make(query);
      case 'touch-rows':
        return lists.touch(query);
      case 'stop-list':
        return lists.stop(query.all);
      case 'take-verdicts':
        return judge.take(query);
    }
  });
}
