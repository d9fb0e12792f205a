import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Contender, direct, type Sluice, startMitmdump, startRelay, startSluice } from './contender.js';
import { median, rotated } from './numbers.js';
import { LARGE_BYTES } from './origin.js';
import { megabytes, number, ratio } from './report.js';
import type { Run } from './run.js';
import { type Download, download } from './transfer.js';

const STREAMED = 'sluice, streamed';
const RECORDED = 'sluice, recorded';
const STREAM_ABOVE = '1m';
/** How long a recording may take to reach the disk after its download. */
const SETTLE_MS = 5_000;

const PIECE = Buffer.alloc(1024 * 1024, 'x');

/**
 * Writes a file of that size and removes it; bytes per second. Memory that a virtual machine touches for the first time
 * it gets from its host, which may take longer than to write: what is recorded next finds the memory of this file.
 */
function plainWrite(folder: string): number {
  const file = path.join(folder, 'plain');
  const begun = performance.now();
  const fd = fs.openSync(file, 'w');
  for (let size = 0; size < LARGE_BYTES; size += PIECE.length) fs.writeSync(fd, PIECE);
  fs.closeSync(fd);
  const seconds = (performance.now() - begun) / 1000;
  fs.rmSync(file);
  return LARGE_BYTES / seconds;
}

/** Bytes of the bodies that sluice has recorded in files. */
function recordedBytes({ home }: Sluice): number {
  const names = fs.readdirSync(path.join(home, 'sessions'), { recursive: true, encoding: 'utf8' });
  const bodies = names.filter((name) => name.endsWith('.body'));
  return bodies.reduce((sum, name) => sum + fs.statSync(path.join(home, 'sessions', name)).size, 0);
}

/** Whether every download is whole in sluice's files; if not, only a part of the work was measured. */
async function checkRecording({ report, flags }: Run, sluice: Sluice): Promise<void> {
  const expected = flags.rounds * LARGE_BYTES;
  for (const until = Date.now() + SETTLE_MS; recordedBytes(sluice) < expected && Date.now() < until; ) await delay(100);
  const bytes = recordedBytes(sluice);
  const isWhole = bytes === expected;
  const share = `${megabytes(bytes)} of ${megabytes(expected)} MB are on disk`;
  report.say(`  What was recorded is ${isWhole ? 'whole' : 'NOT whole'}: ${share}.`);
  if (!isWhole) for (const name of ['recorded', 'recorded-growth'] as const) report.blame(name, share);
}

/** 1 GiB by one connection: speed, and the memory of whoever passes it on. */
export async function benchDownload(run: Run): Promise<void> {
  const { stage, flags, origin, report, tools } = run;
  const mitmdump = tools.get('mitmdump');
  const recorded = await startSluice(stage, [], RECORDED);
  const contenders: Contender[] = [
    direct(origin.port),
    await startRelay(stage, origin.port),
    await startSluice(stage, ['--stream', STREAM_ABOVE], STREAMED),
    recorded,
  ];
  if (mitmdump !== undefined)
    contenders.push(await startMitmdump(stage, mitmdump, [`stream_large_bodies=${STREAM_ABOVE}`]));
  const downloads = new Map(contenders.map((contender) => [contender, [] as Download[]]));
  const writes: number[] = [];
  await download(run, direct(origin.port)); // the file comes into the page cache
  for (let round = 0; round < flags.rounds; round += 1)
    for (const contender of rotated(contenders, round)) {
      if (contender === recorded) writes.push(plainWrite(recorded.home));
      downloads.get(contender)?.push(await download(run, contender));
    }
  const results = contenders.map((contender) => {
    const all = downloads.get(contender) ?? [];
    const growths = all.map(({ growth }) => growth).filter((growth) => growth !== null);
    return {
      name: contender.name,
      speed: median(all.map(({ speed }) => speed)),
      growth: growths.length === 0 ? null : Math.max(...growths),
      rounds: all.map(({ speed }) => number(speed / 1e6)).join(' '),
    };
  });
  const resultOf = (name: string) => results.find((result) => result.name === name);
  const [base, peer] = [resultOf('direct')?.speed ?? null, resultOf('mitmdump')?.speed ?? null];
  const rows = results.map(({ name, speed, growth, rounds }) => [
    name === 'mitmdump' ? 'mitmdump, streamed' : name,
    number(speed / 1e6),
    ratio(speed, base),
    ratio(speed, peer),
    megabytes(growth),
    rounds,
  ]);
  const head = ['', 'median', 'of direct', 'of mitmdump', 'memory growth MB', 'rounds'];
  report.table(`1 GiB download, HTTP: MB/s, median of ${flags.rounds}; memory growth is the largest`, head, rows);
  const written = writes.map((speed) => number(speed / 1e6)).join(' ');
  report.say(`  Before each recorded download a file of that size was written and removed, at ${written} MB/s.`);
  await checkRecording(run, recorded);
  const [streamed, kept] = [resultOf(STREAMED), resultOf(RECORDED)];
  report.note('streamed', (streamed?.speed ?? Number.NaN) / (peer ?? Number.NaN));
  report.note('recorded', (kept?.speed ?? Number.NaN) / (peer ?? Number.NaN));
  report.note('streamed-growth', (streamed?.growth ?? Number.NaN) / 1e6);
  report.note('recorded-growth', (kept?.growth ?? Number.NaN) / 1e6);
}
