import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { makeAuthority, type Pair } from '../../src/certs/authority.js';
import { CA_FILE, saveAuthority } from '../../src/certs/store.js';
import type { BodyData } from '../../src/flow/extent.js';
import type { Flow, FlowId } from '../../src/flow/flow.js';
import { type FlowRow, RowReader } from '../../src/flow/row.js';
import { defaultOptions, type Options } from '../../src/options.js';
import {
  type Port,
  type ProxyCommand,
  type ProxyEvent,
  portOver,
  type SessionPlace,
  type StoreEvent,
  type StoreQuery,
} from '../../src/protocol.js';
import { DEADLINE } from './deadline.js';
import { removeFolder } from './folder.js';

const POLL = 20;

export interface Read {
  readonly flow: Flow;
  readonly request: BodyData | null;
  readonly response: BodyData | null;
}

/** A running proxy worker as the interface knows it: rows by id, and what else it said. */
export class RunningProxy {
  readonly rows = new Map<FlowId, FlowRow>();
  private readonly reader = new RowReader();
  readonly events: ProxyEvent[] = [];
  port = 0;
  /** The channel to the store's thread, once it runs. */
  store: Port<StoreEvent, StoreQuery> | null = null;
  private readonly waiting = new Set<() => void>();
  private crash: Error | null = null;

  constructor(
    readonly confdir: string,
    readonly spool: string,
    readonly channel: Port<ProxyEvent, ProxyCommand>,
  ) {
    channel.hear((event) => this.hear(event));
  }

  get proxyUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get caFile(): string {
    return path.join(this.confdir, 'ca-cert.pem');
  }

  say(command: ProxyCommand): void {
    this.channel.say(command);
  }

  list(): FlowRow[] {
    return [...this.rows.values()].sort((a, b) => a.id - b.id);
  }

  /** Its thread is gone: what is waited for fails, and so does the end of the test. */
  crashed(error: Error): void {
    this.crash = new Error(`the proxy crashed: ${error.stack}`);
    for (const look of [...this.waiting]) look();
  }

  /** Throws where the proxy has crashed. */
  assertAlive(): void {
    if (this.crash) throw this.crash;
  }

  /** Waits until `probe` gives something, looking again at every event. */
  until<T>(probe: () => T | undefined | null | false, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = probe();
        if (!found && !this.crash) return;
        stop();
        if (found) resolve(found);
        else reject(this.crash);
      };
      const poll = setInterval(() => look(), POLL); // what is awaited may be no event of the proxy
      const stop = (): void => {
        clearTimeout(timer);
        clearInterval(poll);
        this.waiting.delete(look);
      };
      const timer = setTimeout(() => {
        stop();
        reject(
          new Error(
            `never came: ${what}\nrows: ${JSON.stringify(this.list(), null, 1)}\nevents: ${JSON.stringify(this.events.slice(-5))}`,
          ),
        );
      }, DEADLINE);
      this.waiting.add(look);
      look();
    });
  }

  row(test: (row: FlowRow) => boolean, what = test.toString()): Promise<FlowRow> {
    return this.until(() => this.list().find(test), what);
  }

  event<T extends ProxyEvent['type']>(type: T, after = 0): Promise<Extract<ProxyEvent, { type: T }>> {
    return this.until(
      () => this.events.slice(after).find((event): event is Extract<ProxyEvent, { type: T }> => event.type === type),
      type,
    );
  }

  /** Loads a file, and waits for its rows, which come by another channel; how many flows there are. */
  async load(file: string): Promise<number> {
    const [after, before] = [this.events.length, this.rows.size];
    this.say({ type: 'load-flows', path: file });
    const { count } = await this.event('flows-loaded', after);
    await this.until(() => this.rows.size >= before + count, `the rows of ${file}`);
    return count;
  }

  async read(id: FlowId): Promise<Read> {
    const after = this.events.length;
    this.say({ type: 'read-flow', id });
    return this.event('flow-read', after);
  }

  private hear(event: ProxyEvent): void {
    if (event.type === 'rows-changed') {
      this.take(this.reader, event);
      this.channel.say({ type: 'return-credit' });
    } else if (event.type === 'store-opened') this.listen(portOver<StoreEvent, StoreQuery>(event.port));
    else this.events.push(event);
    for (const look of [...this.waiting]) look();
  }

  private listen(store: Port<StoreEvent, StoreQuery>): void {
    const reader = new RowReader();
    this.store = store;
    store.hear((event) => {
      if (event.type !== 'rows-changed') return;
      this.take(reader, event);
      store.say({ type: 'return-credit' });
      for (const look of [...this.waiting]) look();
    });
  }

  private take(reader: RowReader, { rows, removed }: Extract<StoreEvent, { type: 'rows-changed' }>): void {
    reader.learn(rows);
    for (const row of reader.rows(rows)) this.rows.set(row.id, row);
    for (const id of removed) this.rows.delete(id);
  }
}

/** A folder that is removed when the test is over and `ended` has been waited for: nobody may write into it any more. */
export function temporaryFolder(t: TestContext, ended: () => Promise<unknown> = async () => null): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-test-'));
  t.after(async () => {
    try {
      await ended();
    } finally {
      removeFolder(folder);
    }
  });
  return folder;
}

let authority: Promise<Pair> | null = null;

/** Gives a configuration folder the one CA of this test process, so that only the first test waits for a key. */
export async function shareAuthority(confdir: string): Promise<void> {
  authority ??= makeAuthority();
  saveAuthority(confdir, await authority);
}

/** A configuration folder that is there already, and the folder of a session in it. */
export interface ProxyPlace {
  readonly confdir: string;
  readonly session: SessionPlace;
}

/** A folder for everything, in which `ca` is the CA's file. It goes when that has ended. */
function freshPlace(t: TestContext, ca: string | null, ended: () => Promise<void>): ProxyPlace {
  const folder = temporaryFolder(t, ended);
  const confdir = path.join(folder, 'conf');
  if (ca !== null) {
    fs.mkdirSync(confdir);
    fs.writeFileSync(path.join(confdir, CA_FILE), ca, { mode: 0o600 });
  }
  const spool = path.join(folder, 'session');
  fs.mkdirSync(spool, { mode: 0o700 });
  return { confdir, session: { folder: spool, keeps: true, firstId: 1, firstSegment: 1, after: null } };
}

/** Starts the real worker on a free port with a configuration folder of its own, in which `ca` is the CA's file. */
export async function startProxy(
  t: TestContext,
  options: Partial<Options> = {},
  ca: string | null = null,
  place: ProxyPlace | null = null,
): Promise<RunningProxy> {
  let end = async (): Promise<void> => {};
  const { confdir, session } = place ?? freshPlace(t, ca, () => end());
  if (place) t.after(() => end());
  await shareAuthority(confdir);
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('../../src/proxy/worker.js', import.meta.url), {
    workerData: {
      options: { ...defaultOptions(), listen_port: 0, ...options },
      confdir,
      session: { ...session, keeps: options.journal ?? session.keeps },
      port: port2,
      scriptText: null,
      given: {},
    },
    transferList: [port2],
  });
  const proxy = new RunningProxy(confdir, session.folder, portOver(port1));
  worker.once('error', (error) => proxy.crashed(error));
  end = async () => {
    proxy.say({ type: 'stop' });
    await worker.terminate();
    proxy.store?.close();
    proxy.channel.close();
    proxy.assertAlive();
  };
  proxy.port = (await proxy.event('listening')).places[0]?.port ?? 0;
  return proxy;
}
