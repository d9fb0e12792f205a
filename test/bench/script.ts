import fs from 'node:fs';
import path from 'node:path';
import { startSluice } from './contender.js';
import { median } from './numbers.js';
import { measureRates, rateOf, routeTo, showRates } from './rate.js';
import { number } from './report.js';
import type { Run } from './run.js';
import { download } from './transfer.js';

const NOTHING = 'export function response(flow) {}\n';
const SAME = 'export function responseheaders(flow) {\n  flow.response.stream = (chunk) => chunk;\n}\n';

function scriptFile(run: Run, name: string, text: string): string {
  const file = path.join(run.stage.makeFolder('script'), name);
  fs.writeFileSync(file, text);
  return file;
}

/** What a script's thread costs: a hook that does nothing for every flow, and a function that every byte goes through. */
export async function benchScript(run: Run): Promise<void> {
  const { stage, flags, origin, report } = run;
  const plain = await startSluice(stage);
  const hooked = await startSluice(stage, ['-s', scriptFile(run, 'nothing.mjs', NOTHING)], 'with a hook');
  const routes = [plain, hooked].map((contender) => routeTo(contender, origin.port));
  const rates = await measureRates(run, routes, origin.port);
  showRates(run, 'HTTP, 1 kB, with a response hook that does nothing', rates);
  report.note('hook', (rateOf(rates, 'with a hook') ?? Number.NaN) / (rateOf(rates, 'sluice') ?? Number.NaN));
  const looking = await startSluice(stage, ['-s', scriptFile(run, 'same.mjs', SAME)], 'a function');
  const speeds: number[] = [];
  for (let round = 0; round < flags.rounds; round += 1) speeds.push((await download(run, looking)).speed);
  const rounds = speeds.map((speed) => number(speed / 1e6)).join(' ');
  report.table(
    '1 GiB through a stream function that changes nothing: MB/s',
    ['', 'median', 'rounds'],
    [['a function', number(median(speeds) / 1e6), rounds]],
  );
  report.note('function', median(speeds) / 1e6);
}
