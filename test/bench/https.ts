import { type Contender, direct, startMitmdump, startRelay, startSluice } from './contender.js';
import { SMALL_PATH } from './origin.js';
import { freePort, untilListening } from './port.js';
import { measureRates, type Rate, type Route, rateOf, showRates } from './rate.js';
import type { Run } from './run.js';

/** A means to ask a proxy for a tunnel, which wrk cannot; it costs every proxy the same. */
interface Tunnelling {
  readonly name: string;
  /** Passes bytes to the origin, or through the proxy on that port. */
  readonly start: (proxyPort: number | null) => Promise<Contender>;
}

function byRelay({ stage, origin: { tlsPort } }: Run): Tunnelling {
  const start = (proxyPort: number | null): Promise<Contender> =>
    proxyPort === null ? startRelay(stage, tlsPort) : startRelay(stage, proxyPort, `127.0.0.1:${tlsPort}`);
  return { name: 'relay', start };
}

/** One process for each connection: together they need more of the machine than sluice does. */
function bySocat({ stage, origin: { tlsPort } }: Run, socat: string): Tunnelling {
  const start = async (proxyPort: number | null): Promise<Contender> => {
    const port = await freePort();
    const listen = `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr,backlog=128,nodelay`;
    const target = `127.0.0.1:${tlsPort}`;
    const address = proxyPort === null ? `TCP:${target}` : `PROXY:127.0.0.1:${target},proxyport=${proxyPort}`;
    const { pid, ended } = stage.start('socat', socat, [listen, `${address},nodelay`]);
    await untilListening('socat', port, ended);
    return { name: 'socat', port, isProxy: false, pid };
  };
  return { name: 'socat', start };
}

function route(contender: Contender, port: number): Route {
  return { contender, base: `https://127.0.0.1:${port}`, target: SMALL_PATH };
}

async function measure(run: Run, proxies: readonly Contender[], { name, start }: Tunnelling): Promise<readonly Rate[]> {
  const { origin, report } = run;
  const routes = [direct(origin.tlsPort), await start(null)].map((contender) => route(contender, contender.port));
  for (const proxy of proxies) routes.push(route(proxy, (await start(proxy.port)).port));
  const rates = await measureRates(run, routes, origin.tlsPort);
  showRates(run, `HTTPS, 1 kB, intercepted, through ${name}`, rates);
  report.say(`  The proxies are reached through ${name}; its row alone is the most they could show.`);
  return rates;
}

/** HTTPS, opened by the proxies: requests per second over kept tunnels. */
export async function benchHttps(run: Run): Promise<void> {
  const { stage, report, tools } = run;
  const [mitmdump, socat] = [tools.get('mitmdump'), tools.get('socat')];
  const proxies: Contender[] = [await startSluice(stage)];
  if (mitmdump !== undefined) proxies.push(await startMitmdump(stage, mitmdump));
  const rates = await measure(run, proxies, byRelay(run));
  report.note('https', (rateOf(rates, 'sluice') ?? Number.NaN) / (rateOf(rates, 'mitmdump') ?? Number.NaN));
  if (socat !== undefined) await measure(run, proxies, bySocat(run, socat));
}
