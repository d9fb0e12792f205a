import { cleanEnvironment, type Stage } from './stage.js';

const COLUMNS = 200;
const LINES = 50;
const TAIL = 4_000;

/** The end of a synchronized update, with which sluice ends each frame. */
export const FRAME_END = '\x1b[?2026l';

/** What a program has drawn so far. */
export interface Drawn {
  readonly bytes: number;
  /** Frames that were marked as such. */
  readonly frames: number;
}

/** A program in a pseudo-terminal, whose output is always read, so that it never waits for a reader. */
export interface Terminal {
  readonly pid: number;
  /** Its end, with what it showed last. */
  readonly ended: Promise<string>;
  drawn(): Drawn;
  /** Types keys, as the bytes a terminal sends for them. */
  type(keys: string): void;
}

export interface TerminalProgram {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Gets each piece of output, one character per byte. */
  readonly onOutput?: (piece: string) => void;
}

/** Text without the sequences that move, colour or switch. */
export function plainText(output: string): string {
  return output.replace(/\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b./g, '');
}

/** Why no terminal can be opened here, or null. */
export async function terminalFault(): Promise<string | null> {
  try {
    await import('@lydell/node-pty');
    return null;
  } catch {
    return 'the optional package @lydell/node-pty is not installed';
  }
}

export async function openTerminal(stage: Stage, program: TerminalProgram): Promise<Terminal> {
  const { spawn } = await import('@lydell/node-pty');
  const { NO_COLOR: _, ...env } = cleanEnvironment();
  const pty = spawn(program.file, [...program.args], {
    name: 'xterm-256color',
    cols: COLUMNS,
    rows: LINES,
    cwd: stage.folder,
    env: { ...env, COLORTERM: 'truecolor', ...program.env },
    encoding: 'latin1',
  });
  let [bytes, frames, last] = [0, 0, ''];
  pty.onData((piece) => {
    bytes += piece.length;
    frames += piece.split(FRAME_END).length - 1;
    last = piece.length >= TAIL ? piece.slice(-TAIL) : (last + piece).slice(-TAIL);
    program.onOutput?.(piece);
  });
  const ended = new Promise<string>((done) => {
    pty.onExit(({ exitCode }) => done(`exit code ${exitCode}, last shown: ${plainText(last).trim().slice(-500)}`));
  });
  const { pid } = pty;
  stage.adopt({ name: program.name, pid, ended });
  return { pid, ended, drawn: () => ({ bytes, frames }), type: (keys) => pty.write(keys) };
}
