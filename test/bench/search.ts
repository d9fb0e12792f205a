import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { direct } from './contender.js';
import { median, rotated } from './numbers.js';
import { freePort, untilListening } from './port.js';
import type { Pulse } from './pulse.js';
import { proxyRoute, takePulse } from './pulsed.js';
import { routeTo } from './rate.js';
import { number } from './report.js';
import type { Run } from './run.js';
import type { SearchTimes } from './searching.js';

const SEARCHING_MAIN = fileURLToPath(new URL('searching.js', import.meta.url));
const HOST_MAIN = fileURLToPath(new URL('searchhost.js', import.meta.url));

/** Requests a second while a search runs. */
const PER_SECOND = 400;
/** Searches before the one that counts: the first of a fresh process finds everything cold. */
const TIMES = 3;

const CODINGS = ['plain', 'gzip'] as const;

type Coding = (typeof CODINGS)[number];

async function searchTimes({ stage, flags }: Run, file: string, coding: Coding): Promise<SearchTimes> {
  const all: SearchTimes[] = [];
  for (let round = 0; round < flags.rounds; round += 1)
    all.push(JSON.parse(await stage.run(process.execPath, [SEARCHING_MAIN, file, coding, String(TIMES)])));
  return {
    first: median(all.map(({ first }) => first)),
    complete: median(all.map(({ complete }) => complete)),
    hits: median(all.map(({ hits }) => hits)),
  };
}

/** The middle of what each round found, with a host of its own that ends with it. */
async function hostPulse(run: Run, name: string, search: readonly string[]): Promise<Pulse> {
  const { stage } = run;
  const port = await freePort();
  const host = stage.start(name, process.execPath, [HOST_MAIN, String(port), stage.makeFolder('host'), ...search]);
  await untilListening(name, port, host.ended);
  const pulse = await takePulse(run, proxyRoute(run, port), PER_SECOND);
  await stage.stop(host);
  return pulse;
}

type Files = Readonly<Record<Coding, string>>;

/** How much later answers come while flows are searched. */
async function measureLatency(run: Run, files: Files): Promise<void> {
  const { flags, report, origin } = run;
  const cases: readonly (readonly [name: string, take: () => Promise<Pulse>])[] = [
    ['direct', () => takePulse(run, routeTo(direct(origin.port), origin.port), PER_SECOND)],
    ['sluice', () => hostPulse(run, 'sluice', [])],
    ...CODINGS.map((coding) => {
      const name = `searching ${coding}`;
      return [name, () => hostPulse(run, name, [files[coding], coding])] as const;
    }),
  ];
  const pulses = new Map(cases.map(([name]) => [name, [] as Pulse[]]));
  for (let round = 0; round < flags.rounds; round += 1)
    for (const [name, take] of rotated(cases, round)) pulses.get(name)?.push(await take());
  const p99 = (name: string): number => median((pulses.get(name) ?? []).map((pulse) => pulse.p99));
  const rows = [...pulses].map(([name, all]) => {
    const added = p99(name) - p99('direct');
    const errors = all.reduce((sum, pulse) => sum + pulse.errors, 0);
    return [name, number(median(all.map(({ p50 }) => p50)), 2), number(p99(name), 2), number(added, 2), number(errors)];
  });
  const title = `Latency while flows are searched: milliseconds at ${PER_SECOND} requests/s`;
  report.table(title, ['', 'p50', 'p99', 'added p99', 'errors'], rows);
  report.note('search-latency', Math.max(...CODINGS.map((coding) => p99(`searching ${coding}`) - p99('direct'))));
}

/** How long a search over a capture takes, and what it does to those whose requests pass meanwhile. */
export async function benchSearch(run: Run): Promise<void> {
  const { stage, report, flags } = run;
  const folder = stage.makeFolder('bodies');
  const files: Files = { plain: path.join(folder, 'plain'), gzip: path.join(folder, 'gzip') };
  const rows: string[][] = [];
  for (const coding of CODINGS) {
    const { first, complete, hits } = await searchTimes(run, files[coding], coding);
    rows.push([coding, number(first), number(complete), number(hits)]);
    report.note('search-first', first);
    report.note(`search-${coding}`, complete);
  }
  const title = `Search over 10,000 bodies of 100 kB: milliseconds, median of ${flags.rounds}`;
  report.table(title, ['', 'first hits', 'complete', 'hits'], rows);
  await measureLatency(run, files);
}
