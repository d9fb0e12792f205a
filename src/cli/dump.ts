import type { FlowId } from '../flow/flow.js';
import { parseFilter } from '../flow/flowfilter.js';
import { type FlowRow, RowReader } from '../flow/row.js';
import { isMistake, type Options } from '../options.js';
import { failureText, type ProxyEvent } from '../protocol.js';
import type { Given } from './arguments.js';
import { configurationFolder } from './confdir.js';
import { flowJson, flowLines, type ReadFlow } from './flowtext.js';
import { removeSpool, type StartedProxy, startProxy, stopped } from './proxythread.js';

/** A flow is over once it has a duration: it failed, or its last byte has come. */
function isOver(row: FlowRow): boolean {
  return row.duration >= 0;
}

function isHar(path: string): boolean {
  return /\.z?har$/.test(path);
}

/** The engine without a screen: prints flows as they finish (`sluice dump`). */
class Dump {
  private readonly reader = new RowReader();
  private readonly seen = new Set<FlowId>();
  private readonly reads: FlowId[] = [];
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
    private readonly print: (line: string) => void,
    private readonly complain: (text: string) => void,
  ) {
    this.files = options.rfile.length;
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
    if (this.unsaved) this.save(this.unsaved);
    else if (!this.isSaving) this.end(this.code);
  }

  /** What files said, and HAR as a whole, is written at the end; the rest as it comes. */
  private get unsaved(): string | null {
    const { save_stream_file: file, server } = this.options;
    return !this.hasSaved && file !== null && (!server || isHar(file)) ? file : null;
  }

  private save(path: string): void {
    this.hasSaved = true;
    this.isSaving = true;
    const flows = [...this.seen].map((id) => ({ id, revision: 0 }));
    this.proxy.port.say({ type: 'save-flows', flows, path, format: isHar(path) ? 'har' : 'mitm' });
  }

  private hear(event: ProxyEvent): void {
    switch (event.type) {
      case 'rows-changed':
        this.reader.learn(event.rows);
        for (const row of this.reader.rows(event.rows)) this.changed(row);
        this.proxy.port.say({ type: 'return-credit' });
        return this.looked();
      case 'flow-read':
        return this.read(event);
      case 'flows-loaded':
        if (event.damage !== null) this.complain(event.damage);
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

  private changed(row: FlowRow): void {
    this.told.add(row.id);
    if (!isOver(row) || row.hidden || this.seen.has(row.id) || this.code !== null) return;
    this.seen.add(row.id);
    const { flow_detail: detail, json, until } = this.options;
    if (detail === 0 && !json && until === null) return;
    this.reads.push(row.id);
    this.proxy.port.say({ type: 'read-flow', id: row.id });
  }

  private saved(): void {
    this.isSaving = false;
    this.looked();
  }

  /** Files that were read and shown to the end end it, where there is no proxy. */
  private looked(): void {
    const isRead = this.files <= 0 && this.told.size >= this.loaded;
    const isDone = !this.options.server && isRead && this.reads.length === 0;
    if (isDone) this.finish(this.options.until === null ? 0 : 1);
    else if (this.code !== null) this.finish(this.code);
  }

  private read(flow: Extract<ProxyEvent, { type: 'flow-read' }>): void {
    const at = this.reads.indexOf(flow.flow.id);
    if (at >= 0) this.reads.splice(at, 1);
    this.printing = this.printing.then(() => this.show(flow));
    this.wait(flow);
    this.looked();
  }

  private async show(read: ReadFlow): Promise<void> {
    const { flow_detail: detail, json } = this.options;
    if (json) this.print(flowJson(read.flow));
    else if (detail > 0) for (const line of await flowLines(read, detail)) this.print(line);
  }

  private wait({ flow }: ReadFlow): void {
    const { until, count } = this.options;
    const filter = until === null ? null : parseFilter(until);
    if (typeof filter !== 'function' || !filter(flow)) return;
    this.matched += 1;
    if (this.matched >= count) this.finish(0);
  }
}

/** Runs until a signal, its files or --until end it; resolves with the exit code. */
export async function runDump(
  options: Options,
  given: Given,
  print: (line: string) => void,
  fail: (text: string) => number,
): Promise<number> {
  const until = options.until === null ? null : parseFilter(options.until);
  if (until !== null && typeof until !== 'function') return fail(`until: ${until.mistake}`);
  const crashed = (error: Error): void => {
    fail(`this should not have happened.\n${error.stack ?? error.message}`);
    process.exit(1);
  };
  const proxy = await startProxy(options, configurationFolder(options), null, given, crashed);
  if (isMistake(proxy)) return fail(proxy.mistake);
  process.on('exit', () => removeSpool(proxy.spool));
  const dump = new Dump(proxy, options, print, fail);
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
