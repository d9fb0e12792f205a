import type { Contender } from './contender.js';
import { CONNECTIONS, type LoadResult, runLoad } from './load.js';
import { median, rotated } from './numbers.js';
import { SMALL_PATH } from './origin.js';
import { number, ratio } from './report.js';
import { type Run, toolOf } from './run.js';

const WARM_SECONDS = 1;

/** A contender and how wrk reaches the origin by it. */
export interface Route {
  readonly contender: Contender;
  readonly base: string;
  readonly target: string;
}

export interface Rate {
  readonly contender: Contender;
  /** Requests per second, one per round. */
  readonly perSecond: readonly number[];
  /** All requests that were made, the ones for warming up included. */
  readonly requests: number;
  readonly errors: number;
}

export function routeTo(contender: Contender, originPort: number): Route {
  const target = contender.isProxy ? `http://127.0.0.1:${originPort}${SMALL_PATH}` : SMALL_PATH;
  return { contender, base: `http://127.0.0.1:${contender.port}`, target };
}

/** Loads every route in turn, once to warm up and then `rounds` times, one at a time. */
export async function measureRates(run: Run, routes: readonly Route[], originPort: number): Promise<Rate[]> {
  const { stage, flags } = run;
  const wrk = toolOf(run, 'wrk');
  const load = ({ base, target }: Route, seconds: number): Promise<LoadResult> =>
    runLoad(stage, { wrk, base, target, host: `127.0.0.1:${originPort}`, seconds });
  const results = new Map(routes.map((route) => [route, [] as LoadResult[]]));
  for (const route of routes) results.get(route)?.push(await load(route, WARM_SECONDS));
  for (let round = 0; round < flags.rounds; round += 1)
    for (const route of rotated(routes, round)) results.get(route)?.push(await load(route, flags.seconds));
  return [...results].map(([{ contender }, all]) => ({
    contender,
    perSecond: all.slice(1).map((result) => result.perSecond),
    requests: all.reduce((sum, result) => sum + result.requests, 0),
    errors: all.reduce((sum, result) => sum + result.errors, 0),
  }));
}

/** The median of a contender by name, or null where it did not take part. */
export function rateOf(rates: readonly Rate[], name: string): number | null {
  const rate = rates.find((one) => one.contender.name === name);
  return rate ? median(rate.perSecond) : null;
}

export function showRates({ report, flags }: Run, title: string, rates: readonly Rate[]): void {
  const [direct, mitmdump] = [rateOf(rates, 'direct'), rateOf(rates, 'mitmdump')];
  const rows = rates.map(({ contender, perSecond, errors }) => {
    const middle = median(perSecond);
    const rounds = perSecond.map((one) => number(one)).join(' ');
    return [contender.name, number(middle), ratio(middle, direct), ratio(middle, mitmdump), number(errors), rounds];
  });
  const how = `requests/s, ${CONNECTIONS} connections, median of ${flags.rounds} x ${flags.seconds} s`;
  report.table(`${title}: ${how}`, ['', 'median', 'of direct', 'of mitmdump', 'errors', 'rounds'], rows);
}
