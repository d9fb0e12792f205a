import { type Contender, direct, startMitmdump, startRelay, startSluice } from './contender.js';
import { SMALL_PATH } from './origin.js';
import { freePort, untilListening } from './port.js';
import { measureRates, type Route, rateOf, showRates } from './rate.js';
import { type Run, toolOf } from './run.js';

/** wrk cannot ask for a tunnel, so that one socat process per connection does; it costs everybody the same. */
async function startTunnel(run: Run, address: string): Promise<Contender> {
  const port = await freePort();
  const listen = `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr,backlog=128,nodelay`;
  const { pid, ended } = run.stage.start('socat', toolOf(run, 'socat'), [listen, `${address},nodelay`]);
  await untilListening('socat', port, ended);
  return { name: 'socat', port, isProxy: false, pid };
}

function route(contender: Contender, port: number): Route {
  return { contender, base: `https://127.0.0.1:${port}`, target: SMALL_PATH };
}

/** HTTPS, opened by the proxies: requests per second over kept tunnels. */
export async function benchHttps(run: Run): Promise<void> {
  const { stage, origin, report, tools } = run;
  const { tlsPort } = origin;
  const mitmdump = tools.get('mitmdump');
  const relay = await startRelay(stage, tlsPort);
  const ceiling = await startTunnel(run, `TCP:127.0.0.1:${tlsPort}`);
  const routes = [direct(tlsPort), relay, ceiling].map((contender) => route(contender, contender.port));
  const proxies: Contender[] = [await startSluice(stage)];
  if (mitmdump !== undefined) proxies.push(await startMitmdump(stage, mitmdump));
  const tunnels: Contender[] = [];
  for (const proxy of proxies) {
    const tunnel = await startTunnel(run, `PROXY:127.0.0.1:127.0.0.1:${tlsPort},proxyport=${proxy.port}`);
    tunnels.push(tunnel);
    routes.push(route(proxy, tunnel.port));
  }
  const rates = await measureRates(run, routes, tlsPort);
  showRates(run, 'HTTPS, 1 kB, intercepted', rates);
  report.say('  The proxies are reached through socat; the row of socat alone is the most they could show.');
  report.note('https', (rateOf(rates, 'sluice') ?? Number.NaN) / (rateOf(rates, 'mitmdump') ?? Number.NaN));
}
