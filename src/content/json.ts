/** Deeper nesting is not indented: the blanks would be more than the body. */
const DEEPEST = 200;

const BLANK = /[ \t\r\n]*/y;
const SCALAR =
  /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** What may come next. */
type Wanted = 'value' | 'key' | 'colon' | 'comma' | 'end';

/** Writes JSON anew, token by token (RFC 8259). */
class Indenter {
  private readonly out: string[] = [];
  private readonly open: string[] = [];
  private at = 0;
  private wanted: Wanted = 'value';

  constructor(private readonly text: string) {}

  run(): string | null {
    for (;;) {
      this.skip(BLANK);
      if (this.at >= this.text.length) return this.wanted === 'end' ? this.out.join('') : null;
      if (!this.step(this.text[this.at] ?? '')) return null;
    }
  }

  private skip(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private newline(): string {
    return `\n${'  '.repeat(this.open.length)}`;
  }

  /** False where the text is no JSON. */
  private step(character: string): boolean {
    switch (character) {
      case '{':
      case '[':
        return this.begin(character);
      case '}':
      case ']':
        return this.close(character);
      case ',':
        if (this.wanted !== 'comma') return false;
        this.wanted = this.open.at(-1) === '}' ? 'key' : 'value';
        this.put(`,${this.newline()}`);
        return true;
      case ':':
        if (this.wanted !== 'colon') return false;
        this.wanted = 'value';
        this.put(': ');
        return true;
      default:
        return this.scalar();
    }
  }

  private put(text: string): void {
    this.out.push(text);
    this.at += 1;
  }

  private begin(character: '{' | '['): boolean {
    if (this.wanted !== 'value' || this.open.length >= DEEPEST) return false;
    this.put(character);
    this.skip(BLANK);
    const end = character === '{' ? '}' : ']';
    if (this.text[this.at] === end) {
      this.put(end);
      this.valueDone();
    } else {
      this.open.push(end);
      this.out.push(this.newline());
      this.wanted = character === '{' ? 'key' : 'value';
    }
    return true;
  }

  private close(character: '}' | ']'): boolean {
    if (this.wanted !== 'comma' || this.open.pop() !== character) return false;
    this.put(this.newline() + character);
    this.valueDone();
    return true;
  }

  private scalar(): boolean {
    const isKey = this.wanted === 'key';
    if (!isKey && this.wanted !== 'value') return false;
    const token = this.skip(SCALAR);
    if (token === '' || (isKey && !token.startsWith('"'))) return false;
    this.out.push(token);
    if (isKey) this.wanted = 'colon';
    else this.valueDone();
    return true;
  }

  private valueDone(): void {
    this.wanted = this.open.length === 0 ? 'end' : 'comma';
  }
}

/**
 * Indents JSON by two blanks without changing a single token: numbers, key order, duplicate keys and escapes stay as
 * they are (CVV-04). A byte order mark is left out. Null when the text is not JSON, or nested too deeply.
 */
export function indentJson(text: string): string | null {
  return new Indenter(text.startsWith('\ufeff') ? text.slice(1) : text).run();
}
