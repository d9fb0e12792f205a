/*
 * Bytes from a terminal in, keys out. Names are those a user writes in a key file: a, A, ctrl x, meta x, shift tab,
 * enter, esc, space, tab, up, page up, home, f1 (KEY2-05).
 */

export type Input =
  | { readonly type: 'key'; readonly key: string; readonly text: string }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'mouse'; readonly action: 'press' | 'up' | 'down'; readonly x: number; readonly y: number };

const FINAL: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
};

const TILDE: Readonly<Record<number, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'page up',
  6: 'page down',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

const UNICODE: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  13: 'enter',
  27: 'esc',
  32: 'space',
  127: 'backspace',
};

const SEQUENCE = /^\x1b\[([<=>?]?)([\d;:]*)([ -/]*)([@-~])/;
const UNFINISHED = /^\x1b\[[<=>?]?[\d;:]*[ -/]*$/;
const LONGEST = 64;
const PASTE_END = '\x1b[201~';

function named(name: string, modifiers: number): string {
  const shift = modifiers & 1 ? 'shift ' : '';
  const meta = modifiers & 2 || modifiers & 8 ? 'meta ' : '';
  const ctrl = modifiers & 4 ? 'ctrl ' : '';
  return `${ctrl}${meta}${shift}${name}`;
}

function keyOf(character: string, isMeta: boolean): Input {
  const code = character.codePointAt(0) ?? 0;
  const meta = isMeta ? 2 : 0;
  const special = code === 10 ? 'enter' : UNICODE[code];
  if (special !== undefined) {
    const text = special === 'space' && !isMeta ? ' ' : '';
    return { type: 'key', key: named(special, meta), text };
  }
  if (code === 0) return { type: 'key', key: named('space', meta | 4), text: '' };
  if (code <= 26) return { type: 'key', key: named(String.fromCharCode(code + 96), meta | 4), text: '' };
  if (code < 32) return { type: 'key', key: named(String.fromCharCode(code + 64), meta | 4), text: '' };
  return { type: 'key', key: named(character, meta), text: isMeta ? '' : character };
}

/** Decodes a stream of keys. A lone escape is told from the start of a sequence by `flush`, some 25 ms later. */
export class KeyDecoder {
  private rest = '';
  private pasted: string | null = null;

  constructor(private readonly tell: (input: Input) => void) {}

  /** True when something is left that only time can decide. */
  feed(text: string): boolean {
    this.rest += text;
    this.run(false);
    return this.rest !== '' && this.pasted === null;
  }

  flush(): void {
    this.run(true);
  }

  private run(isFinal: boolean): void {
    while (this.rest !== '') {
      const used = this.pasted === null ? this.one(this.rest, isFinal) : this.paste(this.rest);
      if (used === 0) return;
      this.rest = this.rest.slice(used);
    }
  }

  private paste(rest: string): number {
    const end = rest.indexOf(PASTE_END);
    if (end < 0) {
      const sure = Math.max(0, rest.length - PASTE_END.length + 1);
      this.pasted += rest.slice(0, sure);
      return sure;
    }
    this.tell({ type: 'paste', text: this.pasted + rest.slice(0, end) });
    this.pasted = null;
    return end + PASTE_END.length;
  }

  /** Reads one key; 0 when more is needed. */
  private one(rest: string, isFinal: boolean): number {
    if (rest[0] !== '\x1b') {
      const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      this.tell(keyOf(character, false));
      return character.length;
    }
    const next = rest[1];
    if (next === undefined) return isFinal ? this.escape() : 0;
    if (next === '[') return this.sequence(rest, isFinal);
    if (next === 'O') return this.application(rest, isFinal);
    if (next === ']' || next === 'P' || next === '_' || next === '^') return this.reply(rest, isFinal);
    if (next === '\x1b') return this.escape();
    const character = String.fromCodePoint(rest.codePointAt(1) ?? 0);
    this.tell(keyOf(character, true));
    return 1 + character.length;
  }

  private escape(): number {
    this.tell({ type: 'key', key: 'esc', text: '' });
    return 1;
  }

  private sequence(rest: string, isFinal: boolean): number {
    const start = rest.slice(0, LONGEST);
    const match = SEQUENCE.exec(start);
    if (!match) {
      if (UNFINISHED.test(start) && !isFinal && rest.length < LONGEST) return 0;
      this.tell(keyOf('[', true));
      return 2;
    }
    const [whole, prefix = '', parameters = '', , final = ''] = match;
    this.control(prefix, parameters.split(/[;:]/).map(Number), final);
    return whole.length;
  }

  private control(prefix: string, parameters: readonly number[], final: string): void {
    const [first = 0, second = 1, third = 0] = parameters;
    if (prefix === '<') return this.mouse(first, second, third, final);
    if (prefix !== '') return; // a reply of the terminal
    const modifiers = Math.max(0, second - 1);
    if (final === '~' && first === 200) this.pasted = '';
    else if (final === '~' && first === 27) this.unicode(third, modifiers);
    else if (final === 'u') this.unicode(first, modifiers);
    else if (final === 'Z') this.tell({ type: 'key', key: 'shift tab', text: '' });
    else if (final === 'R' && first > 1)
      return; // a cursor position report
    else {
      const name = final === '~' ? TILDE[first] : FINAL[final];
      if (name !== undefined) this.tell({ type: 'key', key: named(name, modifiers), text: '' });
    }
  }

  private unicode(code: number, modifiers: number): void {
    if (code < 1 || code > 0x10ffff) return;
    const special = UNICODE[code];
    const character = String.fromCodePoint(code);
    const isShifted = (modifiers & 1) !== 0 && /^[a-z]$/i.test(character);
    const name = special ?? (isShifted ? character.toUpperCase() : character);
    const left = isShifted ? modifiers & ~1 : modifiers;
    this.tell({ type: 'key', key: named(name, left), text: left === 0 && special === undefined ? name : '' });
  }

  private mouse(button: number, x: number, y: number, final: string): void {
    if (final === 'm' || (button & 32) !== 0) return; // release, or a drag
    const action = button === 64 ? 'up' : button === 65 ? 'down' : button === 0 ? 'press' : null;
    if (action) this.tell({ type: 'mouse', action, x: x - 1, y: y - 1 });
  }

  private application(rest: string, isFinal: boolean): number {
    const final = rest[2];
    if (final === undefined) {
      if (!isFinal) return 0;
      this.tell(keyOf('O', true));
      return 2;
    }
    const name = FINAL[final];
    if (name !== undefined) this.tell({ type: 'key', key: name, text: '' });
    return 3;
  }

  /** Strings a terminal answers with are swallowed. */
  private reply(rest: string, isFinal: boolean): number {
    const end = /\x07|\x1b\\/.exec(rest.slice(2));
    if (end) return 2 + end.index + end[0].length;
    if (!isFinal && rest.length < 4096) return 0;
    this.tell(keyOf(rest[1] ?? '', true));
    return 2;
  }
}
