/** One line of text with a cursor; positions count code points. */
export interface EditLine {
  readonly text: readonly string[];
  readonly at: number;
  /** What was last cut, for ctrl y. */
  readonly cut: readonly string[];
}

export function editLine(text: string, at?: number): EditLine {
  const characters = [...text];
  return { text: characters, at: at ?? characters.length, cut: [] };
}

export function lineText(line: EditLine): string {
  return line.text.join('');
}

function put(line: EditLine, added: readonly string[]): EditLine {
  const text = [...line.text.slice(0, line.at), ...added, ...line.text.slice(line.at)];
  return { ...line, text, at: line.at + added.length };
}

/** Inserts typed or pasted text; line breaks become blanks, other control characters go. */
export function insert(line: EditLine, text: string): EditLine {
  return put(line, [...text.replace(/\r\n?|\n|\t/g, ' ').replace(/[\x00-\x1f\x7f-\x9f]/g, '')]);
}

function remove(line: EditLine, from: number, to: number): EditLine {
  const text = [...line.text.slice(0, from), ...line.text.slice(to)];
  return { text, at: from, cut: line.text.slice(from, to) };
}

function wordStart(line: EditLine): number {
  let at = line.at;
  while (at > 0 && line.text[at - 1] === ' ') at -= 1;
  while (at > 0 && line.text[at - 1] !== ' ') at -= 1;
  return at;
}

function wordEnd(line: EditLine): number {
  let { at } = line;
  while (at < line.text.length && line.text[at] === ' ') at += 1;
  while (at < line.text.length && line.text[at] !== ' ') at += 1;
  return at;
}

const moved = (line: EditLine, at: number): EditLine => ({ ...line, at: Math.max(0, Math.min(line.text.length, at)) });

const edits: Readonly<Record<string, (line: EditLine) => EditLine>> = {
  left: (line) => moved(line, line.at - 1),
  right: (line) => moved(line, line.at + 1),
  home: (line) => moved(line, 0),
  end: (line) => moved(line, line.text.length),
  'meta b': (line) => moved(line, wordStart(line)),
  'meta f': (line) => moved(line, wordEnd(line)),
  backspace: (line) => (line.at > 0 ? { ...remove(line, line.at - 1, line.at), cut: line.cut } : line),
  delete: (line) => ({ ...remove(line, line.at, line.at + 1), cut: line.cut }),
  'ctrl w': (line) => remove(line, wordStart(line), line.at),
  'ctrl u': (line) => remove(line, 0, line.at),
  'ctrl k': (line) => remove(line, line.at, line.text.length),
  'meta d': (line) => remove(line, line.at, wordEnd(line)),
  'ctrl y': (line) => put(line, line.cut),
};

const SAME: Readonly<Record<string, string>> = {
  'ctrl b': 'left',
  'ctrl f': 'right',
  'ctrl a': 'home',
  'ctrl e': 'end',
  'ctrl h': 'backspace',
  'ctrl d': 'delete',
  'meta backspace': 'ctrl w',
  'ctrl left': 'meta b',
  'ctrl right': 'meta f',
};

/** The line after an editing key, or null when the key is none (UI-PR-04). */
export function edit(line: EditLine, key: string): EditLine | null {
  return edits[SAME[key] ?? key]?.(line) ?? null;
}
