import fs from 'node:fs';
import path from 'node:path';
import type { Options } from '../options.js';
import { failureText, type LogLevel, type ScriptFailure } from '../protocol.js';
import type { EventName } from '../script/events.js';
import type { Call, Configuration, Request } from '../script/image.js';
import { type Loaded, ScriptThread, type Settled } from '../script/thread.js';
import { Watch } from './watch.js';

/** A script as it was asked for. */
export interface ScriptSource {
  /** The name it has in the `scripts` option. */
  readonly name: string;
  readonly file: string;
  /** Its text, for one that is no file. */
  readonly text: string | null;
}

/** Whom a loaded script tells. */
export interface ScriptListener {
  /** `isEcho`: a `log` hook wrote it, so that none must hear it. */
  log(level: LogLevel, text: string, isEcho?: boolean): void;
  failed(failure: ScriptFailure, file: string): void;
  asked(request: Request, script: Script): void;
  /** The script is about to go, or to be loaded anew. */
  dropped(script: Script): void;
  /** The options, with those of scripts. */
  configuration(): Configuration;
  /** Its hooks are others than before. */
  changed(): void;
}

/** A thread may die so often within a minute before it is not started again. */
const MOST_DEATHS = 5;

/** Calls that another thread can answer as well: they bring along all that they are about. */
const AGAIN: ReadonlySet<Call['type']> = new Set(['flow', 'connection', 'command', 'columns', 'render']);

/** One loaded script: its thread, its hooks, and the files it is made of. */
export class Script {
  hooks: ReadonlySet<EventName> = new Set();
  private thread: ScriptThread | null = null;
  /** Calls that wait while a thread is being replaced; null while there is one to call. */
  private queue: (() => void)[] | null = null;
  private isRunning = false;
  private isTicking = false;
  private hasStarted = false;
  private isGone = false;
  /** Counts its threads: a new one knows nothing of what the one before was told. */
  generation = 0;
  private deaths: number[] = [];
  private readonly watch: Watch;

  constructor(
    readonly source: ScriptSource,
    private readonly options: () => Options,
    private readonly listener: ScriptListener,
  ) {
    this.watch = new Watch(() => void this.reload());
  }

  get name(): string {
    return path.basename(this.source.file);
  }

  /** Loads it and calls `start` and `configure`. Resolves when that is over, however it went. */
  async load(): Promise<void> {
    const { thread, loaded } = await this.read();
    if (loaded && !loaded.thrown) return this.take(thread, loaded);
    thread.stop();
    this.rehook([]);
  }

  private rehook(hooks: readonly EventName[]): void {
    this.hooks = new Set(hooks);
    this.listener.changed();
  }

  /** The proxy is up. */
  async run(): Promise<void> {
    this.isRunning = true;
    if (this.hasStarted) await this.life('running');
  }

  /** `done`, at most as long as a hook may take; then the thread ends. */
  async unload(): Promise<void> {
    this.isGone = true;
    this.watch.close();
    await this.finish();
  }

  /** Calls a hook, once there is a thread to call it in; `done` is called in any case. */
  call(what: Call, done: (settled: Settled) => void): void {
    if (this.queue) this.later(() => this.callNow(what, done));
    else this.callNow(what, done);
  }

  private callNow(what: Call, done: (settled: Settled) => void): void {
    const { thread } = this;
    if (!thread) return done({ outcome: null, thrown: null, warnings: [], lost: null, isUnbegun: false });
    thread.call(what, (settled) => {
      if (settled.isUnbegun && !this.isGone && AGAIN.has(what.type)) this.later(() => this.callNow(what, done));
      else done(settled);
    });
  }

  /** It waits for the thread that takes the place of the one that just died. */
  private later(call: () => void): void {
    this.queue ??= [];
    this.queue.push(call);
  }

  /** Flows that come while a thread takes the place of another wait for it. */
  private async replaced(replacing: () => Promise<void>): Promise<void> {
    this.queue ??= [];
    await replacing();
    this.callQueued();
  }

  private callQueued(): void {
    const { queue } = this;
    this.queue = null;
    for (const call of queue ?? []) call();
  }

  forget(id: Parameters<ScriptThread['forget']>[0]): void {
    this.thread?.forget(id);
  }

  /** A flow that it waits for has been let go. */
  released(id: Parameters<ScriptThread['released']>[0]): void {
    this.thread?.released(id);
  }

  /** Tells of new options. Answers with the failure if the script does not accept them. */
  configure(updated: readonly string[]): Promise<ScriptFailure | null> {
    if (this.thread === null) return Promise.resolve(null);
    return this.ask({ type: 'configure', options: this.listener.configuration(), updated }, 'configure');
  }

  tick(): void {
    if (!this.isRunning || this.isTicking || !this.hooks.has('tick')) return;
    this.isTicking = true;
    void this.life('tick').then(() => {
      this.isTicking = false;
    });
  }

  /** A line for the event log, from this script. */
  log(level: LogLevel, text: string, isEcho = false): void {
    this.listener.log(level, `${this.name}: ${text}`, isEcho);
  }

  private read(): Promise<{ readonly thread: ScriptThread; readonly loaded: Loaded | null }> {
    const { script_silence: silence, script_wait: wait } = this.options();
    const { file, text } = this.source;
    return new Promise((done) => {
      const thread: ScriptThread = new ScriptThread(
        file,
        text,
        this.listener.configuration(),
        { silence, wait },
        {
          loaded: (loaded) => {
            for (const warning of loaded.warnings) this.log('warn', warning);
            if (thread === this.thread) return this.rehook(loaded.hooks);
            if (text === null) this.watch.follow([file, ...loaded.files]);
            if (loaded.thrown) this.fail({ id: null, ...loaded.thrown });
            done({ thread, loaded });
          },
          asked: (request) => this.listener.asked(request, this),
          log: (level, line, isEcho) => this.log(level, line, isEcho),
          died: (why) => {
            if (thread === this.thread) void this.revive(why);
            else {
              this.fail({ id: null, event: 'loading', message: why, place: null });
              done({ thread, loaded: null });
            }
          },
        },
      );
    });
  }

  private async take(thread: ScriptThread, loaded: Loaded): Promise<void> {
    this.thread = thread;
    this.generation += 1;
    this.hooks = new Set(loaded.hooks);
    await this.life('start');
    const options = this.listener.configuration();
    await this.ask({ type: 'configure', options, updated: Object.keys(options) }, 'configure');
    if (this.thread !== thread) return;
    this.hasStarted = true;
    this.listener.changed();
    if (this.isRunning) await this.life('running');
  }

  /** A broken new version leaves the old one running (GAP-09). */
  private async reload(): Promise<void> {
    if (this.isGone) return;
    if (!fs.existsSync(this.source.file)) {
      this.log('warn', 'the file is gone; what was loaded of it goes on');
      return;
    }
    const { thread, loaded } = await this.read();
    if (this.isGone || !loaded || loaded.thrown) {
      thread.stop();
      if (!this.isGone && this.thread) this.log('warn', 'the version before goes on');
      return;
    }
    await this.replaced(async () => {
      await this.finish();
      await this.take(thread, loaded);
    });
    const { size } = this.hooks;
    this.listener.log('alert', `${this.name} reloaded, ${size} hook${size === 1 ? '' : 's'}`);
  }

  private async revive(why: string): Promise<void> {
    this.thread = null;
    this.hasStarted = false;
    this.fail({ id: null, event: '', message: why, place: null });
    const now = Date.now();
    this.deaths = [...this.deaths.filter((at) => now - at < 60_000), now];
    if (this.isGone) return this.callQueued();
    if (this.deaths.length < MOST_DEATHS) return this.replaced(() => this.load());
    this.rehook([]);
    this.callQueued();
    this.log(
      'error',
      `it ended ${MOST_DEATHS} times within a minute and is not started again; save it to try once more`,
    );
  }

  private async finish(): Promise<void> {
    const { thread } = this;
    if (!thread) return;
    await thread.idle();
    await this.life('done');
    this.listener.dropped(this);
    this.thread = null;
    thread.stop();
  }

  private async life(event: EventName): Promise<void> {
    await this.ask({ type: 'plain', event }, event);
  }

  private ask(what: Call, event: EventName): Promise<ScriptFailure | null> {
    const { thread } = this;
    return new Promise((done) => {
      this.callNow(what, ({ thrown, lost }) => {
        const failure: ScriptFailure | null = thrown
          ? { id: null, ...thrown }
          : lost === null || thread?.isDead
            ? null
            : { id: null, event, message: lost, place: null };
        if (failure) this.fail(failure);
        done(failure);
      });
    });
  }

  private fail(failure: ScriptFailure): void {
    this.listener.failed(failure, this.source.file);
  }

  /** What is said of a failure. */
  textOf(failure: ScriptFailure): string {
    return failureText(failure, this.source.file);
  }
}
