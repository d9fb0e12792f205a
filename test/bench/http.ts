import { type Contender, direct, startMitmdump, startRelay, startSluice } from './contender.js';
import { residentBytes } from './memory.js';
import { measureRates, type Rate, rateOf, routeTo, showRates } from './rate.js';
import { megabytes, number } from './report.js';
import type { Run } from './run.js';

/** Memory before and after, and what one request left behind. */
function memoryRow({ contender, requests }: Rate, before: ReadonlyMap<Contender, number | null>): readonly string[] {
  const old = before.get(contender) ?? null;
  const bytes = contender.pid === null ? null : residentBytes(contender.pid);
  const perFlow = bytes === null || old === null ? null : (bytes - old) / requests;
  return [contender.name, megabytes(old), megabytes(bytes), number(requests), number(perFlow)];
}

/** Plain HTTP: requests per second, and the memory it took. */
export async function benchHttp(run: Run): Promise<void> {
  const { stage, origin, report, tools } = run;
  const mitmdump = tools.get('mitmdump');
  const sluice = await startSluice(stage);
  const contenders = [direct(origin.port), await startRelay(stage, origin.port), sluice];
  if (mitmdump !== undefined) contenders.push(await startMitmdump(stage, mitmdump));
  const before = new Map(contenders.map((one) => [one, one.pid === null ? null : residentBytes(one.pid)]));
  const routes = contenders.map((contender) => routeTo(contender, origin.port));
  const rates = await measureRates(run, routes, origin.port);
  showRates(run, 'HTTP, 1 kB', rates);
  report.note('http', (rateOf(rates, 'sluice') ?? Number.NaN) / (rateOf(rates, 'mitmdump') ?? Number.NaN));
  const rows = rates.filter(({ contender }) => contender.pid !== null).map((rate) => memoryRow(rate, before));
  report.table('Memory after that', ['', 'before MB', 'after MB', 'flows', 'bytes per flow'], rows);
  const { bytes, frames } = sluice.drawn();
  report.say(`  sluice's console drew ${number(frames)} frames meanwhile, ${megabytes(bytes)} MB.`);
}
