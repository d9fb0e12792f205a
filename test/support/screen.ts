import { PassThrough, Writable } from 'node:stream';
import { DEADLINE } from './deadline.js';

import unicode11 = require('@xterm/addon-unicode11');
import xterm = require('@xterm/headless');

/** A terminal in memory: what a person would see, cell by cell, and every byte that was written to it. */
export class TestScreen {
  readonly input: PassThrough & { isTTY: boolean; setRawMode(raw: boolean): unknown };
  readonly output: Writable & { columns: number; rows: number; isTTY: boolean };
  raw = '';
  isRawMode = false;
  private readonly terminal: InstanceType<typeof xterm.Terminal>;
  private readonly waiting = new Set<() => void>();

  constructor(columns: number, rows: number) {
    this.terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    this.terminal.loadAddon(new unicode11.Unicode11Addon());
    this.terminal.unicode.activeVersion = '11';
    const setRawMode = (raw: boolean): void => {
      this.isRawMode = raw;
    };
    this.input = Object.assign(new PassThrough(), { isTTY: true, setRawMode });
    const write = (chunk: unknown, _encoding: string, done: () => void): void => {
      const text = String(chunk);
      this.raw += text;
      this.terminal.write(text, () => {
        done();
        for (const look of [...this.waiting]) look();
      });
    };
    const output = new Writable({ decodeStrings: false, write });
    this.output = Object.assign(output, { columns, rows, isTTY: true });
  }

  lines(): string[] {
    const { buffer, rows } = this.terminal;
    return Array.from({ length: rows }, (_, y) => (buffer.active.getLine(y)?.translateToString(true) ?? '').trimEnd());
  }

  text(): string {
    return this.lines().join('\n');
  }

  get isAlternate(): boolean {
    return this.terminal.buffer.active.type === 'alternate';
  }

  /** The cell's text, width and colour number (-1 for the default). */
  cell(
    x: number,
    y: number,
  ): { readonly text: string; readonly width: number; readonly color: number; readonly isInverse: boolean } {
    const cell = this.terminal.buffer.active.getLine(y)?.getCell(x);
    return {
      text: cell?.getChars() ?? '',
      width: cell?.getWidth() ?? 0,
      color: cell?.isFgDefault() ? -1 : (cell?.getFgColor() ?? -1),
      isInverse: Boolean(cell?.isInverse()),
    };
  }

  press(...keys: readonly string[]): void {
    for (const key of keys) this.input.write(key);
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
    Object.assign(this.output, { columns, rows });
    this.output.emit('resize');
  }

  /** Waits for a frame that is as it should be. */
  shows(isRight: (frame: string) => boolean, what: string): Promise<string> {
    return this.until(() => isRight(this.text()), `never showed ${what}`);
  }

  /** Settled by the first frame that shows it; fails with the last one. */
  sees(wanted: RegExp | string): Promise<string> {
    return this.until(
      () => (typeof wanted === 'string' ? this.text().includes(wanted) : wanted.test(this.text())),
      `the screen never showed ${wanted}`,
    );
  }

  /** Settled by the first frame that no longer shows it. */
  losesSight(unwanted: RegExp | string): Promise<string> {
    return this.until(
      () => !(typeof unwanted === 'string' ? this.text().includes(unwanted) : unwanted.test(this.text())),
      `the screen never stopped showing ${unwanted}`,
    );
  }

  private until(isThere: () => boolean, what: string): Promise<string> {
    return new Promise((done, fail) => {
      const look = (): void => {
        if (!isThere()) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        done(this.text());
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        fail(new Error(`${what}. The last frame:\n${this.text()}`));
      }, DEADLINE);
      this.waiting.add(look);
      look();
    });
  }
}
