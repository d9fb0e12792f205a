import { basename } from 'node:path';
import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';
import { type Options, optionNames } from '../options.js';
import type { LogLevel, ScriptFailure, ScriptReport } from '../protocol.js';
import type { EventName } from './events.js';
import type { Call, FlowChange, MessageChange, Thrown } from './image.js';
import { type Loaded, ScriptThread, type Settled } from './thread.js';

/** What a run tells while it goes on. */
export interface RunListener {
  changed(id: FlowId, change: FlowChange | null, messages: readonly MessageChange[]): void;
  failed(failure: ScriptFailure): void;
  log(level: LogLevel, text: string): void;
}

/** What a run has come to so far. */
class Tally {
  private readonly events = new Set<string>();
  private readonly changed = new Set<string>();
  private readonly failures: ScriptFailure[] = [];
  private ran = 0;

  constructor(private readonly listener: RunListener) {}

  hook(name: string, result: { readonly ran: boolean; readonly thrown: Thrown | null }): void {
    if (result.ran) this.heard([name]);
    if (result.thrown) this.fail({ id: null, ...result.thrown });
  }

  heard(events: readonly string[]): void {
    for (const event of events) this.events.add(event);
    this.ran += events.length;
  }

  took(id: FlowId, change: FlowChange | null, messages: readonly MessageChange[]): void {
    for (const name of change?.names ?? []) this.changed.add(name);
    if (messages.length > 0) this.changed.add('messages');
    this.listener.changed(id, change, messages);
  }

  fail(failure: ScriptFailure): void {
    this.failures.push(failure);
    this.listener.failed(failure);
  }

  warn(text: string): void {
    this.listener.log('warn', text);
  }

  report(path: string, flows: number, milliseconds: number): ScriptReport {
    const { ran, failures } = this;
    return { path, flows, ran, events: [...this.events], changed: [...this.changed], milliseconds, failures };
  }
}

/** A thread of its own for one run, asked one thing at a time. */
class Run {
  private readonly thread: ScriptThread;
  private loaded: Loaded | null = null;
  private hasLoaded: (() => void) | null = null;
  private hasDied = false;

  constructor(
    script: string,
    seconds: number,
    private readonly options: Options,
    private readonly tally: Tally,
    log: RunListener['log'],
  ) {
    const name = basename(script);
    this.thread = new ScriptThread(
      script,
      null,
      options,
      { silence: seconds, wait: seconds },
      {
        loaded: (loaded) => {
          this.loaded = loaded;
          this.hasLoaded?.();
        },
        asked: () => log('warn', `${name}: a script that runs once cannot change options, quit, or release flows`),
        log: (level, text) => log(level, `${name}: ${text}`),
        died: (why) => {
          this.hasDied = true;
          if (this.loaded) return;
          tally.fail({ id: null, event: 'start', message: why, place: null });
          this.hasLoaded?.();
        },
      },
    );
  }

  get isAlive(): boolean {
    return !this.hasDied;
  }

  /** Loads the script and calls what comes before the flows. False when there is nothing to go on with. */
  async begin(): Promise<boolean> {
    await new Promise<void>((done) => {
      this.hasLoaded = done;
    });
    const { loaded } = this;
    if (!loaded) return false;
    if (loaded.thrown) {
      this.tally.fail({ id: null, ...loaded.thrown });
      this.hasDied = true;
      return false;
    }
    for (const text of loaded.warnings) this.tally.warn(text);
    const options = this.options;
    return (
      (await this.life('start', { type: 'plain', event: 'start' })) &&
      (await this.life('configure', { type: 'configure', options, updated: optionNames })) &&
      (await this.life('running', { type: 'plain', event: 'running' }))
    );
  }

  /** Runs the events of one flow. */
  async pass({ flow, talk }: Finished): Promise<void> {
    const { outcome, thrown, warnings, lost } = await this.ask({ type: 'once', flow, talk });
    if (lost !== null) this.tally.fail({ id: flow.id, event: '', message: lost, place: null });
    for (const warning of warnings) this.tally.warn(warning.message);
    if (thrown) this.tally.fail({ id: flow.id, ...thrown });
    if (outcome?.type !== 'once') return;
    this.tally.heard(outcome.events);
    const { change, messages } = outcome;
    if (!thrown && (change || messages.length > 0)) this.tally.took(flow.id, change, messages);
  }

  async finish(): Promise<void> {
    if (this.isAlive) await this.life('done', { type: 'plain', event: 'done' });
    this.thread.stop();
  }

  private async life(event: EventName, what: Call): Promise<boolean> {
    const { outcome, thrown, lost } = await this.ask(what);
    if (lost !== null) this.tally.fail({ id: null, event, message: lost, place: null });
    const ran = outcome?.type === 'done' && outcome.ran;
    this.tally.hook(event, { ran, thrown });
    return lost === null && thrown === null;
  }

  private ask(what: Call): Promise<Settled> {
    return new Promise((done) => this.thread.call(what, done));
  }
}

/**
 * Runs a script once over flows: `start`, `configure`, `running`, the events of each flow in turn, `done`. A failure on
 * one flow drops that flow's changes and goes on with the next; a thread that hangs is stopped, and a fresh one takes
 * the rest.
 */
export async function runScript(
  script: string,
  flows: readonly Finished[],
  options: Options,
  listener: RunListener,
): Promise<ScriptReport> {
  const began = performance.now();
  const tally = new Tally(listener);
  let left: readonly Finished[] = flows;
  while (left.length > 0) {
    const run = new Run(script, options.script_timeout, options, tally, listener.log);
    if (!(await run.begin())) left = [];
    for (let flow = left[0]; flow && run.isAlive; flow = left[0]) {
      left = left.slice(1);
      await run.pass(flow);
    }
    await run.finish();
  }
  return tally.report(script, flows.length, performance.now() - began);
}
