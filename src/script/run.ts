import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FlowId } from '../flow/flow.js';
import type { LogLevel, ScriptFailure, ScriptReport } from '../protocol.js';
import type { FlowChange, FlowImage, HostCommand, HostEvent, HostSettings } from './image.js';

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
  const events = new Set<string>();
  const changed = new Set<string>();
  const failures: ScriptFailure[] = [];
  let ran = 0;
  const fail = (failure: ScriptFailure): void => {
    failures.push(failure);
    listener.failed(failure);
  };
  const left = [...flows];
  do {
    const host = new Host(script, seconds, listener.log);
    const started = await host.answer(null);
    let isAlive = typeof started !== 'string' && started.type === 'started' && started.thrown?.event !== 'loading';
    if (typeof started === 'string') fail({ id: null, event: 'start', message: started, place: null });
    else if (started.type === 'started') {
      if (started.ran) events.add('start');
      if (started.ran) ran += 1;
      if (started.thrown) {
        fail({ id: null, ...started.thrown });
        left.length = 0;
      }
    }
    if (typeof started === 'string') left.length = 0;
    while (isAlive) {
      const flow = left.shift();
      if (!flow) break;
      const result = await host.answer({ type: 'run', flow });
      if (typeof result === 'string') {
        fail({ id: flow.id, event: '', message: result, place: null });
        isAlive = false;
      } else if (result.type === 'ran') {
        for (const event of result.events) events.add(event);
        ran += result.events.length;
        if (result.thrown) fail({ id: flow.id, ...result.thrown });
        if (result.change) {
          for (const name of result.change.names) changed.add(name);
          listener.changed(flow.id, result.change);
        }
      }
    }
    if (isAlive) {
      const finished = await host.answer({ type: 'finish' });
      if (typeof finished === 'string') fail({ id: null, event: 'done', message: finished, place: null });
      else if (finished.type === 'finished') {
        if (finished.ran) events.add('done');
        if (finished.ran) ran += 1;
        if (finished.thrown) fail({ id: null, ...finished.thrown });
      }
    }
    host.stop();
  } while (left.length > 0);
  return {
    path: script,
    flows: flows.length,
    ran,
    events: [...events],
    changed: [...changed],
    milliseconds: performance.now() - began,
    failures,
  };
}
