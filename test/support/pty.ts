import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { IPty } from '@lydell/node-pty';
import { removeFolder } from './folder.js';

import unicode11 = require('@xterm/addon-unicode11');
import xterm = require('@xterm/headless');

/*
 * A program in a pseudo-terminal, and the screen a person would see. The terminal is optional: where its native part
 * is missing, `noPty` says why and the tests are skipped with that sentence.
 */

const DEADLINE = 15_000;

function loadPty(): typeof import('@lydell/node-pty') | Error {
  try {
    return createRequire(import.meta.url)('@lydell/node-pty') as typeof import('@lydell/node-pty');
  } catch (error) {
    return error as Error;
  }
}

const nodePty = loadPty();

/** For a test's `skip`: false, or why there is no pseudo-terminal here. */
export const noPty: string | false =
  nodePty instanceof Error ? `no pseudo-terminal: @lydell/node-pty does not load (${nodePty.message})` : false;

/** The repository; the compiled tests lie in its dist folder. */
export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** The compiled program. */
export const MAIN = path.join(REPOSITORY, 'dist/src/main.js');

export interface PtySettings {
  readonly columns?: number;
  readonly lines?: number;
  /** Added to the few variables the program gets; nothing else of this process's environment reaches it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a program needs to run here, and nothing of the user's own settings. */
export function quietEnvironment(home: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    SLUICE_HOME: path.join(home, 'sluice'),
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TERM: 'xterm-256color',
    SHELL: '/bin/sh',
  };
}

/** A program in a pseudo-terminal, its screen, and all it ever wrote. */
export class Pty {
  /** The exit code, or 128 and the signal that ended it, as a shell says it. */
  readonly exited: Promise<number>;
  private readonly chunks: Buffer[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly terminal: xterm.Terminal;
  private code: number | null = null;
  private isHungUp = false;

  constructor(
    private readonly pty: IPty,
    columns: number,
    lines: number,
  ) {
    this.terminal = new xterm.Terminal({ cols: columns, rows: lines, allowProposedApi: true, scrollback: 200 });
    this.terminal.loadAddon(new unicode11.Unicode11Addon());
    this.terminal.unicode.activeVersion = '11';
    this.terminal.onData((answer) => this.send(answer));
    pty.onData((data: unknown) => {
      const chunk = Buffer.isBuffer(data) ? data : Buffer.from(String(data));
      this.chunks.push(chunk);
      this.terminal.write(chunk, () => this.look());
    });
    this.exited = new Promise((done) => {
      pty.onExit(({ exitCode, signal }) => {
        const code = signal ? 128 + signal : exitCode;
        this.code = code;
        this.terminal.write('', () => {
          this.look(); // now the screen shows all that was written before
          done(code);
        });
      });
    });
  }

  get pid(): number {
    return this.pty.pid;
  }

  /** All bytes written to the terminal. */
  get output(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** The lines on show, without the blanks at their ends. */
  lines(): string[] {
    const { active } = this.terminal.buffer;
    return Array.from({ length: this.terminal.rows }, (_, y) => {
      return active.getLine(active.baseY + y)?.translateToString(true) ?? '';
    });
  }

  screen(): string {
    return this.lines().join('\n');
  }

  /** Types: text as it is, keys as the bytes a terminal sends for them. */
  send(keys: string): void {
    if (this.code === null) this.pty.write(keys);
  }

  resize(columns: number, lines: number): void {
    this.terminal.resize(columns, lines);
    this.pty.resize(columns, lines);
  }

  /** Takes the terminal away, as closing its window does. Nothing is heard of the program after this. */
  hangUp(): void {
    this.isHungUp = true;
    (this.pty as IPty & { destroy(): void }).destroy();
  }

  /** Settles when there is nothing left to wait for. */
  get gone(): Promise<unknown> {
    return this.isHungUp ? Promise.resolve() : this.exited;
  }

  kill(): void {
    if (this.code !== null) return;
    try {
      process.kill(this.pty.pid, 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }

  /** Waits until the screen shows a text or matches; gives the match's line, or the whole match of a pattern. */
  waitFor(wanted: string | RegExp, deadline = DEADLINE): Promise<string> {
    return this.until(
      (screen) => {
        if (typeof wanted !== 'string') return wanted.exec(screen)?.[0];
        return screen.split('\n').find((line) => line.includes(wanted));
      },
      String(wanted),
      deadline,
    );
  }

  /** Waits until `probe` finds something on the screen, looking again whenever something was written or the program ended. */
  until<T>(probe: (screen: string) => T | undefined | null | false, what: string, deadline = DEADLINE): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = probe(this.screen());
        if (!found) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        const state = this.code === null ? 'running' : `ended with ${this.code}`;
        reject(new Error(`never on the screen: ${what}\nthe program is ${state}; the screen:\n${this.screen()}`));
      }, deadline);
      this.waiting.add(look);
      look();
    });
  }

  /** Waits until the program has ended and gives its exit code. */
  async end(deadline = DEADLINE): Promise<number> {
    await this.until(() => this.code !== null, 'the end of the program', deadline);
    return this.exited;
  }

  private look(): void {
    for (const look of [...this.waiting]) look();
  }
}

/** Runs a program in a pseudo-terminal in its own empty home; it is killed and the home removed after the test. */
export function startInPty(
  t: TestContext,
  program: string,
  words: readonly string[],
  settings: PtySettings & { readonly home?: string } = {},
): Pty {
  if (nodePty instanceof Error) throw nodePty;
  const { columns = 160, lines = 40, env = {}, home = makeHome() } = settings;
  const pty = nodePty.spawn(program, [...words], {
    name: 'xterm-256color',
    cols: columns,
    rows: lines,
    cwd: home,
    env: { ...quietEnvironment(home), ...env },
    encoding: null,
  });
  const running = new Pty(pty, columns, lines);
  t.after(async () => {
    running.kill();
    await running.gone;
    await removeFolder(home);
  });
  return running;
}

/** A home of its own, removed by whoever starts a program in it. */
export function makeHome(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-home-'));
}

/** Waits until a file is there, and gives its text. */
export async function fileText(file: string, deadline = DEADLINE): Promise<string> {
  const end = performance.now() + deadline;
  while (!fs.existsSync(file)) {
    if (performance.now() > end) throw new Error(`never written: ${file}`);
    await new Promise((done) => setTimeout(done, 10));
  }
  return fs.readFileSync(file, 'utf8');
}

/** A sluice with its console in a pseudo-terminal. */
export interface RunningSluice {
  readonly pty: Pty;
  readonly home: string;
  readonly port: number;
  readonly proxyUrl: string;
  /** The certificate that clients must trust. */
  readonly caFile: string;
}

/** Starts sluice on a free port and waits until it listens and its CA is written. */
export async function startSluice(
  t: TestContext,
  words: readonly string[] = [],
  settings: PtySettings & { readonly home?: string } = {},
): Promise<RunningSluice> {
  const { home = makeHome() } = settings;
  const pty = startInPty(t, process.execPath, [MAIN, '--listen-port', '0', ...words], { ...settings, home });
  const shown = await pty.waitFor(/\[127\.0\.0\.1:\d+\]/);
  const port = Number(/:(\d+)/.exec(shown)?.[1]);
  const caFile = path.join(home, 'sluice/ca-cert.pem');
  await fileText(caFile);
  return { pty, home, port, proxyUrl: `http://127.0.0.1:${port}`, caFile };
}
