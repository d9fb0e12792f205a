import { fit, textWidth } from './text.js';

/** What a piece of text means. The theme alone knows colours. */
export type Style =
  | 'plain'
  | 'dim'
  | 'strong'
  | 'title'
  | 'header'
  | 'method'
  | 'host'
  | 'good'
  | 'moved'
  | 'bad'
  | 'error'
  | 'warning'
  | 'held'
  | 'missing'
  | 'mark'
  | 'found'
  | 'key'
  | 'bar'
  | 'tab'
  | 'name'
  | 'string'
  | 'number'
  | 'literal';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

export interface Line {
  readonly spans: readonly Span[];
  /** The whole line stands out: the focused row, a bar. */
  readonly tone?: 'focus' | 'bar';
}

export interface Screen {
  readonly lines: readonly Line[];
  readonly cursor: { readonly x: number; readonly y: number } | null;
}

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

export function line(...spans: readonly Span[]): Line {
  return { spans };
}

export function textLine(text: string, style: Style = 'plain'): Line {
  return line(span(text, style));
}

export const EMPTY_LINE: Line = { spans: [] };

export function lineWidth(spans: readonly Span[]): number {
  return spans.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** Left and right parts on one line of that width; the left one gives way. */
export function spread(left: readonly Span[], right: readonly Span[], width: number): Line {
  const rightWidth = lineWidth(right);
  const gap = width - lineWidth(left) - rightWidth;
  if (gap >= 1) return line(...left, span(' '.repeat(gap)), ...right);
  const room = width - rightWidth - 1;
  return room < 1 ? line(...right) : line(span(fit(left.map(({ text }) => text).join(''), room)), span(' '), ...right);
}
