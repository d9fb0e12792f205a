import { type Contender, direct, startMitmdump, startSluice } from './contender.js';
import { measureRates, rateOf, routeTo, showRates } from './rate.js';
import type { Run } from './run.js';

/** It stands for the origin: clients speak to it as to the origin. */
function standing(contender: Contender): Contender {
  return { ...contender, isProxy: false };
}

/** Requests per second in reverse mode. */
export async function benchReverse(run: Run): Promise<void> {
  const { stage, origin, report, tools } = run;
  const mitmdump = tools.get('mitmdump');
  const mode = `reverse:http://127.0.0.1:${origin.port}`;
  const contenders = [direct(origin.port), standing(await startSluice(stage, ['-m', mode]))];
  if (mitmdump !== undefined) contenders.push(standing(await startMitmdump(stage, mitmdump, [`mode=${mode}`])));
  const routes = contenders.map((contender) => routeTo(contender, origin.port));
  const rates = await measureRates(run, routes, origin.port);
  showRates(run, 'HTTP in reverse mode, 1 kB', rates);
  report.note('reverse', (rateOf(rates, 'sluice') ?? Number.NaN) / (rateOf(rates, 'mitmdump') ?? Number.NaN));
}
