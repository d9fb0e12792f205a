import type { Port, StoreEvent, StoreQuery } from '../protocol.js';
import { Deadline } from './deadline.js';
import type { DeepJudge } from './deepjudge.js';
import type { FlowReader } from './flowreader.js';
import { ReaderJudge } from './judging.js';
import { Lists } from './lists.js';
import type { RowFeed } from './rowfeed.js';
import { Search } from './search.js';

/** What of the thread the interface reaches by itself. */
export interface Asked {
  readonly reader: FlowReader;
  readonly feed: RowFeed;
  stopLoading(): void;
}

/** Answers what the interface asks. */
export function answer(port: Port<StoreQuery, StoreEvent>, { reader, feed, stopLoading }: Asked): void {
  const deadline = new Deadline();
  const judge = new ReaderJudge(reader, deadline);
  const lists = new Lists(port.say, judge, deadline);
  let search: Search | null = null;
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
      case 'judge-flows':
        void judgeFlows(query, judge, port);
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

type JudgeQuery = Extract<StoreQuery, { type: 'judge-flows' }>;

async function judgeFlows(
  { number, ids, filter }: JudgeQuery,
  judge: DeepJudge,
  port: Port<StoreQuery, StoreEvent>,
): Promise<void> {
  let reason: string | null = null;
  try {
    for await (const judged of judge.judge(ids, filter, new AbortController().signal))
      port.say({ type: 'flows-judged', number, judged });
  } catch (error) {
    reason = (error as Error).message;
  }
  port.say({ type: 'judging-ended', number, reason });
}
