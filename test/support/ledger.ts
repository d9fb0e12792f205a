import path from 'node:path';
import type { TestContext } from 'node:test';
import { Feed } from '../../src/proxy/feed.js';
import { Ledger } from '../../src/proxy/ledger.js';
import type { Record } from '../../src/proxy/shelf.js';
import { Spool } from '../../src/proxy/spool.js';
import { temporaryFolder } from './proxy.js';

/** A ledger without a proxy, and the folder of its session. */
export interface TestLedger {
  readonly ledger: Ledger;
  readonly folder: string;
  /** Resolves when all that is over is on the disk. */
  flushed(): Promise<void>;
  stop(): Promise<void>;
}

export interface LedgerSettings {
  readonly keeps?: boolean;
  readonly firstId?: number;
  readonly firstSegment?: number;
  readonly folder?: string;
}

export function openLedger(t: TestContext, settings: LedgerSettings = {}): TestLedger {
  const { keeps = true, firstId = 1, firstSegment = 1, folder = path.join(temporaryFolder(t), 'session') } = settings;
  const feed = new Feed<Record>(() => {});
  const spool = new Spool(folder);
  spool.ready();
  const ledger = new Ledger(
    feed,
    spool,
    () => true,
    () => {},
    { folder, first: firstSegment, keeps, troubled: () => {} },
    firstId,
  );
  const stop = (): Promise<void> => {
    feed.stop();
    return new Promise((done) => ledger.shelf.stop(done));
  };
  t.after(stop);
  return { ledger, folder, flushed: () => new Promise((done) => ledger.shelf.flush(done)), stop };
}
