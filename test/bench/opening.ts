import path from 'node:path';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';
import { SLUICE_MAIN } from './contender.js';
import { makeDump } from './dumps.js';
import { median } from './numbers.js';
import { SMALL_PATH } from './origin.js';
import { freePort, untilListening } from './port.js';
import type { Pulse } from './pulse.js';
import { number, ratio } from './report.js';
import type { Run } from './run.js';
import { COLUMNS, LINES, openTerminal, type Terminal, type TerminalProgram } from './terminal.js';

const PULSE_MAIN = fileURLToPath(new URL('pulse.js', import.meta.url));
const COUNTS = [10_000, 100_000] as const;
const PATIENCE_MS = 30_000;
const PULSE_RATE = 400;
/** mitmproxy takes minutes for more. */
const MOST_FOR_PEER = 10_000;

/** A console in a terminal, and what stands on its screen. */
class Console {
  private readonly screen = new xterm.Terminal({ cols: COLUMNS, rows: LINES, allowProposedApi: true });
  private terminal: Terminal | null = null;
  private looking: () => void = () => {};

  private constructor(readonly name: string) {}

  static async open({ stage }: Run, program: TerminalProgram, port: number): Promise<Console> {
    const console = new Console(program.name);
    const onOutput = (piece: string): void =>
      console.screen.write(Buffer.from(piece, 'latin1'), () => console.looking());
    console.terminal = await openTerminal(stage, { ...program, onOutput });
    await untilListening(program.name, port, console.terminal.ended);
    return console;
  }

  press(keys: string): void {
    this.terminal?.press(keys);
  }

  private text(): string {
    const { active } = this.screen.buffer;
    return Array.from({ length: LINES }, (_, y) => active.getLine(y)?.translateToString(true) ?? '').join('\n');
  }

  /** Milliseconds until the screen shows what matches. */
  shows(wanted: RegExp): Promise<number> {
    const begun = performance.now();
    return new Promise((done, fail) => {
      const late = setTimeout(
        () => fail(new Error(`${this.name} never showed ${wanted}:\n${this.text()}`)),
        PATIENCE_MS,
      );
      const look = (): void => {
        if (!wanted.test(this.text())) return;
        clearTimeout(late);
        this.looking = () => {};
        done(performance.now() - begun);
      };
      this.looking = look;
      look();
    });
  }

  stop({ stage }: Run): Promise<void> {
    return this.terminal ? stage.stop(this.terminal) : Promise.resolve();
  }
}

async function openSluice(run: Run): Promise<{ readonly console: Console; readonly port: number }> {
  const port = await freePort();
  const args = [SLUICE_MAIN, '--ssl-insecure', '-p', String(port)];
  const env = { SLUICE_HOME: run.stage.makeFolder('sluice') };
  const program = { name: 'sluice', file: process.execPath, args, env };
  return { console: await Console.open(run, program, port), port };
}

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

async function takePulse({ stage, origin, flags }: Run, port: number): Promise<Pulse> {
  const own = `127.0.0.1:${origin.port}`;
  const words = [
    PULSE_MAIN,
    String(port),
    `http://${own}${SMALL_PATH}`,
    own,
    String(flags.seconds),
    String(PULSE_RATE),
  ];
  return JSON.parse(await stage.run(process.execPath, words)) as Pulse;
}

/** How much later answers come while dumps are opened one after the other. */
async function addedLatency(run: Run, file: string): Promise<{ readonly alone: Pulse; readonly busy: Pulse }> {
  const { console, port } = await openSluice(run);
  const alone = await takePulse(run, port);
  let isOver = false;
  const opening = (async () => {
    while (!isOver) await timeOpening(console, file, counted(100_000)).then(() => clear(console));
  })();
  opening.catch(() => {}); // told by the await below
  const busy = await takePulse(run, port);
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
