import path from 'node:path';
import { Console, openSluice } from './console.js';
import { makeDump } from './dumps.js';
import { median } from './numbers.js';
import { freePort } from './port.js';
import type { Pulse } from './pulse.js';
import { proxyRoute, takePulse } from './pulsed.js';
import { number, ratio } from './report.js';
import type { Run } from './run.js';

const COUNTS = [10_000, 100_000] as const;
const PULSE_RATE = 400;
/** mitmproxy takes minutes for more. */
const MOST_FOR_PEER = 10_000;

async function openMitmproxy(run: Run, file: string): Promise<Console> {
  const port = await freePort();
  const confdir = run.stage.makeFolder('mitmproxy');
  const args = ['--listen-host', '127.0.0.1', '-p', String(port), '--set', `confdir=${confdir}`];
  return Console.open(run, { name: 'mitmproxy', file, args }, port);
}

interface Times {
  readonly first: number;
  readonly whole: number;
}

function counted(count: number): RegExp {
  return new RegExp(`${count.toLocaleString('en-US')} flows loaded`);
}

async function timeOpening(console: Console, file: string, whole: RegExp): Promise<Times> {
  console.press('L');
  await console.shows(/^: view.flows.load/m);
  console.press(`${file}\r`);
  const first = await console.shows(/items\/30\b/); // on the screen below the first ones
  return { first, whole: first + (await console.shows(whole)) };
}

/** Saves what is listed; milliseconds until it says so. */
async function timeSaving(console: Console, file: string): Promise<number> {
  console.press('w');
  await console.shows(/^: save.file/m);
  console.press(`${file}\r`);
  return console.shows(/flows saved to/);
}

async function clear(console: Console): Promise<void> {
  console.press('z');
  await console.shows(/Delete/);
  console.press('y');
  await console.shows(/No traffic yet/);
}

/** How much later answers come while dumps are opened one after the other. */
async function addedLatency(run: Run, file: string): Promise<{ readonly alone: Pulse; readonly busy: Pulse }> {
  const { console, port } = await openSluice(run);
  const alone = await takePulse(run, proxyRoute(run, port), PULSE_RATE);
  let isOver = false;
  const opening = (async () => {
    while (!isOver) await timeOpening(console, file, counted(100_000)).then(() => clear(console));
  })();
  opening.catch(() => {}); // told by the await below
  const busy = await takePulse(run, proxyRoute(run, port), PULSE_RATE);
  isOver = true;
  await console.stop(run);
  await opening.catch(() => {});
  return { alone, busy };
}

/** How soon the flows of a dump are on the screen. */
export async function benchOpening(run: Run): Promise<void> {
  const { stage, report, tools, flags } = run;
  const folder = stage.makeFolder('dumps');
  const files = new Map<number, string>();
  for (const count of COUNTS) {
    const file = path.join(folder, `${count}.mitm`);
    await makeDump(file, count);
    files.set(count, file);
  }
  const { console } = await openSluice(run);
  const mitmproxy = tools.get('mitmproxy');
  const rows: string[][] = [];
  for (const [count, file] of files) {
    const times: Times[] = [];
    const saves: number[] = [];
    for (let round = 0; round < flags.rounds; round += 1) {
      times.push(await timeOpening(console, file, counted(count)));
      if (count <= 10_000) saves.push(await timeSaving(console, path.join(folder, 'saved.mitm')));
      await clear(console);
    }
    const [first, whole] = [median(times.map((one) => one.first)), median(times.map((one) => one.whole))];
    if (count === 100_000) {
      report.note('open-first', first);
      report.note('open-whole', whole);
    }
    if (saves.length > 0) report.note('open-save', median(saves));
    rows.push([
      `sluice, ${number(count)} flows`,
      number(first),
      number(whole),
      number(saves.length ? median(saves) : null),
      '',
    ]);
    if (mitmproxy === undefined || count > MOST_FOR_PEER) continue;
    const peer = await openMitmproxy(run, mitmproxy);
    peer.press(`L${file}\r`);
    const all = await peer.shows(new RegExp(`\\[1/${count}\\]`));
    await peer.stop(run);
    rows.push([`mitmproxy, ${number(count)} flows`, number(all), number(all), '', ratio(all, whole)]);
  }
  await console.stop(run);
  report.table(
    'Opening a dump with L: milliseconds',
    ['', 'first screen', 'complete', 'saved again', 'of sluice'],
    rows,
  );
  const { alone, busy } = await addedLatency(run, files.get(100_000) ?? '');
  report.note('open-latency', busy.p99 - alone.p99);
  report.table(
    `Latency at ${PULSE_RATE} requests/s while dumps of 100,000 flows are opened: milliseconds`,
    ['', 'p50', 'p99', 'errors'],
    [
      ['alone', number(alone.p50, 2), number(alone.p99, 2), String(alone.errors)],
      ['opening', number(busy.p50, 2), number(busy.p99, 2), String(busy.errors)],
    ],
  );
}
