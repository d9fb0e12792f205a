import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FlowId } from '../flow/flow.js';
import type { LogLevel, ScriptFailure, ScriptReport } from '../protocol.js';
import type { FlowChange, FlowImage, HostCommand, HostEvent, HostSettings, Thrown } from './image.js';

/** What a run tells while it goes on. */
export interface RunListener {
  changed(id: FlowId, change: FlowChange): void;
  failed(failure: ScriptFailure): void;
  log(level: LogLevel, text: string): void;
}

const HEAP = 512;

/** One script's thread. Every question to it is answered by an event, by its death, or by the deadline. */
class Host {
  private readonly worker: Worker;
  private waiting: ((event: HostEvent | string) => void) | null = null;
  private death: string | null = null;

  constructor(
    script: string,
    private readonly seconds: number,
    log: RunListener['log'],
  ) {
    const settings: HostSettings = { path: script, bundle: path.join(os.tmpdir(), `sluice-${randomUUID()}.mjs`) };
    this.worker = new Worker(new URL('./host.js', import.meta.url), {
      workerData: settings,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
    });
    for (const stream of [this.worker.stdout, this.worker.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => log('info', `${path.basename(script)}: ${text.trimEnd()}`));
    }
    this.worker.on('message', (event: HostEvent) => {
      if (event.type === 'printed') log(event.level, `${path.basename(script)}: ${event.text}`);
      else this.settle(event);
    });
    this.worker.on('error', (error: NodeJS.ErrnoException) =>
      this.die(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `it used more than ${HEAP} MB` : error.message),
    );
    this.worker.on('exit', () => this.die('it ended the thread by itself'));
    this.worker.on('exit', () => fs.rmSync(settings.bundle, { force: true }));
  }

  /** Waits for the next answer; text says why there is none. */
  answer(command: HostCommand | null): Promise<HostEvent | string> {
    if (this.death !== null) return Promise.resolve(this.death);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.die(`it did not answer within ${this.seconds} s and was stopped`);
        void this.worker.terminate();
      }, this.seconds * 1000);
      this.waiting = (event) => {
        clearTimeout(timer);
        resolve(event);
      };
      if (command) this.worker.postMessage(command);
    });
  }

  stop(): void {
    void this.worker.terminate();
  }

  private die(reason: string): void {
    this.death ??= reason;
    this.settle(reason);
  }

  private settle(event: HostEvent | string): void {
    const waiting = this.waiting;
    this.waiting = null;
    waiting?.(event);
  }
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

  took(id: FlowId, change: FlowChange): void {
    for (const name of change.names) this.changed.add(name);
    this.listener.changed(id, change);
  }

  fail(failure: ScriptFailure): void {
    this.failures.push(failure);
    this.listener.failed(failure);
  }

  report(path: string, flows: number, milliseconds: number): ScriptReport {
    const { ran, failures } = this;
    return { path, flows, ran, events: [...this.events], changed: [...this.changed], milliseconds, failures };
  }
}

/** Loads the script and calls `start`: `dead` without a thread to go on with, `spoilt` if only `done` is due. */
async function begin(host: Host, tally: Tally): Promise<'ready' | 'spoilt' | 'dead'> {
  const started = await host.answer(null);
  if (typeof started === 'string') {
    tally.fail({ id: null, event: 'start', message: started, place: null });
    return 'dead';
  }
  if (started.type !== 'started') return 'dead';
  tally.hook('start', started);
  if (!started.thrown) return 'ready';
  return started.thrown.event === 'loading' ? 'dead' : 'spoilt';
}

/** Runs the events of one flow. False when the thread is gone after it. */
async function pass(host: Host, tally: Tally, flow: FlowImage): Promise<boolean> {
  const result = await host.answer({ type: 'run', flow });
  if (typeof result === 'string') {
    tally.fail({ id: flow.id, event: '', message: result, place: null });
    return false;
  }
  if (result.type !== 'ran') return true;
  tally.heard(result.events);
  if (result.thrown) tally.fail({ id: flow.id, ...result.thrown });
  if (result.change) tally.took(flow.id, result.change);
  return true;
}

async function finish(host: Host, tally: Tally): Promise<void> {
  const finished = await host.answer({ type: 'finish' });
  if (typeof finished === 'string') tally.fail({ id: null, event: 'done', message: finished, place: null });
  else if (finished.type === 'finished') tally.hook('done', finished);
}

/**
 * Runs a script once over flows: `start`, the events of each flow in turn, `done`. A failure on one flow drops that
 * flow's changes and goes on with the next; a thread that hangs is stopped, and a fresh one takes the rest.
 */
export async function runScript(
  script: string,
  flows: readonly FlowImage[],
  seconds: number,
  listener: RunListener,
): Promise<ScriptReport> {
  const began = performance.now();
  const tally = new Tally(listener);
  let left: readonly FlowImage[] = flows;
  while (left.length > 0) {
    const host = new Host(script, seconds, listener.log);
    const begun = await begin(host, tally);
    if (begun !== 'ready') left = [];
    let isAlive = begun !== 'dead';
    for (let flow = left[0]; flow && isAlive; flow = left[0]) {
      left = left.slice(1);
      isAlive = await pass(host, tally, flow);
    }
    if (isAlive) await finish(host, tally);
    host.stop();
  }
  return tally.report(script, flows.length, performance.now() - began);
}
