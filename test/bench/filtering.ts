import fs from 'node:fs';
import path from 'node:path';
import { type Console, openSluice } from './console.js';
import { makeDump } from './dumps.js';
import { median } from './numbers.js';
import type { Pulse } from './pulse.js';
import { proxyRoute, takePulse } from './pulsed.js';
import { number } from './report.js';
import type { Run } from './run.js';

const PER_SECOND = 400;
const IN_FILE = 100_000;
const FILES = 10;

/** Filters one after the other, each with what the console counts then. */
const FILTERS = [
  ['page=3$', /\[\d+\/111110\]/],
  ['~c 404', /\[\d+\/40000\]/],
] as const;

/** New ones come with each pulse. */
const ALL = /\[\d+\/10\d{5}\](?! \[loading)/;

/** One dump under several names: a file is loaded once. */
async function makeDumps(folder: string): Promise<readonly string[]> {
  const files = Array.from({ length: FILES }, (_, index) => path.join(folder, `${index}.mitm`));
  const [first = '', ...others] = files;
  await makeDump(first, IN_FILE);
  for (const other of others) fs.linkSync(first, other);
  return files;
}

async function filter(console: Console, text: string, isThere: RegExp): Promise<number> {
  console.press(`:set view_filter "${text}"\r`);
  return console.shows(isThere);
}

/** How much later answers come while 1,000,000 rows are filtered by URL and status, one filter after the other. */
export async function benchFiltering(run: Run): Promise<void> {
  const { report, stage, flags } = run;
  const files = await makeDumps(stage.makeFolder('filtering'));
  const { console, port } = await openSluice(
    run,
    files.flatMap((file) => ['-r', file]),
  );
  await console.shows(ALL);
  const [alone, busy]: [Pulse[], Pulse[]] = [[], []];
  const taken: number[] = [];
  for (let round = 0; round < flags.rounds; round += 1) {
    alone.push(await takePulse(run, proxyRoute(run, port), PER_SECOND));
    let isOver = false;
    const filtering = (async () => {
      while (!isOver) for (const [text, isThere] of FILTERS) taken.push(await filter(console, text, isThere));
    })();
    filtering.catch(() => {}); // told by the await below
    busy.push(await takePulse(run, proxyRoute(run, port), PER_SECOND));
    isOver = true;
    await filtering;
    console.press(':set view_filter\r');
    await console.shows(ALL);
  }
  await console.stop(run);
  const p99 = (pulses: readonly Pulse[]): number => median(pulses.map((pulse) => pulse.p99));
  const row = (name: string, all: readonly Pulse[]): string[] => {
    const errors = all.reduce((sum, pulse) => sum + pulse.errors, 0);
    return [name, number(median(all.map(({ p50 }) => p50)), 2), number(p99(all), 2), number(errors)];
  };
  report.table(
    `Latency at ${PER_SECOND} requests/s while 1,000,000 rows are filtered: milliseconds`,
    ['', 'p50', 'p99', 'errors'],
    [row('alone', alone), row('filtering', busy)],
  );
  report.say(`  ${taken.length} filters, from the keys to the screen ${number(median(taken))} ms in the middle.`);
  report.note('filter-latency', p99(busy) - p99(alone));
}
