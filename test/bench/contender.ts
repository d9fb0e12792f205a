import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, untilListening } from './port.js';
import type { Stage } from './stage.js';
import { type Drawn, openTerminal } from './terminal.js';

/** What stands between a client and the origin. */
export interface Contender {
  readonly name: string;
  /** Where clients connect. */
  readonly port: number;
  /** A proxy is asked for the origin; anything else is spoken to as if it were the origin. */
  readonly isProxy: boolean;
  /** The process in between, or null where there is none. */
  readonly pid: number | null;
}

/** sluice, with the means to see what it did. */
export interface Sluice extends Contender {
  readonly pid: number;
  /** Its configuration folder. */
  readonly home: string;
  /** What its console has drawn so far. */
  drawn(): Drawn;
}

export const SLUICE_MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const RELAY_MAIN = fileURLToPath(new URL('relay.js', import.meta.url));

export function direct(port: number): Contender {
  return { name: 'direct', port, isProxy: false, pid: null };
}

/** Passes bytes to a port, or through the proxy there to an authority. */
export async function startRelay(stage: Stage, target: number, authority?: string): Promise<Contender> {
  const port = await freePort();
  const words = [String(port), String(target), ...(authority === undefined ? [] : [authority])];
  const { pid, ended } = stage.start('relay', process.execPath, [RELAY_MAIN, ...words]);
  await untilListening('relay', port, ended);
  return { name: 'relay', port, isProxy: false, pid };
}

/** Starts sluice with its console, which follows every new flow and so has much to draw. */
export async function startSluice(stage: Stage, args: readonly string[] = [], name = 'sluice'): Promise<Sluice> {
  const home = stage.makeFolder('sluice');
  const port = await freePort();
  const flags = ['--ssl-insecure', '--console-focus-follow', '-p', String(port), ...args];
  const terminal = await openTerminal(stage, {
    name,
    file: process.execPath,
    args: [SLUICE_MAIN, ...flags],
    env: { SLUICE_HOME: home },
  });
  await untilListening(name, port, terminal.ended);
  return { name, port, isProxy: true, pid: terminal.pid, home, drawn: terminal.drawn };
}

export async function startMitmdump(stage: Stage, file: string, settings: readonly string[] = []): Promise<Contender> {
  const confdir = stage.makeFolder('mitmproxy');
  const port = await freePort();
  const sets = [`confdir=${confdir}`, 'ssl_insecure=true', 'flow_detail=0', ...settings];
  const args = ['-q', '--listen-host', '127.0.0.1', '-p', String(port), ...sets.flatMap((set) => ['--set', set])];
  const { pid, ended } = stage.start(path.basename(file), file, args);
  await untilListening('mitmdump', port, ended);
  return { name: 'mitmdump', port, isProxy: true, pid };
}
