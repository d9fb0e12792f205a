import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const GRACE_MS = 5_000;
const TAIL = 2_000;

/** The environment for everything started: without the variables that would send it through some other proxy. */
export function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(https?|all|no)_proxy$/i.test(entry[0]),
  );
  return Object.fromEntries(entries);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // all of the group has ended already
  }
}

/** A process that stays until it is stopped. */
export interface Actor {
  readonly name: string;
  readonly pid: number;
  /** Its end, with what it said last. */
  readonly ended: Promise<string>;
}

/**
 * Holds everything a run makes: a temporary folder and processes, each the leader of a group of its own. All of it is
 * gone when this process ends, be it by Ctrl-C.
 */
export class Stage {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'));
  /** Sentences about processes that did not behave. */
  readonly notes: string[] = [];
  private readonly actors = new Map<number, Actor>();
  private readonly groups = new Set<number>();
  private folders = 0;

  constructor() {
    process.on('exit', () => this.clear());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => process.exit(128 + os.constants.signals[signal]));
  }

  /** A new folder inside the temporary one. */
  makeFolder(name: string): string {
    this.folders += 1;
    const folder = path.join(this.folder, `${name}-${this.folders}`);
    fs.mkdirSync(folder);
    return folder;
  }

  /** Keeps an eye on a process that somebody else started as the leader of a group. */
  adopt(actor: Actor): void {
    this.actors.set(actor.pid, actor);
    void actor.ended.then((last) => {
      if (this.actors.delete(actor.pid))
        this.notes.push(`${actor.name} ended by itself: ${last.trim() || 'in silence'}`);
    });
  }

  /** Starts a process that stays. */
  start(name: string, file: string, args: readonly string[]): Actor {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment() });
    let last = '';
    const keep = (bytes: Buffer): void => {
      last = (last + bytes.toString('latin1')).slice(-TAIL);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const ended = new Promise<string>((done) => {
      child.once('error', (error) => done(error.message));
      child.once('exit', () => done(last));
    });
    const actor = { name, pid: child.pid ?? 0, ended };
    if (child.pid !== undefined) this.adopt(actor);
    return actor;
  }

  /** Runs a process to its end and gives what it printed. */
  run(file: string, args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment() });
      const { pid } = child;
      if (pid !== undefined) this.groups.add(pid);
      let [printed, complaint] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
      child.once('error', reject);
      child.once('close', (code) => {
        if (pid !== undefined) this.groups.delete(pid);
        if (code === 0) resolve(printed);
        else
          reject(new Error(`${path.basename(file)} failed (${code}): ${(complaint || printed).trim().slice(-TAIL)}`));
      });
    });
  }

  async stop(actor: { readonly pid: number }): Promise<void> {
    const running = this.actors.get(actor.pid);
    if (!running) return;
    this.actors.delete(running.pid);
    this.groups.add(running.pid);
    signalGroup(running.pid, 'SIGTERM');
    const timer = setTimeout(() => {
      this.notes.push(`${running.name} did not end within ${GRACE_MS / 1000} s of SIGTERM`);
      signalGroup(running.pid, 'SIGKILL');
    }, GRACE_MS);
    await running.ended;
    clearTimeout(timer);
    signalGroup(running.pid, 'SIGKILL'); // what it forked
    this.groups.delete(running.pid);
  }

  /** Stops all that stays but one, the last started first. */
  async stopAllBut(kept: { readonly pid: number } | null): Promise<void> {
    for (const actor of [...this.actors.values()].reverse()) if (actor.pid !== kept?.pid) await this.stop(actor);
  }

  private clear(): void {
    for (const pid of [...this.actors.keys(), ...this.groups]) signalGroup(pid, 'SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}
