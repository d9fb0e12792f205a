import { startSluice } from './contender.js';
import { measureRates, rateOf, routeTo, showRates } from './rate.js';
import type { Run } from './run.js';

const WITHOUT = 'sluice, no journal';

/** What the journal costs: requests per second with it, and with everything in memory alone. */
export async function benchJournal(run: Run): Promise<void> {
  const { stage, origin, report } = run;
  const contenders = [await startSluice(stage), await startSluice(stage, ['--no-journal'], WITHOUT)];
  const routes = contenders.map((contender) => routeTo(contender, origin.port));
  const rates = await measureRates(run, routes, origin.port);
  showRates(run, 'HTTP, 1 kB, with and without a journal', rates);
  report.note('journal', (rateOf(rates, 'sluice') ?? Number.NaN) / (rateOf(rates, WITHOUT) ?? Number.NaN));
}
