import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FlowId } from '../flow/flow.js';
import type { LogLevel } from '../protocol.js';
import { Batch } from './batch.js';
import type { Call, Configuration, HostCommand, HostEvent, HostSettings, Outcome, Request, Thrown } from './image.js';

/** What a call came to. `lost` says why there is no answer: the thread is gone or was stopped. */
export interface Settled {
  readonly outcome: Outcome | null;
  readonly thrown: Thrown | null;
  readonly warnings: readonly Thrown[];
  readonly lost: string | null;
  /** It is lost before it was begun: it may be asked for again. */
  readonly isUnbegun: boolean;
}

export type Loaded = Extract<HostEvent, { type: 'loaded' }>;

/** What a thread tells beside its answers. */
export interface ThreadListener {
  /** The script has been read, or could not be; `start` may say it once more with other hooks. */
  loaded(loaded: Loaded): void;
  asked(request: Request): void;
  log(level: LogLevel, text: string, isEcho?: boolean): void;
  /** The thread ended by itself, or was stopped because it did not answer. */
  died(why: string): void;
}

export interface ThreadLimits {
  /** Seconds a thread may be busy without a word. */
  readonly silence: number;
  /** Seconds a hook may await something. */
  readonly wait: number;
}

const HEAP = 512;

interface Waiting {
  readonly done: (settled: Settled) => void;
  /** The flow whose hook it is, or null. */
  readonly flow: FlowId | null;
  since: number;
  isAwaiting: boolean;
  /** The hook waits for somebody to let its flow go: that may take as long as it likes (AD-05). */
  isHolding: boolean;
}

/** One script's thread. Every call is answered, by the thread or by its death. */
export class ScriptThread {
  private readonly worker: Worker;
  private readonly port: Batch<HostCommand>;
  private readonly begun = new Int32Array(new SharedArrayBuffer(4));
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private readonly idlers: (() => void)[] = [];
  private heardAt = performance.now();
  private watch: NodeJS.Timeout | null = null;
  private death: string | null = null;
  private isLoading = true;

  constructor(
    readonly script: string,
    source: string | null,
    options: Configuration,
    private readonly limits: ThreadLimits,
    private readonly listener: ThreadListener,
  ) {
    const bundle = path.join(os.tmpdir(), `sluice-${randomUUID()}.mjs`);
    const settings: HostSettings = { begun: this.begun, path: script, source, bundle, options };
    this.worker = new Worker(new URL('../script/host.js', import.meta.url), {
      workerData: settings,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
    });
    for (const stream of [this.worker.stdout, this.worker.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => listener.log('info', text.trimEnd()));
    }
    this.port = new Batch(this.worker);
    this.worker.on('message', (events: readonly HostEvent[]) => {
      for (const event of events) this.hear(event);
    });
    this.worker.on('error', (error: NodeJS.ErrnoException) =>
      this.die(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `it used more than ${HEAP} MB` : error.message),
    );
    this.worker.on('exit', () => {
      this.die('it ended the thread by itself');
      fs.rmSync(bundle, { force: true });
    });
    this.startWatch();
  }

  get isDead(): boolean {
    return this.death !== null;
  }

  call(what: Call, done: (settled: Settled) => void): void {
    if (this.death !== null) return done(lost(this.death));
    this.calls += 1;
    if (this.waiting.size === 0) this.heardAt = performance.now();
    const flow = what.type === 'flow' || what.type === 'talk' ? what.flow.id : null;
    this.waiting.set(this.calls, { done, flow, since: performance.now(), isAwaiting: false, isHolding: false });
    const handed = what.type === 'look' ? [what.bytes.buffer as ArrayBuffer] : [];
    this.port.say({ type: 'call', call: this.calls, what }, handed);
    this.startWatch();
  }

  /** Resolves once nothing is owed any more; the time limits see to that. */
  idle(): Promise<void> {
    if (this.waiting.size === 0) return Promise.resolve();
    return new Promise((done) => {
      this.idlers.push(done);
    });
  }

  private settled(): void {
    if (this.waiting.size > 0) return;
    for (const done of this.idlers.splice(0)) done();
  }

  forget(flow: FlowId): void {
    if (this.death === null) this.post({ type: 'forget', flow });
  }

  /** A flow that the script waits for has been let go. */
  released(flow: FlowId): void {
    this.holding(flow, false);
    if (this.death === null) this.post({ type: 'released', flow });
  }

  private holding(flow: FlowId, isHolding: boolean): void {
    for (const waiting of this.waiting.values())
      if (waiting.flow === flow) Object.assign(waiting, { isHolding, since: performance.now() });
  }

  /** Ends the thread; what it still owes is answered as lost. */
  stop(why = 'it was unloaded'): void {
    this.end(why);
    void this.worker.terminate();
  }

  private post(command: HostCommand): void {
    this.port.say(command);
  }

  private hear(event: HostEvent): void {
    this.heardAt = performance.now();
    if (this.death !== null) return;
    switch (event.type) {
      case 'loaded':
        this.isLoading = false;
        return this.listener.loaded(event);
      case 'settled': {
        const waiting = this.waiting.get(event.call);
        this.waiting.delete(event.call);
        const { outcome, thrown, warnings } = event;
        waiting?.done({ outcome, thrown, warnings, lost: null, isUnbegun: false });
        this.settled();
        return;
      }
      case 'awaiting': {
        const waiting = this.waiting.get(event.call);
        if (waiting) waiting.isAwaiting = true;
        return;
      }
      case 'printed':
        return this.listener.log(event.level, event.text, event.isEcho);
      case 'asked':
        if (event.what.type === 'await-resume') this.holding(event.what.flow, true);
        return this.listener.asked(event.what);
      case 'pong':
    }
  }

  /** Looks from time to time whether the thread still answers, as long as it owes something. */
  private startWatch(): void {
    this.watch ??= setInterval(() => this.look(), 100).unref();
  }

  private look(): void {
    const now = performance.now();
    if (this.waiting.size === 0 && !this.isLoading) {
      if (this.watch) clearInterval(this.watch);
      this.watch = null;
      return;
    }
    const { silence, wait } = this.limits;
    const quiet = now - this.heardAt;
    if (quiet > silence * 1000 && !this.isLoading)
      return this.kill(`it did not answer within ${silence} s and was stopped`);
    if (this.isLoading && quiet > LOADING) return this.kill('it did not finish loading and was stopped');
    for (const [call, waiting] of this.waiting) {
      if (waiting.isHolding || now - waiting.since <= wait * 1000) continue;
      this.waiting.delete(call);
      waiting.done(lost(`it awaited something for more than ${wait} s`));
      this.settled();
    }
    if (quiet > (silence * 1000) / 2) this.post({ type: 'ping' });
  }

  private kill(why: string): void {
    this.die(why);
    void this.worker.terminate();
  }

  private die(why: string): void {
    if (this.death !== null) return;
    this.end(why);
    this.listener.died(why);
  }

  private end(why: string): void {
    this.death ??= why;
    if (this.watch) clearInterval(this.watch);
    this.watch = null;
    const waiting = [...this.waiting];
    this.waiting.clear();
    const begun = Atomics.load(this.begun, 0);
    for (const [call, { done }] of waiting) done(lost(why, call > begun));
    this.settled();
  }
}

/** Milliseconds a script may take to load: bundling and its own top level. */
const LOADING = 20_000;

function lost(why: string, isUnbegun = false): Settled {
  return { outcome: null, thrown: null, warnings: [], lost: why, isUnbegun };
}
