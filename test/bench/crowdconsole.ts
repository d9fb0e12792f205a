import fs from 'node:fs';
import { MessageChannel, Worker } from 'node:worker_threads';
import { loadKeymap } from '../../src/cli/console.js';
import { defaultOptions, isMistake } from '../../src/options.js';
import { type ProxyCommand, type ProxyEvent, portOver } from '../../src/protocol.js';
import { Program } from '../../src/ui/program.js';
import { initialState } from '../../src/ui/state.js';
import { Terminal } from '../../src/ui/terminal.js';
import type { Msg } from '../../src/ui/update.js';

/*
 * A program of its own: the console over rows that a thread makes up. What takes how long is appended to a file.
 *
 * node crowdconsole.js ROWS RATE FILE ALL_HERE
 */

/** A line of the file: how long after an option changed a list was there, or how long nothing else could be done. */
export interface Timing {
  readonly what: 'list' | 'stall';
  readonly milliseconds: number;
}

const PULSE = 5;

const [count = '0', rate = '0', file = '/dev/null', allHere = ''] = process.argv.slice(2);
const keymap = loadKeymap('/nonexistent');
if (isMistake(keymap)) throw new Error(keymap.mistake);
const { port1, port2 } = new MessageChannel();
new Worker(new URL('./crowd.js', import.meta.url), {
  workerData: { port: port2, count: Number(count), rate: Number(rate), allHere },
  transferList: [port2],
});
const terminal = new Terminal({ input: process.stdin, output: process.stdout, hasColor: true, hasMouse: true });
const around = {
  version: 'bench',
  confdir: '/nonexistent',
  caFile: '',
  environment: [],
  environmentCommand: '',
  commandDocs: new Map<string, string>(),
  timeOf: (at: number) => new Date(at).toISOString().slice(11, 19),
  dateTimeOf: (at: number) => new Date(at).toISOString(),
};
const options = { ...defaultOptions(), command_history: false };
const size = { columns: terminal.columns, lines: terminal.rows };

function note(timing: Timing): void {
  fs.appendFileSync(file, `${JSON.stringify(timing)}\n`);
}

class TimedProgram extends Program {
  private askedAt = 0;

  override send(msg: Msg): void {
    if (msg.type === 'heard' && msg.event.type === 'option-changed') this.askedAt = performance.now();
    super.send(msg);
    if (msg.type !== 'answered' || msg.event.type !== 'list-made') return;
    note({ what: 'list', milliseconds: performance.now() - this.askedAt });
  }
}

new TimedProgram(
  initialState(around, keymap, options, size, Date.now()),
  terminal,
  portOver<ProxyEvent, ProxyCommand>(port1),
  () => Date.now(),
);

let before = performance.now();
setInterval(() => {
  const now = performance.now();
  const late = now - before - PULSE;
  before = now;
  if (late > PULSE) note({ what: 'stall', milliseconds: late });
}, PULSE);
for (const signal of ['SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    terminal.close();
    process.exit(0);
  });
