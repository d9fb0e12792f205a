import v8 from 'node:v8';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type Crossing, crossing } from '../flow/targets.js';
import type { Mistake, Options } from '../options.js';
import {
  type ListeningPlace,
  type Port,
  type ProxyCommand,
  type ProxyEvent,
  type ProxySettings,
  portOver,
  type SessionPlace,
} from '../protocol.js';

export interface StartedProxy {
  readonly port: Port<ProxyEvent, ProxyCommand>;
  readonly worker: Worker;
  /** What was said before the interface was there to hear it. */
  readonly early: readonly ProxyEvent[];
  readonly places: readonly ListeningPlace[];
}

/**
 * MB for the proxy's new objects, in three parts. A part has room for all connections that are being made at a time:
 * what lives through two collections is kept until a large one.
 */
const YOUNG = 24;

/** Starts the proxy in a thread of its own; resolves when its ports are open, or with why they are not. */
export function startProxy(
  options: Options,
  confdir: string,
  session: SessionPlace,
  scriptText: string | null,
  given: Readonly<Record<string, string>>,
  crashed: (error: Error) => void,
): Promise<StartedProxy | Mistake> {
  const { port1, port2 } = new MessageChannel();
  v8.setFlagsFromString('--no-parallel-scavenge'); // there is too little to copy to be worth four more threads
  const settings: ProxySettings = { options, confdir, session, port: port2, scriptText, given };
  const worker = new Worker(new URL('../proxy/worker.js', import.meta.url), {
    workerData: settings,
    transferList: [port2],
    stdout: true,
    stderr: true,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG },
  });
  worker.on('error', crashed);
  const crossed = portOver<ProxyEvent, Crossing<ProxyCommand>>(port1);
  const port: Port<ProxyEvent, ProxyCommand> = { ...crossed, say: (command) => crossed.say(crossing(command)) };
  const early: ProxyEvent[] = [];
  return new Promise((done) => {
    const listener = (event: ProxyEvent): void => {
      early.push(event);
      if (event.type === 'could-not-listen') {
        void worker.terminate();
        done({ mistake: event.reason });
      } else if (event.type === 'listening') {
        port1.removeListener('message', listener);
        done({ port, worker, early, places: event.places });
      }
    };
    port1.on('message', listener);
  });
}

/** Milliseconds that scripts have for their `done` when sluice ends. */
const FAREWELL = 5000;

/** Lets the proxy end, and its scripts with it. */
export function stopped(port: Port<ProxyEvent, ProxyCommand>, worker: Worker): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, FAREWELL);
    const end = (): void => {
      clearTimeout(timer);
      done();
    };
    port.hear((event) => event.type === 'stopped' && end());
    worker.once('exit', end);
    port.say({ type: 'stop' });
  });
}
