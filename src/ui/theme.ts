import type { Line, Style } from './lines.js';

/** Colours by the numbers of the terminal's own palette, so that they follow its theme; -1 is the default colour. */
interface Look {
  readonly color: number;
  readonly bold?: true;
  readonly underline?: true;
}

const looks: Readonly<Record<Style, Look>> = {
  plain: { color: -1 },
  dim: { color: 8 },
  strong: { color: -1, bold: true },
  title: { color: -1, bold: true },
  header: { color: 6 },
  method: { color: 4 },
  host: { color: -1 },
  good: { color: 2 },
  moved: { color: 6 },
  bad: { color: 3 },
  error: { color: 1 },
  warning: { color: 3 },
  held: { color: 3, bold: true },
  missing: { color: 5 },
  mark: { color: 5 },
  found: { color: 3, bold: true, underline: true },
  key: { color: -1, bold: true },
  bar: { color: -1 },
  tab: { color: -1, bold: true, underline: true },
  name: { color: 4 },
  string: { color: 2 },
  number: { color: 6 },
  literal: { color: 3 },
};

const BOLD = 1;
const UNDERLINE = 2;
const INVERSE = 8;
const DEFAULT = 0x1ff;

/** The number blessed keeps with each cell: flags, foreground, background. */
export type Attribute = number;

export const PLAIN: Attribute = (DEFAULT << 9) | DEFAULT;

/** Styles as cell attributes. Without colour (NO_COLOR) weight, underline and inversion remain. */
export function attributes(hasColor: boolean): (style: Style, tone: Line['tone']) => Attribute {
  const table = new Map<string, Attribute>();
  for (const [style, look] of Object.entries(looks)) {
    const color = hasColor && look.color >= 0 ? look.color : DEFAULT;
    const flags = (look.bold ? BOLD : 0) | (look.underline ? UNDERLINE : 0);
    table.set(style, (flags << 18) | (color << 9) | DEFAULT);
    table.set(`${style} focus`, ((flags | INVERSE) << 18) | (DEFAULT << 9) | DEFAULT);
    table.set(`${style} bar`, ((flags | INVERSE) << 18) | (DEFAULT << 9) | DEFAULT);
  }
  return (style, tone) => table.get(tone ? `${style} ${tone}` : style) ?? PLAIN;
}
