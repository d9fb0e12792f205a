import fs from 'node:fs';
import path from 'node:path';
import { parseTree } from '../flow/filter.js';
import type { FilterTree } from '../flow/filtertree.js';
import type { FlowId } from '../flow/flow.js';
import { type FlowRow, type RowBatch, RowReader } from '../flow/row.js';
import { isMistake, type Mistake, type OptionName, type Options } from '../options.js';
import { failureText, type Port, type ProxyEvent, portOver, type StoreEvent, type StoreQuery } from '../protocol.js';
import type { Given } from './arguments.js';
import { configurationFolder } from './confdir.js';
import { flowJson, flowLines, type ReadFlow } from './flowtext.js';
import { type StartedProxy, startProxy, stopped } from './proxythread.js';
import { openSession, removeSession } from './sessionfolder.js';
import { Sieve } from './sieve.js';

/** A flow is over once it has a duration: it failed, or its last byte has come. */
function isOver(row: FlowRow): boolean {
  return row.duration >= 0;
}

function isHar(file: string): boolean {
  return /\.z?har$/.test(file);
}

interface DumpFilters {
  /** Which flows it is about; null for all. */
  readonly filter: FilterTree | null;
  /** Which of them it waits for. */
  readonly until: FilterTree | null;
}

/** The engine without a screen: prints flows as they finish (`sluice dump`). */
class Dump {
  private readonly reader = new RowReader();
  private readonly seen = new Set<FlowId>();
  /** Those of them that the filter matches. */
  private readonly kept: FlowId[] = [];
  private readonly reads: FlowId[] = [];
  private readonly sieves: readonly Sieve[];
  private readonly wanted: Sieve | null;
  private readonly awaited: Sieve | null;
  private isDamaged = false;
  private matched = 0;
  private files: number;
  /** Flows of files, and all flows that rows have told of. */
  private loaded = 0;
  private readonly told = new Set<FlowId>();
  private code: number | null = null;
  private hasSaved = false;
  private isSaving = false;
  private printing: Promise<void> = Promise.resolve();
  private readonly ended: Promise<number>;
  private end: (code: number) => void = () => {};

  constructor(
    private readonly proxy: StartedProxy,
    private readonly options: Options,
    filters: DumpFilters,
    private readonly print: (line: string) => void,
    private readonly complain: (text: string) => void,
  ) {
    this.files = options.rfile.length;
    const { filter, until } = filters;
    this.wanted = filter && new Sieve(0, filter, (id, matches) => this.sifted(id, matches));
    this.awaited = until && new Sieve(1, until, (_, matches) => this.counted(matches));
    this.sieves = [this.wanted, this.awaited].flatMap((sieve) => sieve ?? []);
    if (this.sieves.length > 0) proxy.port.say({ type: 'open-store' });
    this.ended = new Promise((done) => {
      this.end = done;
    });
    for (const event of proxy.early) this.hear(event);
    proxy.port.hear((event) => this.hear(event));
    if (options.timeout !== null)
      setTimeout(() => this.finish(options.until === null ? 0 : 1), options.timeout * 1000).unref();
  }

  /** Resolves with the code to exit with. */
  async over(): Promise<number> {
    const code = await this.ended;
    await this.printing;
    return code;
  }

  finish(code: number): void {
    this.code ??= code;
    if (this.reads.length > 0) return;
    if (this.isDamaged && this.code === 0) this.code = 1;
    if (this.unsaved) this.save(this.unsaved);
    else if (!this.isSaving) this.end(this.code);
  }

  /** What files said, and HAR as a whole, is written at the end; the rest as it comes. */
  private get unsaved(): string | null {
    const { save_stream_file: file, server } = this.options;
    return !this.hasSaved && file !== null && (!server || isHar(file)) ? file : null;
  }

  private save(file: string): void {
    this.hasSaved = true;
    this.isSaving = true;
    const flows = this.kept.map((id) => ({ id, revision: 0 }));
    this.proxy.port.say({ type: 'save-flows', flows, path: file, format: isHar(file) ? 'har' : 'mitm' });
  }

  private hear(event: ProxyEvent): void {
    switch (event.type) {
      case 'rows-changed':
        this.rows(this.reader, event.rows);
        return this.proxy.port.say({ type: 'return-credit' });
      case 'store-opened':
        return this.opened(portOver<StoreEvent, StoreQuery>(event.port));
      case 'flow-read':
        return this.read(event);
      case 'flows-loaded':
        if (event.damage !== null) {
          this.complain(event.damage);
          this.isDamaged = true;
        }
        this.files -= 1;
        this.loaded += event.count;
        return this.looked();
      case 'flows-saved':
        for (const warning of event.warnings) this.complain(warning);
        return this.saved();
      case 'refused':
        this.complain(event.reason);
        if (event.command === 'load-flows') this.files -= 1;
        if (event.command === 'load-flows' || event.command === 'save-flows') this.code = 1;
        return event.command === 'save-flows' ? this.saved() : this.looked();
      case 'script-failed':
        return this.complain(failureText(event.failure, event.path));
      case 'logged':
        if (event.entry.level === 'error' || event.entry.level === 'alert') this.complain(event.entry.text);
        return;
      default:
        return;
    }
  }

  /** Flows of files stay with the store's thread, which tells of them itself. */
  private opened(port: Port<StoreEvent, StoreQuery>): void {
    const reader = new RowReader();
    port.hear((event) => {
      if (event.type === 'judging-ended' && event.reason !== null) {
        this.complain(event.reason);
        this.isDamaged = true;
      }
      if (event.type === 'flows-judged' || event.type === 'judging-ended') {
        for (const sieve of this.sieves) sieve.hear(event);
        this.looked();
      } else if (event.type === 'rows-changed') {
        this.rows(reader, event.rows);
        port.say({ type: 'return-credit' });
      }
    });
    for (const sieve of this.sieves) sieve.connect(port);
  }

  private rows(reader: RowReader, rows: RowBatch): void {
    reader.learn(rows);
    for (const row of reader.rows(rows)) this.changed(row);
    this.looked();
  }

  private changed(row: FlowRow): void {
    this.told.add(row.id);
    if (!isOver(row) || this.seen.has(row.id) || this.code !== null) return;
    this.seen.add(row.id);
    if (this.wanted) this.wanted.add(row.id);
    else this.sifted(row.id, true);
  }

  private sifted(id: FlowId, matches: boolean): void {
    if (!matches || this.code !== null) return;
    const { flow_detail: detail, json } = this.options;
    this.kept.push(id);
    this.awaited?.add(id);
    if (detail === 0 && !json) return;
    this.reads.push(id);
    this.proxy.port.say({ type: 'read-flow', id });
  }

  private saved(): void {
    this.isSaving = false;
    this.looked();
  }

  /** Files that were read and shown to the end end it, where there is no proxy. */
  private looked(): void {
    const isRead = this.files <= 0 && this.told.size >= this.loaded;
    const isSifted = this.sieves.every((sieve) => sieve.isIdle);
    const isDone = !this.options.server && isRead && isSifted && this.reads.length === 0;
    if (isDone) this.finish(this.options.until === null ? 0 : 1);
    else if (this.code !== null) this.finish(this.code);
  }

  private read(flow: Extract<ProxyEvent, { type: 'flow-read' }>): void {
    const at = this.reads.indexOf(flow.flow.id);
    if (at >= 0) this.reads.splice(at, 1);
    this.printing = this.printing.then(() => this.show(flow));
    this.looked();
  }

  private async show(read: ReadFlow): Promise<void> {
    const { flow_detail: detail, json } = this.options;
    if (json) this.print(flowJson(read.flow));
    else if (detail > 0) for (const line of await flowLines(read, detail)) this.print(line);
  }

  private counted(matches: boolean): void {
    if (matches) this.matched += 1;
    if (this.matched >= this.options.count) this.finish(0);
  }
}

function readFilter(name: OptionName, text: string | null): FilterTree | Mistake | null {
  if (text === null || text === '') return null;
  const tree = parseTree(text);
  return 'mistake' in tree ? { mistake: `${name}: ${tree.mistake}` } : tree;
}

/** Why nothing can be written there, or null. */
function placeFault(file: string | null): string | null {
  const folder = file === null ? '.' : path.dirname(file.replace(/^\+/, ''));
  return fs.existsSync(folder) ? null : `${file} cannot be written: there is no folder ${folder}`;
}

/** Runs until a signal, its files or --until end it; resolves with the exit code. */
export async function runDump(
  options: Options,
  given: Given,
  print: (line: string) => void,
  fail: (text: string) => number,
): Promise<number> {
  const [filter, until] = [readFilter('view_filter', options.view_filter), readFilter('until', options.until)];
  if (filter && isMistake(filter)) return fail(filter.mistake);
  if (until && isMistake(until)) return fail(until.mistake);
  const fault = placeFault(options.save_stream_file);
  if (fault !== null) return fail(fault);
  const crashed = (error: Error): void => {
    fail(`this should not have happened.\n${error.stack ?? error.message}`);
    process.exit(1);
  };
  const confdir = configurationFolder(options);
  const session = openSession(confdir, 'temporary', null);
  if (isMistake(session)) return fail(session.mistake);
  process.on('exit', () => removeSession(session.place.folder));
  const proxy = await startProxy(options, confdir, session.place, null, given, crashed);
  if (isMistake(proxy)) return fail(proxy.mistake);
  const dump = new Dump(proxy, options, { filter, until }, print, fail);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.on(signal, () => dump.finish(code));
  process.stdout.on('error', () => dump.finish(0)); // whoever read it has had enough
  const code = await dump.over();
  await stopped(proxy.port, proxy.worker);
  await proxy.worker.terminate();
  return code;
}
