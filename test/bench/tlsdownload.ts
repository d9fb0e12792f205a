import { type Contender, direct, startMitmdump, startSluice } from './contender.js';
import { median, rotated } from './numbers.js';
import { number, ratio } from './report.js';
import type { Run } from './run.js';
import { download } from './transfer.js';

const STREAM_ABOVE = '1m';

/** 1 GiB by one intercepted TLS connection. */
export async function benchTlsDownload(run: Run): Promise<void> {
  const { stage, flags, origin, report, tools } = run;
  const mitmdump = tools.get('mitmdump');
  const contenders: Contender[] = [
    direct(origin.tlsPort),
    await startSluice(stage, ['--stream', STREAM_ABOVE], 'sluice, streamed'),
    ...(mitmdump === undefined ? [] : [await startMitmdump(stage, mitmdump, [`stream_large_bodies=${STREAM_ABOVE}`])]),
  ];
  const speeds = new Map(contenders.map((contender) => [contender, [] as number[]]));
  for (let round = 0; round < flags.rounds; round += 1)
    for (const contender of rotated(contenders, round))
      speeds.get(contender)?.push((await download(run, contender, 'https')).speed);
  const results = contenders.map((contender) => ({
    name: contender.name,
    speed: median(speeds.get(contender) ?? []),
    rounds: (speeds.get(contender) ?? []).map((speed) => number(speed / 1e6)).join(' '),
  }));
  const speedOf = (name: string): number | null => results.find((one) => one.name === name)?.speed ?? null;
  const [base, peer] = [speedOf('direct'), speedOf('mitmdump')];
  const rows = results.map(({ name, speed, rounds }) => [
    name,
    number(speed / 1e6),
    ratio(speed, base),
    ratio(speed, peer),
    rounds,
  ]);
  const head = ['', 'median', 'of direct', 'of mitmdump', 'rounds'];
  report.table(`1 GiB download, HTTPS, intercepted: MB/s, median of ${flags.rounds}`, head, rows);
  report.note('tls-streamed', (speedOf('sluice, streamed') ?? Number.NaN) / (peer ?? Number.NaN));
}
