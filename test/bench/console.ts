import xterm from '@xterm/headless';
import { SLUICE_MAIN } from './contender.js';
import { freePort, untilListening } from './port.js';
import type { Run } from './run.js';
import { COLUMNS, LINES, openTerminal, type Terminal, type TerminalProgram } from './terminal.js';

const PATIENCE_MS = 30_000;

/** A console in a terminal, and what stands on its screen. */
export class Console {
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

export interface OpenedSluice {
  readonly console: Console;
  readonly port: number;
}

/** sluice with flags of its own, in a terminal that is read. */
export async function openSluice(run: Run, flags: readonly string[] = []): Promise<OpenedSluice> {
  const port = await freePort();
  const args = [SLUICE_MAIN, '--ssl-insecure', '-p', String(port), ...flags];
  const env = { SLUICE_HOME: run.stage.makeFolder('sluice') };
  const program = { name: 'sluice', file: process.execPath, args, env };
  return { console: await Console.open(run, program, port), port };
}
