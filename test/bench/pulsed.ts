import { fileURLToPath } from 'node:url';
import type { Pulse } from './pulse.js';
import { type Route, routeTo } from './rate.js';
import type { Run } from './run.js';

const PULSE_MAIN = fileURLToPath(new URL('pulse.js', import.meta.url));

/** By a proxy on that port. */
export function proxyRoute({ origin }: Run, port: number): Route {
  return routeTo({ name: `port ${port}`, port, isProxy: true, pid: null }, origin.port);
}

/** How long answers take at a steady, low rate: 200 a second unless told. */
export async function takePulse(run: Run, { contender, target }: Route, perSecond?: number): Promise<Pulse> {
  const { stage, flags, origin } = run;
  const rate = perSecond === undefined ? [] : [String(perSecond)];
  const words = [String(contender.port), target, `127.0.0.1:${origin.port}`, String(flags.seconds), ...rate];
  return JSON.parse(await stage.run(process.execPath, [PULSE_MAIN, ...words])) as Pulse;
}
