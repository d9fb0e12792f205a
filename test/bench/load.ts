import fs from 'node:fs';
import path from 'node:path';
import type { Stage } from './stage.js';

export const CONNECTIONS = 16;

export interface Load {
  readonly wrk: string;
  /** Where wrk connects: scheme, host and port. */
  readonly base: string;
  /** The request target: a path, or a whole URL for a proxy. */
  readonly target: string;
  /** The Host field: the origin's host and port. */
  readonly host: string;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Requests that failed: connections refused or cut, timeouts and statuses from 400 up. */
  readonly errors: number;
}

const DONE = `done = function(summary)
  local e = summary.errors
  io.write(string.format('\\nresult %d %d %d\\n', summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;

/** Asks for the same thing as fast as answers come, over kept connections, and counts. */
export async function runLoad(stage: Stage, load: Load): Promise<LoadResult> {
  const script = path.join(stage.makeFolder('wrk'), 'load.lua');
  fs.writeFileSync(script, `wrk.path = '${load.target}'\nwrk.headers['Host'] = '${load.host}'\n${DONE}`);
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${load.seconds}s`, '--timeout', '10s', '-s', script, load.base];
  const printed = await stage.run(load.wrk, args);
  const [requests, microseconds, errors] = /^result (\d+) (\d+) (\d+)$/m.exec(printed)?.slice(1).map(Number) ?? [];
  if (requests === undefined || microseconds === undefined || errors === undefined)
    throw new Error(`wrk printed no result: ${printed}`);
  return { requests, perSecond: requests / (microseconds / 1e6), errors };
}
