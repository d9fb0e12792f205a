import { shortDuration } from '../flow/sizes.js';

/*
 * An event stream (text/event-stream, WHATWG HTML 9.2) with the time each event came and the gap before it.
 */

/** When the bytes up to an offset had come: offset and milliseconds since 1970, one pair after the other. */
export type Arrivals = Float64Array;

function arrivalOf(arrivals: Arrivals, offset: number): number | null {
  let low = 0;
  let high = arrivals.length / 2 - 1;
  let at: number | null = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((arrivals[middle * 2] ?? 0) >= offset) {
      at = arrivals[middle * 2 + 1] ?? null;
      high = middle - 1;
    } else low = middle + 1;
  }
  return at;
}

/** Events by their blank lines; the last one may not be complete yet. */
function* eventsOf(text: Buffer): Generator<{ readonly lines: readonly string[]; readonly end: number }> {
  let start = 0;
  while (start < text.length) {
    const found = ['\n\n', '\r\n\r\n', '\r\r'].map((blank) => [text.indexOf(blank, start), blank.length] as const);
    const [at, length] = found
      .filter(([place]) => place >= 0)
      .reduce((a, b) => (a[0] <= b[0] ? a : b), [text.length, 0] as const);
    const lines = text.toString('utf8', start, at).split(/\r\n|\n|\r/);
    const end = at + length;
    if (lines.some((one) => one !== '')) yield { lines, end };
    start = Math.max(end, start + 1);
  }
}

/** The stream as text: before each event the time it came, and the gap. */
export function eventStreamText(bytes: Uint8Array, arrivals: Arrivals, timeOf: (at: number) => string): Uint8Array {
  const out: string[] = [];
  let before: number | null = null;
  for (const { lines, end } of eventsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))) {
    const at = arrivalOf(arrivals, end);
    const gap = at === null || before === null ? '' : `  +${shortDuration(at - before)}`;
    out.push(`── ${at === null ? '' : timeOf(at)}${gap}`, ...lines.filter((one) => one !== ''), '');
    before = at ?? before;
  }
  return Buffer.from(out.join('\n'), 'utf8');
}
