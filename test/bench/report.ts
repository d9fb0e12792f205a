import { FIGURES, type FigureName, figureRow } from './figure.js';

export type Row = readonly string[];

/** Lines of a table: columns with a head to the right, the others to the left. */
export function tableText(head: Row, rows: readonly Row[]): string {
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => (row[at] ?? '').length)));
  const lineOf = (row: Row): string =>
    widths
      .map((width, at) => (head[at] === '' ? (row[at] ?? '').padEnd(width) : (row[at] ?? '').padStart(width)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map((row) => `  ${lineOf(row)}`).join('\n');
}

/** A number with `digits` decimals, or a dash where there is none. */
export function number(value: number | null, digits = 0): string {
  if (value === null || !Number.isFinite(value)) return '–';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** How many times `whole` a value is, to three significant digits or so. */
export function ratio(value: number | null, whole: number | null): string {
  if (value === null || whole === null || !(whole > 0) || !Number.isFinite(value)) return '–';
  const times = value / whole;
  return `${number(times, times >= 100 ? 0 : times >= 10 ? 1 : 2)}x`;
}

/** Bytes as MB of 10^6. */
export function megabytes(bytes: number | null): string {
  return number(bytes === null ? null : bytes / 1e6, 1);
}

/** Prints what is found while it is found, and keeps what was promised for the end. */
export class Report {
  private readonly found = new Map<FigureName, number>();
  private readonly faults = new Map<FigureName, string>();

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  table(title: string, head: Row, rows: readonly Row[]): void {
    this.say(`\n${title}\n${tableText(head, rows)}`);
  }

  /** Notes a promised figure; one that cannot be made out of `value` stays unmeasured. */
  note(name: FigureName, value: number | null | undefined): void {
    if (value !== null && value !== undefined && Number.isFinite(value)) this.found.set(name, value);
  }

  /** Notes why what was measured for a figure does not count. */
  blame(name: FigureName, why: string): void {
    this.faults.set(name, why);
  }

  promises(): void {
    const rows = FIGURES.map((figure) => {
      const { name } = figure;
      return figureRow(figure, this.found.get(name) ?? null, this.faults.get(name) ?? null);
    });
    this.table('Promised figures', ['', 'promised', 'found', ''], rows);
  }
}
