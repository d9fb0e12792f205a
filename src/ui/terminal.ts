import { createRequire } from 'node:module';
import { PassThrough, type Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { type Input, KeyDecoder } from './keys.js';
import type { Line, Screen } from './lines.js';
import { glyphOf, isWide } from './text.js';
import { type Attribute, attributes, PLAIN } from './theme.js';

import blessed = require('blessed');

/*
 * The only file that knows blessed. It is used as a canvas: cells are written here, blessed finds out what differs from
 * the terminal and writes that. Keys are decoded by ourselves, since its decoder loses and garbles many.
 */

export interface TerminalInput extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

export interface TerminalOutput extends Writable {
  readonly columns?: number;
  readonly rows?: number;
  readonly isTTY?: boolean;
}

export interface TerminalSettings {
  readonly input: TerminalInput;
  readonly output: TerminalOutput;
  readonly hasColor: boolean;
  readonly hasMouse: boolean;
}

type Cell = [attribute: Attribute, text: string];
type Row = Cell[] & { dirty?: boolean };

/** What is used of blessed beyond its types. */
interface Canvas {
  readonly program: {
    readonly cols: number;
    readonly rows: number;
    tmux: boolean;
    _write(text: string): void;
    flush(): void;
    cup(y: number, x: number): void;
    showCursor(): void;
    hideCursor(): void;
    normalBuffer(): void;
    alternateBuffer(): void;
    readonly put: { keypad_local(): void; keypad_xmit(): void };
    on(event: 'resize', listener: () => void): void;
  };
  readonly lines: Row[];
  alloc(dirty?: boolean): void;
  draw(start: number, end: number): void;
  render(): void;
  destroy(): void;
}

interface Widths {
  charWidth(text: string | number, at?: number): number;
}

const ESCAPE_WAIT = 25;
const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';
const MOUSE_ON = '\x1b[?1000h\x1b[?1002h\x1b[?1006h';
const MOUSE_OFF = '\x1b[?1006l\x1b[?1002l\x1b[?1000l';
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
/** What blessed expects behind a wide character. */
const SECOND_HALF = '\x03';

/** blessed's own tables know neither emoji nor newer scripts, and it compares cells by them. */
function patchWidths(): void {
  const widths = createRequire(import.meta.url)('blessed/lib/unicode') as Widths;
  widths.charWidth = (text, at = 0) => {
    const code = typeof text === 'string' ? (text.codePointAt(at) ?? 0) : text;
    if (code < 32 || (code >= 0x7f && code < 0xa0)) return 0;
    return isWide(code) ? 2 : 1;
  };
}

/** blessed asks the environment for things that only confuse it; it gets a quieter one while it starts. */
function withQuietEnvironment<T>(act: () => T): T {
  const { TMUX } = process.env;
  delete process.env.TMUX;
  process.env.NCURSES_NO_UTF8_ACS = '1';
  try {
    return act();
  } finally {
    if (TMUX !== undefined) process.env.TMUX = TMUX;
  }
}

function openCanvas(output: TerminalOutput): Canvas {
  patchWidths();
  (blessed as unknown as { Tput: { ipaths: string[] } }).Tput.ipaths = [];
  const silent = Object.assign(new PassThrough(), { isTTY: true, isRaw: true, setRawMode: () => silent });
  const term = process.env.TERM ?? '';
  const options = {
    input: silent,
    output,
    terminal: /^(linux|dumb|vt\d+)$/.test(term) ? term : 'xterm-256color',
    fullUnicode: true,
    forceUnicode: true,
    smartCSR: false,
    useBCE: false,
  };
  return withQuietEnvironment(() =>
    blessed.screen(options as unknown as blessed.Widgets.IScreenOptions),
  ) as unknown as Canvas;
}

export class Terminal {
  private readonly canvas: Canvas;
  private readonly attribute: ReturnType<typeof attributes>;
  private readonly decoder: KeyDecoder;
  private readonly bytes = new StringDecoder('utf8');
  private timer: NodeJS.Timeout | null = null;
  private isSuspended = false;
  private isClosed = false;
  private hasCursor = false;
  private onInput: (input: Input) => void = () => {};
  private onResize: () => void = () => {};

  constructor(private readonly settings: TerminalSettings) {
    this.attribute = attributes(settings.hasColor);
    this.decoder = new KeyDecoder((input) => this.onInput(input));
    this.canvas = openCanvas(settings.output);
    this.canvas.render = () => {}; // drawn by us, at our time
    const { program } = this.canvas;
    program.tmux = false;
    program.on('resize', () => this.onResize());
    program._write(PASTE_ON + (settings.hasMouse ? MOUSE_ON : ''));
    settings.input.setRawMode?.(true);
    settings.input.on('data', this.onData);
    settings.input.resume();
  }

  get columns(): number {
    return Math.max(1, this.canvas.program.cols);
  }

  get rows(): number {
    return Math.max(1, this.canvas.program.rows);
  }

  hear(onInput: (input: Input) => void, onResize: () => void): void {
    this.onInput = onInput;
    this.onResize = onResize;
  }

  draw(screen: Screen): void {
    if (this.isSuspended || this.isClosed) return;
    const { lines, program } = this.canvas;
    let isDirty = false;
    for (const [y, row] of lines.entries()) {
      const line = screen.lines[y];
      if (this.paint(row, line)) {
        row.dirty = true;
        isDirty = true;
      }
    }
    if (isDirty) {
      program._write(BEGIN);
      this.canvas.draw(0, lines.length - 1);
    }
    this.placeCursor(screen.cursor);
    if (isDirty) program._write(END);
    program.flush();
  }

  /** Leaves the screen to another program until the returned function is called. */
  suspend(): () => void {
    const { canvas, settings } = this;
    const { program } = canvas;
    this.isSuspended = true;
    program.put.keypad_local();
    program.showCursor();
    program._write(PASTE_OFF + (settings.hasMouse ? MOUSE_OFF : ''));
    program.normalBuffer();
    program.flush();
    settings.input.removeListener('data', this.onData);
    settings.input.setRawMode?.(false);
    settings.input.pause();
    return () => {
      settings.input.setRawMode?.(true);
      settings.input.on('data', this.onData);
      settings.input.resume();
      program.alternateBuffer();
      program.put.keypad_xmit();
      program.hideCursor();
      this.hasCursor = false;
      program._write(PASTE_ON + (settings.hasMouse ? MOUSE_ON : ''));
      this.isSuspended = false;
      canvas.alloc();
      program.flush();
      this.onResize();
    };
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.timer) clearTimeout(this.timer);
    const { program } = this.canvas;
    program._write(PASTE_OFF + (this.settings.hasMouse ? MOUSE_OFF : ''));
    this.canvas.destroy();
    program.flush();
    this.settings.input.removeListener('data', this.onData);
    this.settings.input.setRawMode?.(false);
    this.settings.input.pause();
  }

  private readonly onData = (bytes: Buffer | string): void => {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const text = typeof bytes === 'string' ? bytes : this.bytes.write(bytes);
    if (!this.decoder.feed(text)) return;
    this.timer = setTimeout(() => this.decoder.flush(), ESCAPE_WAIT);
  };

  private placeCursor(cursor: Screen['cursor']): void {
    const { program } = this.canvas;
    if (cursor) {
      program.cup(Math.min(cursor.y, this.rows - 1), Math.min(cursor.x, this.columns - 1));
      if (!this.hasCursor) program.showCursor();
    } else if (this.hasCursor) program.hideCursor();
    this.hasCursor = cursor !== null;
  }

  /** Writes one line into its cells. True when something differs. */
  private paint(row: Row, line: Line | undefined): boolean {
    let x = 0;
    let differs = false;
    const put = (attribute: Attribute, text: string): void => {
      const cell = row[x];
      x += 1;
      if (!cell || (cell[0] === attribute && cell[1] === text)) return;
      cell[0] = attribute;
      cell[1] = text;
      differs = true;
    };
    const width = row.length;
    for (const { text, style } of line?.spans ?? []) {
      const attribute = this.attribute(style, line?.tone);
      for (let at = 0; at < text.length && x < width; at += 1) {
        const code = text.codePointAt(at) ?? 0;
        if (code > 0xffff) at += 1;
        const glyph = glyphOf(code);
        if (!glyph) continue;
        if (glyph.width === 2 && x === width - 1) put(attribute, ' ');
        else {
          put(attribute, glyph.text);
          if (glyph.width === 2) put(attribute, SECOND_HALF);
        }
      }
    }
    const blank = line?.tone ? this.attribute('plain', line.tone) : PLAIN;
    while (x < width) put(blank, ' ');
    return differs;
  }
}
