import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { FlowId } from '../../src/flow/flow.js';
import { type FlowRow, RowReader } from '../../src/flow/row.js';
import type { FlowState } from '../../src/journal/state.js';
import type { FileEvent, StoreEvent } from '../../src/protocol.js';
import { stateOf } from '../../src/proxy/memento.js';
import { Outside } from '../../src/store/outside.js';
import { restore } from '../../src/store/restoring.js';
import { RowFeed } from '../../src/store/rowfeed.js';
import { Session } from '../../src/store/session.js';
import { copyFolder } from './journal.js';
import { openLedger, type TestLedger } from './ledger.js';
import { temporaryFolder } from './proxy.js';

/** What a later session has of one that broke off. */
export interface Restored {
  /** The ledger of the later session. */
  readonly test: TestLedger;
  /** What the store's thread reads flows by. */
  readonly session: Session;
  /** Rows by their flows: those that the store's thread tells, and those of flows that broke off. */
  readonly rows: ReadonlyMap<number, FlowRow>;
  /** As the later session has it; names of files are relative to its folder. */
  state(id: number): FlowState | null;
  readonly count: number;
  readonly damage: string | null;
}

/** A copy of a session's folder as it is at this moment: what is left when its process is killed. */
export function killed(t: TestContext, folder: string): string {
  const left = path.join(temporaryFolder(t), 'left');
  copyFolder(folder, left);
  return left;
}

/** Takes a session into a new one, as the proxy and the store's thread do it together. */
export async function restored(t: TestContext, left: string): Promise<Restored> {
  const test = openLedger(t, { firstId: 1_000_000, firstSegment: 1000 });
  const { ledger } = test;
  const folder = path.join(test.folder, 'earlier-one');
  fs.renameSync(left, folder);
  const feed = new RowFeed();
  const rows = listen(feed);
  const session = new Session();
  const done = await restore(folder, { session, outside: new Outside(), feed, say: (event) => obey(event, test) });
  if (done.type !== 'loaded') throw new Error(done.type);
  await feed.told();
  for (const id of ledger.ids()) {
    const record = ledger.get(id);
    if (record && !rows.has(id)) rows.set(id, record.row());
  }
  for (const news of ledger.shelf.news()) if (news.type === 'places') session.places.take(news.number, news.block);
  const state = (id: number): FlowState | null => {
    const record = ledger.get(id as FlowId);
    return record ? structuredClone(stateOf(record, test.folder)) : null;
  };
  return { test, session, rows, state, count: done.count, damage: done.damage };
}

function obey(event: FileEvent, { ledger }: TestLedger): void {
  if (event.type === 'segments') ledger.shelf.takeIn(event.segments);
  if (event.type === 'restored')
    for (const [index, id] of event.ids.entries()) ledger.shelf.place(id as FlowId, event.places[index] ?? 0);
  if (event.type === 'broken-off') for (const state of event.states) ledger.bring(structuredClone(state));
}

/** The rows that a feed tells, by their flows. */
function listen(feed: RowFeed): Map<number, FlowRow> {
  const reader = new RowReader();
  const all = new Map<number, FlowRow>();
  const say = (event: StoreEvent): void => {
    if (event.type !== 'rows-changed') return;
    reader.learn(event.rows);
    for (const row of reader.rows(event.rows)) all.set(row.id, row);
    setImmediate(() => feed.returnCredit());
  };
  feed.connect({ say, hear: () => {}, close: () => {} });
  return all;
}
