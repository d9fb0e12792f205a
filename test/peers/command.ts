import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** How a program ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CommandSettings {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly input?: string | Buffer;
  /** Milliseconds after which it is killed. */
  readonly deadline?: number;
}

/** Runs a program to its end, without a terminal. */
export function run(program: string, words: readonly string[], settings: CommandSettings = {}): Promise<Ended> {
  const { env = process.env, cwd, input = '', deadline = 60_000 } = settings;
  const child = spawn(program, words, { env, stdio: 'pipe', ...(cwd === undefined ? {} : { cwd }) });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
  child.stdin.on('error', () => {}); // a program need not read all of its input
  child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), deadline);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => {
      clearTimeout(timer);
      done({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
  });
}

/** For a test's `skip`: false, or which of the programs it needs are not on this machine. */
export function missing(...programs: readonly string[]): string | false {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const absent = programs.filter((name) => !folders.some((folder) => fs.existsSync(path.join(folder, name))));
  return absent.length > 0 && `not on this machine: ${absent.join(', ')}`;
}
