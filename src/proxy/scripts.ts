import fs from 'node:fs';
import path from 'node:path';
import type { FlowId } from '../flow/flow.js';
import type { Mistake, Options } from '../options.js';
import type { LogEntry, ScriptFailure } from '../protocol.js';
import { type EventName, eventNames, eventTable } from '../script/events.js';
import type { Call, ConnectionChange, ConnectionImage } from '../script/image.js';
import type { Settled } from '../script/thread.js';
import { Script, type ScriptListener, type ScriptSource } from './script.js';

const TICK = 100;

/** The loaded scripts, in the order of the option. Everything that happens is offered to those that have a hook for it. */
export class Scripts {
  private scripts: readonly Script[] = [];
  private wanted: ReadonlySet<EventName> = new Set();
  private ticking: NodeJS.Timeout | null = null;
  private isRunning = false;

  constructor(
    private readonly options: () => Options,
    private readonly listener: Omit<ScriptListener, 'changed'>,
  ) {}

  /** Whether some script has a hook for it: asked for every message, so that scripts without it cost nothing. */
  wants(event: EventName): boolean {
    return this.wanted.has(event);
  }

  /** The scripts with a hook for it, in order. */
  having(event: EventName): readonly Script[] {
    return this.scripts.filter((script) => script.hooks.has(event));
  }

  /** Loads, unloads and orders scripts as the option says; those that stay are left alone (ERR-09). */
  async set(sources: readonly ScriptSource[]): Promise<void> {
    const old = this.scripts;
    this.scripts = sources.map((source) => old.find((one) => one.source.file === source.file) ?? this.script(source));
    const fresh = this.scripts.filter((script) => !old.includes(script));
    this.changed();
    await Promise.all(old.filter((script) => !this.scripts.includes(script)).map((script) => script.unload()));
    for (const script of fresh) {
      await script.load();
      if (this.isRunning) await script.run();
    }
  }

  /** The proxy is up. */
  async run(): Promise<void> {
    this.isRunning = true;
    for (const script of this.scripts) await script.run();
    this.ticking = setInterval(() => {
      for (const script of this.scripts) script.tick();
    }, TICK);
  }

  /** `done` for every script, awaited. */
  async stop(): Promise<void> {
    if (this.ticking) clearInterval(this.ticking);
    this.ticking = null;
    const { scripts } = this;
    this.scripts = [];
    this.wanted = new Set();
    await Promise.all(scripts.map((script) => script.unload()));
  }

  /**
   * New options: the first script that does not accept them says why. Those without a `configure` hook are told, too,
   * since `ctx.options` has the values.
   */
  async configure(updated: readonly string[]): Promise<ScriptFailure | null> {
    for (const script of this.scripts) {
      const failure = await script.configure(updated);
      if (failure) return failure;
    }
    return null;
  }

  /** A line of the event log, for all but who wrote it. */
  logged(entry: LogEntry): void {
    if (!this.wants('log')) return;
    for (const script of this.having('log')) {
      if (entry.text.startsWith(`${script.name}: `)) continue;
      script.call({ type: 'log', entry }, ({ thrown }) => {
        if (thrown) this.listener.log('error', script.textOf({ id: null, ...thrown }), true);
      });
    }
  }

  /** Asks every script with that hook, one after the other. */
  connection(event: EventName, image: ConnectionImage, done: (change: ConnectionChange) => void = () => {}): void {
    if (!this.wants(event)) return done({});
    let whole: ConnectionChange = {};
    this.ask(
      event,
      () => ({ type: 'connection', event, connection: { ...image, ...applied(whole) } }),
      (settled, script) => {
        this.report(script, settled);
        if (settled.outcome?.type === 'connection') whole = { ...whole, ...settled.outcome.change };
        return !isHalted(settled);
      },
      () => done(whole),
    );
  }

  /** The scripts with a hook for something of a flow, in order. */
  ofFlows(): readonly Script[] {
    const names = eventNames.filter((name) => ['flow', 'talk'].includes(eventTable[name].argument));
    return this.scripts.filter((script) => names.some((name) => script.hooks.has(name)));
  }

  /** Calls the hook of one script after the other; `heard` says whether to go on. */
  ask(
    event: EventName,
    what: (script: Script) => Call,
    heard: (settled: Settled, script: Script) => boolean,
    done: () => void,
  ): void {
    const left = [...this.having(event)];
    const next = (): void => {
      const script = left.shift();
      if (!script) return done();
      script.call(what(script), (settled) => {
        if (heard(settled, script)) next();
        else done();
      });
    };
    next();
  }

  forget(id: FlowId): void {
    for (const script of this.scripts) script.forget(id);
  }

  /** What went wrong in a hook that no flow belongs to. */
  private report(script: Script, { thrown, warnings, lost }: Settled): void {
    for (const warning of warnings) script.log('warn', script.textOf({ id: null, ...warning }));
    const failure = thrown ?? (lost === null ? null : { event: '', message: lost, place: null });
    if (failure) this.listener.failed({ id: null, ...failure }, script.source.file);
  }

  private script(source: ScriptSource): Script {
    return new Script(source, this.options, { ...this.listener, changed: () => this.changed() });
  }

  private changed(): void {
    this.wanted = new Set(eventNames.filter((name) => this.scripts.some((script) => script.hooks.has(name))));
  }
}

/** A hook said that the scripts behind it shall not see the event (AD-06). */
export function isHalted({ outcome }: Settled): boolean {
  return (outcome?.type === 'flow' || outcome?.type === 'talk' || outcome?.type === 'connection') && outcome.halts;
}

/** What the next script sees of what the ones before it changed. */
function applied(change: ConnectionChange): Partial<ConnectionImage> {
  const { address, error, layer } = change;
  return { ...(address ? { address } : {}), ...(error === undefined ? {} : { error }), ...(layer ? { layer } : {}) };
}

/** The scripts an option names, or why one of them cannot be one (ERR-01, ERR-02). */
export function scriptSources(
  names: readonly string[],
  text: string | null,
  inline: string | null,
): ScriptSource[] | Mistake {
  const sources: ScriptSource[] = [];
  for (const name of names) {
    const source = sourceOf(name, text);
    if ('mistake' in source) return source;
    if (sources.some(({ file }) => file === source.file)) return { mistake: `Duplicate script: ${name}` };
    sources.push(source);
  }
  if (inline !== null) sources.push({ name: '-e', file: path.resolve('-e'), text: `export default (${inline}\n)` });
  return sources;
}

function sourceOf(name: string, text: string | null): ScriptSource | Mistake {
  if (name === '-') {
    if (text === null) return { mistake: 'a script is read from standard input at start only' };
    return { name, file: path.resolve('standard-input'), text };
  }
  const file = path.resolve(name);
  const fault = scriptFault(name, file);
  return fault === null ? { name, file, text: null } : { mistake: fault };
}

/** Why a file is no script, or null. */
export function scriptFault(name: string, file: string): string | null {
  if (/\.py$/.test(file))
    return `${name}: Python scripts do not run here: scripts are .js, .mjs or .ts modules (docs/scripting.md has mitmproxy's names and ours side by side)`;
  if (!fs.existsSync(file)) return `No such script: ${name}`;
  if (!/\.(js|mjs|cjs|ts|mts)$/.test(file)) return `Not a script: ${name} (scripts are .js, .mjs or .ts modules)`;
  return null;
}
