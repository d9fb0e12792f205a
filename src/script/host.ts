import fs from 'node:fs';
import { pathToFileURL } from 'node:url';
import { formatWithOptions } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import esbuild from 'esbuild';
import { changeOf } from './change.js';
import type { FlowImage, HostCommand, HostEvent, HostSettings, Thrown } from './image.js';
import { HTTPFlow } from './objects.js';
import { placeOf } from './place.js';

/*
 * Inside a script's thread: loads the script, calls its hooks, tells what came of it.
 */

const { path, bundle } = workerData as HostSettings;

function say(event: HostEvent): void {
  parentPort?.postMessage(event);
}

function redirectConsole(): void {
  const print =
    (level: 'info' | 'warn' | 'error') =>
    (...values: unknown[]): void =>
      say({ type: 'printed', level, text: formatWithOptions({ colors: false }, ...values) });
  Object.assign(console, { log: print('info'), info: print('info'), debug: print('info') });
  Object.assign(console, { warn: print('warn'), error: print('error') });
}

type Hook = (...values: unknown[]) => unknown;
type Hooks = (name: string) => Hook | null;

function isClass(value: unknown): value is new () => object {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

/** Hooks are exported functions, or methods of a default-exported object, instance or class. */
function hooksOf(module: Record<string, unknown>): Hooks {
  const main = module.default;
  const owner = isClass(main) ? new main() : main;
  return (name) => {
    const exported = module[name];
    if (typeof exported === 'function') return exported as Hook;
    if (typeof owner !== 'object' || owner === null) return null;
    const method = (owner as Record<string, unknown>)[name];
    return typeof method === 'function' ? (method.bind(owner) as Hook) : null;
  };
}

async function load(): Promise<Hooks> {
  const built = esbuild.buildSync({
    entryPoints: [path],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    outfile: bundle,
    write: false,
    logLevel: 'silent',
  });
  fs.writeFileSync(bundle, built.outputFiles[0]?.contents ?? '', { mode: 0o600, flag: 'wx' });
  try {
    return hooksOf((await import(pathToFileURL(bundle).href)) as Record<string, unknown>);
  } finally {
    fs.rmSync(bundle, { force: true });
  }
}

function thrown(event: string, error: unknown): Thrown {
  const { message, place } = placeOf(error, path);
  return { event, message, place };
}

/** Calls one hook if the script has it. */
async function call(hooks: Hooks, event: string, ...values: unknown[]): Promise<boolean> {
  const hook = hooks(event);
  if (!hook) return false;
  await hook(...values);
  return true;
}

function eventsOf(image: FlowImage): string[] {
  const events = ['requestheaders', 'request'];
  if (image.response) events.push('responseheaders', 'response');
  if (image.error) events.push('error');
  return events;
}

async function run(hooks: Hooks, image: FlowImage): Promise<void> {
  const flow = new HTTPFlow(image);
  const events: string[] = [];
  let event = '';
  try {
    for (event of eventsOf(image)) if (await call(hooks, event, flow)) events.push(event);
    event = 'the result';
    say({ type: 'ran', events, change: changeOf(image, flow), thrown: null });
  } catch (error) {
    say({ type: 'ran', events, change: null, thrown: thrown(event, error) });
  }
}

async function once(hooks: Hooks | null, event: string): Promise<{ ran: boolean; thrown: Thrown | null }> {
  try {
    return { ran: hooks !== null && (await call(hooks, event)), thrown: null };
  } catch (error) {
    return { ran: true, thrown: thrown(event, error) };
  }
}

async function main(): Promise<void> {
  redirectConsole();
  process.setSourceMapsEnabled(true);
  let hooks: Hooks | null = null;
  try {
    hooks = await load();
  } catch (error) {
    say({ type: 'started', ran: false, thrown: thrown('loading', error) });
    return;
  }
  const loaded = hooks;
  say({ type: 'started', ...(await once(loaded, 'start')) });
  parentPort?.on('message', (command: HostCommand) => {
    if (command.type === 'run') void run(loaded, command.flow);
    else
      void once(loaded, 'done').then((result) => {
        say({ type: 'finished', ...result });
        parentPort?.close();
      });
  });
}

void main();
