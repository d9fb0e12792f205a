import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Timing } from './crowdconsole.js';
import { residentBytes } from './memory.js';
import { quantile } from './numbers.js';
import { megabytes, number } from './report.js';
import type { Run } from './run.js';
import { FRAME_END, openTerminal, plainText, type Terminal } from './terminal.js';

const ROWS = 1_000_000;
/** Rows in a second while keys are pressed. */
const RATE = 1000;
const KEYS = 200;
const PATIENCE_MS = 120_000;
/** Milliseconds between two keys, so that no frame is taken for that of another key. */
const BETWEEN = 60;
/** A key that gets no frame of its own in this time changed nothing that is seen. */
const UNSEEN = 500;

const ALL_HERE = 'All rows are here.';

const PROGRAM = fileURLToPath(new URL('./crowdconsole.js', import.meta.url));

const DOWN = '\x1b[B';
const UP = '\x1b[A';
const PAGE_DOWN = '\x1b[6~';

/** The console over a million rows, its output, and what it says took long. */
class Crowd {
  private output = '';
  private look = (): void => {};

  private constructor(
    readonly terminal: Terminal,
    private readonly file: string,
  ) {}

  static async open({ stage }: Run, rate: number): Promise<Crowd> {
    const file = path.join(stage.makeFolder('rows'), 'timings');
    fs.writeFileSync(file, '');
    let hear = (_piece: string): void => {};
    const terminal = await openTerminal(stage, {
      name: 'console over many rows',
      file: process.execPath,
      args: [PROGRAM, String(ROWS), String(rate), file, ALL_HERE],
      onOutput: (piece) => hear(piece),
    });
    const crowd = new Crowd(terminal, file);
    hear = (piece) => crowd.hear(piece);
    await crowd.until(
      (text) => plainText(text).replace(/\s+/g, '').includes(ALL_HERE.replace(/\s+/g, '')),
      PATIENCE_MS,
    );
    return crowd;
  }

  /** Milliseconds until a frame after a key; null if it changes nothing that is seen. */
  async frameAfter(key: string, isIts: (text: string) => boolean = () => true): Promise<number | null> {
    this.output = '';
    const begun = performance.now();
    this.terminal.press(key);
    const isSeen = await this.until((text) => text.includes(FRAME_END) && isIts(text), UNSEEN);
    return isSeen ? performance.now() - begun : null;
  }

  /** Types a command, and waits until a list came of it; milliseconds of that. */
  async list(command: string): Promise<number | null> {
    const before = this.timings('list').length;
    this.terminal.press(`:${command}\r`);
    for (let waited = 0; waited < PATIENCE_MS; waited += BETWEEN) {
      await pause(BETWEEN);
      const lists = this.timings('list');
      if (lists.length > before) return lists.at(-1) ?? null;
    }
    return null;
  }

  /** What was noted since it was last forgotten. */
  timings(what: Timing['what']): number[] {
    const lines = fs
      .readFileSync(this.file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const all = lines.map((line) => JSON.parse(line) as Timing);
    return all.filter((timing) => timing.what === what).map(({ milliseconds }) => milliseconds);
  }

  forget(): void {
    fs.truncateSync(this.file);
  }

  private hear(piece: string): void {
    this.output = (this.output + piece).slice(-200_000);
    this.look();
  }

  private until(isThere: (text: string) => boolean, patience: number): Promise<boolean> {
    return new Promise((done) => {
      const timer = setTimeout(() => done(false), patience);
      this.look = () => {
        if (!isThere(this.output)) return;
        clearTimeout(timer);
        this.look = () => {};
        done(true);
      };
      this.look();
    });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** Key after key. Each goes where the one before has left off. */
async function press(
  crowd: Crowd,
  keyAt: (time: number) => string,
  isIts?: (text: string) => boolean,
): Promise<number[]> {
  const taken: number[] = [];
  for (let time = 0; time < KEYS; time += 1) {
    const milliseconds = await crowd.frameAfter(keyAt(time), isIts);
    if (milliseconds !== null) taken.push(milliseconds);
    await pause(BETWEEN * (0.5 + ((time * 7) % 10) / 10));
  }
  return taken;
}

function keyRow(name: string, taken: readonly number[]): string[] {
  return [name, ...[0.5, 0.95, 0.99].map((share) => number(quantile(taken, share), 1)), String(taken.length)];
}

const turning = (time: number): string => (Math.floor(time / 20) % 2 === 0 ? DOWN : UP);
const everyWay = (time: number): string => [DOWN, PAGE_DOWN, 'G', UP, 'g', DOWN][time % 6] ?? DOWN;
const moves = (text: string): boolean => text.includes('>>');

/** What a million rows cost whoever looks at them. The proxy itself is not there. */
export async function benchRows(run: Run): Promise<void> {
  const { report, stage } = run;
  const rows: string[][] = [];
  const lists: string[][] = [];
  const quiet = await Crowd.open(run, 0);
  await pause(1000);
  const memory = residentBytes(quiet.terminal.pid);
  const moved = await press(quiet, everyWay);
  rows.push(keyRow('moving, nothing happens', moved));
  for (const [name, command] of [
    ['filter by URL', 'set view_filter "accounts/12\\d*/items/.*7\\?page=3$"'],
    ['filter by status and host', 'set view_filter "~c 404 & ~d host-1"'],
    ['order by size', 'set view_order size'],
    ['of all', 'set view_filter'],
    ['order by URL', 'set view_order url'],
    ['order by host', 'set view_order host'],
  ] as const) {
    quiet.forget();
    const milliseconds = await quiet.list(command);
    const stalls = quiet.timings('stall');
    lists.push([name, number(milliseconds), number(stalls.length === 0 ? 0 : Math.max(...stalls), 1)]);
    if (name === 'filter by URL' && milliseconds !== null) report.note('rows-filter', milliseconds / 1000);
  }
  const used = residentBytes(quiet.terminal.pid);
  await stage.stop(quiet.terminal);
  const busy = await Crowd.open(run, RATE);
  const followed = await press(busy, turning, moves);
  rows.push(keyRow(`moving, ${RATE} rows/s come`, followed));
  await busy.list('set view_filter "accounts/1"');
  busy.terminal.press('g');
  await pause(500);
  rows.push(keyRow('as before, filtered', await press(busy, turning, moves)));
  await busy.list('set view_order url');
  busy.terminal.press('g');
  await pause(500);
  rows.push(keyRow('as before, ordered by URL', await press(busy, turning, moves)));
  busy.forget();
  await pause(5000);
  const stalls = busy.timings('stall');
  await stage.stop(busy.terminal);
  report.table(
    `${number(ROWS)} rows: milliseconds from a key to its frame`,
    ['', 'median', 'p95', 'p99', 'keys'],
    rows,
  );
  report.table(
    'milliseconds until a list is there, and the longest the console did nothing else meanwhile',
    ['', 'list', 'stall'],
    lists,
  );
  report.say(`  resident, without a proxy: ${megabytes(memory)} MB, after these lists ${megabytes(used)} MB`);
  report.say(`  longest stall in 5 s while rows come: ${number(Math.max(0, ...stalls), 1)} ms`);
  report.note('rows-key', quantile([...moved, ...followed], 0.95));
  report.note('rows-memory', used === null ? null : used / 1e6);
}
