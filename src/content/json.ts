/**
 * Indents JSON by two blanks without changing a single token: numbers, key order, duplicate keys and escapes stay as
 * they are (CVV-04). Null when the text is not JSON.
 */
export function indentJson(text: string): string | null {
  const out: string[] = [];
  const open: string[] = [];
  let at = 0;
  let needsValue = true;
  const token = /[ \t\r\n]+|[{}[\],:]|"(?:[^"\\\x00-\x1f]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/y;
  const newline = (): string => `\n${'  '.repeat(open.length)}`;
  while (at < text.length) {
    token.lastIndex = at;
    const match = token.exec(text)?.[0];
    if (match === undefined) return null;
    at = token.lastIndex;
    const first = match[0] ?? '';
    if (first === ' ' || first === '\t' || first === '\r' || first === '\n') continue;
    switch (first) {
      case '{':
      case '[': {
        const close = first === '{' ? '}' : ']';
        const empty = /^[ \t\r\n]*/.exec(text.slice(at, at + 64))?.[0].length ?? 0;
        if (text[at + empty] === close) {
          out.push(first + close);
          at += empty + 1;
          needsValue = false;
        } else {
          open.push(close);
          out.push(first, newline());
          needsValue = true;
        }
        break;
      }
      case '}':
      case ']':
        if (open.pop() !== first) return null;
        out.push(newline(), first);
        needsValue = false;
        break;
      case ',':
        if (open.length === 0) return null;
        out.push(',', newline());
        needsValue = true;
        break;
      case ':':
        if (open.at(-1) !== '}') return null;
        out.push(': ');
        needsValue = true;
        break;
      default:
        if (!needsValue) return null;
        out.push(match);
        needsValue = false;
    }
  }
  return open.length === 0 && !needsValue ? out.join('') : null;
}
