import { type Contender, direct, startMitmdump, startRelay, startSluice } from './contender.js';
import { median, rotated } from './numbers.js';
import type { Pulse } from './pulse.js';
import { takePulse } from './pulsed.js';
import { routeTo } from './rate.js';
import { number } from './report.js';
import type { Run } from './run.js';

/** Milliseconds as microseconds. */
function micro(milliseconds: number): string {
  return number(milliseconds * 1000);
}

/** How much later answers come when somebody is in between and nobody is in a hurry. */
export async function benchLatency(run: Run): Promise<void> {
  const { stage, flags, origin, report, tools } = run;
  const mitmdump = tools.get('mitmdump');
  const contenders: Contender[] = [
    direct(origin.port),
    await startRelay(stage, origin.port),
    await startSluice(stage),
    ...(mitmdump === undefined ? [] : [await startMitmdump(stage, mitmdump)]),
  ];
  const pulses = new Map(contenders.map((contender) => [contender, [] as Pulse[]]));
  for (let round = 0; round < flags.rounds; round += 1)
    for (const contender of rotated(contenders, round))
      pulses.get(contender)?.push(await takePulse(run, routeTo(contender, origin.port)));
  const middles = contenders.map((contender) => {
    const all = pulses.get(contender) ?? [];
    return {
      name: contender.name,
      p50: median(all.map((pulse) => pulse.p50)),
      p99: median(all.map((pulse) => pulse.p99)),
      errors: all.reduce((sum, pulse) => sum + pulse.errors, 0),
    };
  });
  const [base] = middles;
  const rows = middles.map(({ name, p50, p99, errors }) => {
    const added = base === undefined || name === base.name ? ['', ''] : [micro(p50 - base.p50), micro(p99 - base.p99)];
    return [name, micro(p50), micro(p99), ...added, number(errors)];
  });
  const title = `Latency, HTTP, 1 kB: microseconds at 200 requests/s over 4 connections, median of ${flags.rounds}`;
  report.table(`${title} x ${flags.seconds} s`, ['', 'p50', 'p99', 'added p50', 'added p99', 'errors'], rows);
}
