import { SLUICE_MAIN } from './contender.js';
import { median } from './numbers.js';
import { freePort } from './port.js';
import { number, ratio } from './report.js';
import type { Run } from './run.js';
import { FRAME_END, openTerminal, plainText, type TerminalProgram } from './terminal.js';

const TIMES = 5;
const PATIENCE_MS = 30_000;

/** A console and how to know its first whole frame. */
interface Console {
  readonly name: string;
  program(port: number): TerminalProgram;
  isShown(output: string, port: number): boolean;
}

function sluiceConsole(home: string): Console {
  return {
    name: 'sluice',
    program: (port) => ({
      name: 'sluice',
      file: process.execPath,
      args: [SLUICE_MAIN, '-p', String(port)],
      env: { SLUICE_HOME: home },
    }),
    isShown: (output) => {
      const whole = output.slice(0, Math.max(0, output.lastIndexOf(FRAME_END)));
      return /listening\s*on/.test(plainText(whole)); // a blank may be skipped, not written
    },
  };
}

function mitmproxyConsole(file: string, confdir: string): Console {
  return {
    name: 'mitmproxy',
    program: (port) => ({
      name: 'mitmproxy',
      file,
      args: ['--listen-host', '127.0.0.1', '-p', String(port), '--set', `confdir=${confdir}`],
    }),
    isShown: (output, port) => plainText(output).includes(`[127.0.0.1:${port}]`), // in the status bar, the last line
  };
}

/** Milliseconds from the start of a console to its first whole frame. */
async function firstFrame({ stage }: Run, { program, isShown }: Console): Promise<number> {
  const port = await freePort();
  const begun = performance.now();
  let output = '';
  let shown: (at: number) => void = () => {};
  const frame = new Promise<number>((done) => {
    shown = done;
  });
  const onOutput = (piece: string): void => {
    output += piece;
    if (isShown(output, port)) shown(performance.now() - begun);
  };
  const settings = program(port);
  const terminal = await openTerminal(stage, { ...settings, onOutput });
  const gone = terminal.ended.then((last) => {
    throw new Error(`${settings.name} showed no frame: ${last}`);
  });
  gone.catch(() => {}); // it also ends when it is stopped
  let timer: NodeJS.Timeout | null = null;
  const late = new Promise<never>((_, reject) => {
    const seen = (): string => plainText(output).trim().slice(-500);
    timer = setTimeout(() => reject(new Error(`${settings.name} showed no frame in time: ${seen()}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([frame, gone, late]);
  } finally {
    if (timer) clearTimeout(timer);
    await stage.stop(terminal);
  }
}

/** How soon a console can be seen; the certificates are there already. */
export async function benchFrame(run: Run): Promise<void> {
  const { stage, report, tools } = run;
  const mitmproxy = tools.get('mitmproxy');
  const consoles = [sluiceConsole(stage.makeFolder('sluice'))];
  if (mitmproxy !== undefined) consoles.push(mitmproxyConsole(mitmproxy, stage.makeFolder('mitmproxy')));
  const times = new Map(consoles.map((console) => [console, [] as number[]]));
  for (const console of consoles) await firstFrame(run, console); // makes the certificates
  for (let time = 0; time < TIMES; time += 1)
    for (const console of consoles) times.get(console)?.push(await firstFrame(run, console));
  const medians = new Map([...times].map(([{ name }, all]) => [name, median(all)]));
  const [own, peer] = [medians.get('sluice') ?? Number.NaN, medians.get('mitmproxy') ?? null];
  const rows = [...times].map(([{ name }, all]) => {
    const rounds = all.map((one) => number(one)).join(' ');
    return [name, number(median(all)), ratio(median(all), peer), rounds];
  });
  report.table(
    `First frame: milliseconds from the start, median of ${TIMES}`,
    ['', 'median', 'of mitmproxy', 'rounds'],
    rows,
  );
  report.note('frame', own / (peer ?? Number.NaN));
}
