export type FigureName =
  | 'http'
  | 'journal'
  | 'https'
  | 'reverse'
  | 'tls-hosts'
  | 'frame'
  | 'streamed'
  | 'tls-streamed'
  | 'recorded'
  | 'streamed-growth'
  | 'recorded-growth'
  | 'hook'
  | 'function'
  | 'websocket'
  | 'feed'
  | 'open-first'
  | 'open-whole'
  | 'open-latency'
  | 'open-save'
  | 'feed-tls'
  | 'rows-key'
  | 'rows-filter'
  | 'rows-memory'
  | 'filter-latency'
  | 'search-first'
  | 'search-plain'
  | 'search-gzip'
  | 'search-latency';

/** A promise about a run: at least or at most a bound, in its unit. */
export interface Figure {
  readonly name: FigureName;
  readonly text: string;
  readonly isAtLeast: boolean;
  readonly bound: number;
  readonly unit: 'x' | ' MB' | ' MB/s' | ' ms' | ' s';
}

const MEGABYTES_OF_GROWTH = 64;
const MILLISECONDS_ADDED = 3;

export const FIGURES: readonly Figure[] = [
  { name: 'http', text: 'HTTP, of mitmdump', isAtLeast: true, bound: 12, unit: 'x' },
  { name: 'journal', text: 'HTTP with the journal, of without', isAtLeast: true, bound: 0.8, unit: 'x' },
  { name: 'https', text: 'HTTPS, of mitmdump', isAtLeast: true, bound: 12, unit: 'x' },
  { name: 'reverse', text: 'HTTP in reverse mode, of mitmdump', isAtLeast: true, bound: 12, unit: 'x' },
  { name: 'tls-hosts', text: 'new TLS hosts, of mitmdump', isAtLeast: true, bound: 4, unit: 'x' },
  { name: 'frame', text: 'first frame, of mitmproxy', isAtLeast: false, bound: 0.7, unit: 'x' },
  { name: 'streamed', text: '1 GB streamed, of mitmdump streaming', isAtLeast: true, bound: 1.2, unit: 'x' },
  { name: 'tls-streamed', text: '1 GB streamed over TLS, of mitmdump', isAtLeast: true, bound: 1.3, unit: 'x' },
  { name: 'recorded', text: '1 GB recorded, of mitmdump streaming', isAtLeast: true, bound: 0.6, unit: 'x' },
  {
    name: 'streamed-growth',
    text: 'memory for 1 GB streamed',
    isAtLeast: false,
    bound: MEGABYTES_OF_GROWTH,
    unit: ' MB',
  },
  {
    name: 'recorded-growth',
    text: 'memory for 1 GB recorded',
    isAtLeast: false,
    bound: MEGABYTES_OF_GROWTH,
    unit: ' MB',
  },
  { name: 'hook', text: 'HTTP with a response hook, of without', isAtLeast: true, bound: 0.5, unit: 'x' },
  { name: 'function', text: '1 GB through a stream function', isAtLeast: true, bound: 400, unit: ' MB/s' },
  { name: 'websocket', text: 'websocket messages, of mitmdump', isAtLeast: true, bound: 10, unit: 'x' },
  { name: 'feed', text: 'first event of a stream, added', isAtLeast: false, bound: MILLISECONDS_ADDED, unit: ' ms' },
  {
    name: 'rows-key',
    text: 'key to frame over 1,000,000 rows, 95th percentile',
    isAtLeast: false,
    bound: 16,
    unit: ' ms',
  },
  { name: 'rows-filter', text: 'filter 1,000,000 rows by URL', isAtLeast: false, bound: 0.5, unit: ' s' },
  { name: 'rows-memory', text: 'memory of a console over 1,000,000 rows', isAtLeast: false, bound: 900, unit: ' MB' },
  { name: 'feed-tls', text: 'first event over TLS, added', isAtLeast: false, bound: MILLISECONDS_ADDED, unit: ' ms' },
  { name: 'open-first', text: 'dump of 100,000 flows, first screen', isAtLeast: false, bound: 500, unit: ' ms' },
  { name: 'open-whole', text: 'dump of 100,000 flows, complete', isAtLeast: false, bound: 2000, unit: ' ms' },
  { name: 'open-latency', text: 'p99 while a dump is opened, added', isAtLeast: false, bound: 5, unit: ' ms' },
  { name: 'open-save', text: '10,000 flows of a dump, saved again', isAtLeast: false, bound: 2000, unit: ' ms' },
  { name: 'filter-latency', text: 'p99 while rows are filtered, added', isAtLeast: false, bound: 5, unit: ' ms' },
  { name: 'search-first', text: 'first hits in 10,000 bodies', isAtLeast: false, bound: 200, unit: ' ms' },
  { name: 'search-plain', text: '10,000 bodies of 100 kB searched', isAtLeast: false, bound: 1500, unit: ' ms' },
  { name: 'search-gzip', text: '10,000 gzipped bodies searched', isAtLeast: false, bound: 5000, unit: ' ms' },
  { name: 'search-latency', text: 'p99 while flows are searched, added', isAtLeast: false, bound: 5, unit: ' ms' },
];

/**
 * A figure's line: what it is, the bound, what was found (null: nothing), and whether that is enough. With a `fault`,
 * which says why the measurement does not count, it never is.
 */
export function figureRow(figure: Figure, found: number | null, fault: string | null): readonly string[] {
  const { text, isAtLeast, bound, unit } = figure;
  const promised = `${isAtLeast ? '>=' : '<='} ${bound}${unit}`;
  if (found === null) return [text, promised, '–', 'not measured'];
  const isMet = isAtLeast ? found >= bound : found <= bound;
  const verdict = fault === null ? (isMet ? 'pass' : 'falls short') : `falls short: ${fault}`;
  return [text, promised, `${found.toFixed(2)}${unit}`, verdict];
}
