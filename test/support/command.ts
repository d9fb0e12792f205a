import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEADLINE } from './deadline.js';
import { shareAuthority, temporaryFolder } from './proxy.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** `sluice` as a process of its own, with a configuration folder of its own. */
export interface Command {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  out(): string;
  complaints(): string;
  /** Waits for the exit code. */
  readonly code: Promise<number | null>;
  /** Waits until it has printed something that matches. */
  prints(wanted: RegExp): Promise<void>;
}

export async function runCommand(t: TestContext, ...words: readonly string[]): Promise<Command> {
  let end = async (): Promise<unknown> => null;
  const folder = temporaryFolder(t, () => end());
  const home = path.join(folder, 'home');
  await shareAuthority(home);
  const child = spawn(process.execPath, [MAIN, ...words], { env: { ...process.env, SLUICE_HOME: home } });
  let out = '';
  let complaints = '';
  const waiting = new Set<() => void>();
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString();
    for (const look of waiting) look();
  });
  child.stderr.on('data', (piece: Buffer) => {
    complaints += piece.toString();
  });
  const code = new Promise<number | null>((done) => child.on('close', done));
  end = () => {
    child.kill('SIGKILL');
    return code;
  };
  const prints = (wanted: RegExp): Promise<void> =>
    new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`never printed ${wanted}: ${out}${complaints}`)), DEADLINE);
      const look = (): void => {
        if (!wanted.test(out)) return;
        clearTimeout(late);
        waiting.delete(look);
        done();
      };
      waiting.add(look);
      look();
    });
  return { child, out: () => out, complaints: () => complaints, code, prints };
}
