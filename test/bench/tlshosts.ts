import { fileURLToPath } from 'node:url';
import { type Contender, startMitmdump, startSluice } from './contender.js';
import { CONNECTIONS } from './load.js';
import { median, rotated } from './numbers.js';
import { SMALL_PATH } from './origin.js';
import { number, ratio } from './report.js';
import type { Run } from './run.js';
import type { Visits } from './visitor.js';

const VISITOR_MAIN = fileURLToPath(new URL('visitor.js', import.meta.url));
/** Certificates and handshakes are much code to warm up. */
const WARM_SECONDS = 4;

async function visits({ stage, origin }: Run, { port }: Contender, seconds: number): Promise<Visits> {
  const args = [VISITOR_MAIN, String(port), `127.0.0.1:${origin.tlsPort}`, SMALL_PATH, String(seconds)];
  return JSON.parse(await stage.run(process.execPath, args)) as Visits;
}

/** How many hosts per second are met for the first time: a certificate, two handshakes and a request each. */
export async function benchTlsHosts(run: Run): Promise<void> {
  const { stage, flags, report, tools } = run;
  const mitmdump = tools.get('mitmdump');
  const contenders: Contender[] = [
    await startSluice(stage),
    ...(mitmdump === undefined ? [] : [await startMitmdump(stage, mitmdump)]),
  ];
  const found = new Map(contenders.map((contender) => [contender.name, [] as Visits[]]));
  for (const contender of contenders) await visits(run, contender, WARM_SECONDS);
  for (let round = 0; round < flags.rounds; round += 1)
    for (const contender of rotated(contenders, round))
      found.get(contender.name)?.push(await visits(run, contender, flags.seconds));
  const rateOf = (name: string): number | null => {
    const all = found.get(name);
    return all ? median(all.map(({ perSecond }) => perSecond)) : null;
  };
  const rows = [...found].map(([name, all]) => {
    const middle = rateOf(name);
    const errors = all.reduce((sum, one) => sum + one.errors, 0);
    const rounds = all.map(({ perSecond }) => number(perSecond)).join(' ');
    return [name, number(middle), ratio(middle, rateOf('mitmdump')), number(errors), rounds];
  });
  const title = `New TLS hosts per second, ${CONNECTIONS} connections at a time, median of ${flags.rounds} x ${flags.seconds} s`;
  report.table(title, ['', 'median', 'of mitmdump', 'errors', 'rounds'], rows);
  report.note('tls-hosts', (rateOf('sluice') ?? Number.NaN) / (rateOf('mitmdump') ?? Number.NaN));
}
