import fs from 'node:fs';
import zlib from 'node:zlib';
import type { Extent } from '../../src/flow/extent.js';
import type { Finished } from '../../src/flow/image.js';
import { Deadline } from '../../src/store/deadline.js';
import { Search } from '../../src/store/search.js';
import { randomOf } from '../flow/random.js';
import { httpFlow, readerOf } from '../store/flows.js';

/*
 * A program of its own, or a thread: searches 10,000 bodies of 100 kB in one file and prints how long that takes, as JSON
 * in milliseconds. With TIMES 0 it goes on until it is stopped.
 *
 * node searching.js FILE plain|gzip TIMES
 */

const FLOWS = 10_000;
const SIZE = 100_000;
/** Bodies that differ; one of them holds what is sought. */
const KINDS = 100;
const WORDS = 3000;

export interface SearchTimes {
  /** Milliseconds to the first hits, and to the end; each the middle one. */
  readonly first: number;
  readonly complete: number;
  readonly hits: number;
}

/** Words that compress like text. */
function bodies(): readonly Buffer[] {
  const random = randomOf(1);
  const words = Array.from({ length: WORDS }, () =>
    Array.from({ length: 2 + random(9) }, () => String.fromCharCode(97 + random(26))).join(''),
  );
  return Array.from({ length: KINDS }, (_, kind) => {
    let text = kind === KINDS / 2 ? 'the n33dle ' : '';
    while (text.length < SIZE) text += `${words[random(WORDS)]} `;
    return Buffer.from(text.slice(0, SIZE));
  });
}

/** The capture in a file, which is written if it is not there yet. */
function capture(file: string, coding: string): readonly Finished[] {
  const coded = bodies().map((body) => (coding === 'gzip' ? zlib.gzipSync(body) : body));
  const isThere = fs.existsSync(file);
  const to = isThere ? null : fs.openSync(file, 'w');
  const fields = [
    ['Content-Type', 'text/plain'],
    ...(coding === 'gzip' ? [['Content-Encoding', 'gzip'] as const] : []),
  ];
  const flows: Finished[] = [];
  let offset = 0;
  for (let id = 1; id <= FLOWS; id += 1) {
    const body = coded[id % KINDS] ?? Buffer.alloc(0);
    if (to !== null) fs.writeSync(to, body);
    const extent: Extent = { file, offset, length: body.length, growing: false };
    offset += body.length;
    flows.push(
      httpFlow(id, {
        response: {
          fields: fields.map(([name, value]) => [name ?? '', value ?? '']),
          body: { type: 'extent', extent },
        },
      }),
    );
  }
  if (to !== null) fs.closeSync(to);
  return flows;
}

async function search(flows: readonly Finished[]): Promise<SearchTimes> {
  const begun = performance.now();
  let first = Number.NaN;
  let hits = 0;
  const query = { type: 'search', number: 1, pattern: 'n33dle', ids: null, filter: null } as const;
  await new Search(readerOf(flows), new Deadline(), query, (event) => {
    if (event.type !== 'hits-found' || event.hits.length === 0) return;
    if (hits === 0) first = performance.now() - begun;
    hits += event.hits.length;
  }).run();
  return { first, complete: performance.now() - begun, hits };
}

const [file = '', coding = '', times = ''] = process.argv.slice(2);
const flows = capture(file, coding);
for (let left = Number(times); ; left -= 1) {
  const found = await search(flows);
  if (left !== 1) continue;
  process.stdout.write(JSON.stringify(found));
  break;
}
