import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import type { FlowId } from '../../src/flow/flow.js';
import type { Hit } from '../../src/flow/hit.js';
import type { Finished } from '../../src/flow/image.js';
import type { StoreEvent } from '../../src/protocol.js';
import { SHARED, WINDOW } from '../../src/store/bodytexts.js';
import { Deadline } from '../../src/store/deadline.js';
import { MOST_OF_ONE } from '../../src/store/matches.js';
import { MOST_HITS, Search } from '../../src/store/search.js';
import { zstdFrame } from '../flow/zstd.js';
import { temporaryFolder } from '../support/proxy.js';
import { bytes, flowId, httpFlow, readerOf, talkOf, tcpFlow } from './flows.js';

interface Outcome {
  readonly hits: readonly Hit[];
  readonly done: number;
  readonly of: number;
  readonly reason: string | null;
}

async function searched(
  flows: readonly Finished[],
  pattern: string,
  ids: readonly FlowId[] | null = null,
  patience = 5000,
  filter: string | null = null,
): Promise<Outcome> {
  const told: StoreEvent[] = [];
  const query = { type: 'search', number: 1, pattern, ids, filter } as const;
  await new Search(readerOf(flows), new Deadline(patience), query, (event) => told.push(event)).run();
  const found = told.filter((event) => event.type === 'hits-found');
  const ended = told.filter((event) => event.type === 'search-ended');
  assert.equal(ended.length, 1);
  return {
    hits: found.flatMap(({ hits }) => hits),
    done: found.at(-1)?.done ?? 0,
    of: found.at(-1)?.of ?? 0,
    reason: ended[0]?.reason ?? null,
  };
}

function body(content: string | Uint8Array, ...fields: readonly (readonly [string, string])[]) {
  return { fields, body: bytes(content) };
}

const shown = ({ id, place, before, match, after }: Hit) => ({ id: Number(id), place, line: [before, match, after] });

test('PX-17 a search finds URLs, fields, trailers, bodies and messages, each with its place and its line', async () => {
  const flows = [
    httpFlow(1, { request: { path: '/Needle?a=1', fields: [['Host', 'front.test']] } }),
    httpFlow(2, {
      request: {
        fields: [
          ['A', 'b'],
          ['X-Needle', 'yes'],
        ],
        body: bytes('one\r\n  two needles here\r\nthree'),
      },
      response: { reason: 'needle', fields: [['C', 'd']], trailers: [['Sum', 'NEEDLE']] },
    }),
    httpFlow(3, {
      response: { status: 101 },
      talk: talkOf('websocket', [
        ['client', 'hay'],
        ['server', 'h\u00e9 needle'],
        ['client', Uint8Array.of(0xff, 0, ...Buffer.from('needle'))],
      ]),
    }),
    tcpFlow(4, { host: 'needle.test' }, talkOf('tcp', [['client', null]])),
  ];
  const { hits, done, of, reason } = await searched(flows, 'needle');
  assert.deepEqual({ done, of, reason }, { done: 4, of: 4, reason: null });
  assert.deepEqual(hits.map(shown), [
    { id: 1, place: { part: 'url' }, line: ['GET http://front.test/', 'Needle', '?a=1'] },
    { id: 2, place: { part: 'head', side: 'request', line: 1 }, line: ['X-', 'Needle', ': yes'] },
    { id: 2, place: { part: 'body', side: 'request', offset: 11 }, line: ['two ', 'needle', 's here'] },
    { id: 2, place: { part: 'head', side: 'response', line: -1 }, line: ['200 ', 'needle', ''] },
    { id: 2, place: { part: 'head', side: 'response', line: 1 }, line: ['Sum: ', 'NEEDLE', ''] },
    { id: 3, place: { part: 'message', index: 1, offset: 4 }, line: ['h\u00e9 ', 'needle', ''] },
    { id: 3, place: { part: 'message', index: 2, offset: 2 }, line: ['\u00ff\0', 'needle', ''] },
    { id: 4, place: { part: 'url' }, line: ['', 'needle', '.test:9000'] },
  ]);
});

test('FO-18 a search reads bodies without their content codings, in their character set; what cannot be decoded as it is', async () => {
  const text = 'r\u00e9sum\u00e9: needle';
  const flows = [
    httpFlow(1, { response: body(zlib.gzipSync(text), ['Content-Encoding', 'gzip']) }),
    httpFlow(2, { response: body(zlib.brotliCompressSync(text), ['Content-Encoding', 'br']) }),
    httpFlow(3, { response: body(zlib.deflateRawSync(text), ['Content-Encoding', 'deflate']) }),
    httpFlow(4, { response: body(Buffer.from(text, 'utf16le'), ['Content-Type', 'text/plain; charset=utf-16le']) }),
    httpFlow(5, { response: body(Buffer.from(text, 'latin1'), ['Content-Type', 'text/plain; charset=iso-8859-1']) }),
    httpFlow(6, { response: body(Buffer.from(text, 'latin1')) }),
    httpFlow(7, {
      response: body(zlib.gzipSync(text + 'x'.repeat(9999), { level: 0 }).subarray(0, 5000), [
        'Content-Encoding',
        'gzip',
      ]),
    }),
    httpFlow(8, { response: body(text, ['Content-Encoding', 'gzip']) }),
    httpFlow(9, { response: body(zstdFrame(Buffer.from(text)), ['Content-Encoding', 'zstd']) }),
    httpFlow(10, { response: { body: null } }),
  ];
  const { hits } = await searched(flows, 'r\u00e9sum\u00e9: needle');
  assert.deepEqual(
    hits.map(({ id }) => Number(id)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  const places = await searched(flows.slice(3, 6), 'needle');
  assert.deepEqual(
    places.hits.map(({ place }) => place.part === 'body' && place.offset),
    [10, 10, 8],
  );
});

test('a search looks through a body in a large file window by window, and finds what lies where two meet once', async (t) => {
  const file = path.join(temporaryFolder(t), 'body');
  const size = 20 * 1024 * 1024;
  const content = Buffer.alloc(size, '\u00e9 ');
  const own = WINDOW - SHARED;
  const places = [0, own - 3, 2 * own, 3 * own - 6, size - 6].map((at) => at - (at % 3));
  for (const at of places) content.write('needle', at);
  fs.writeFileSync(file, Buffer.concat([Buffer.from('before '), content]));
  const extent = { file, offset: 7, length: size, growing: false };
  const flows = [httpFlow(1, { response: { body: { type: 'extent', extent } } })];
  const { hits } = await searched(flows, 'needle');
  assert.deepEqual(
    hits.map(({ place }) => place.part === 'body' && place.offset),
    places,
  );
});

test('CWE-409 a bomb is decoded as far as its bound', async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(40 * 1024 * 1024, 'a '));
  const flows = [
    httpFlow(1, { response: body(Buffer.concat([bomb, Buffer.from('needle')]), ['Content-Encoding', 'gzip']) }),
  ];
  const grown = process.memoryUsage().rss;
  const { hits, reason } = await searched(flows, 'needle');
  assert.deepEqual({ hits: hits.length, reason }, { hits: 0, reason: null });
  assert.ok(process.memoryUsage().rss - grown < 150e6);
});

test('an expression that does not end is stopped and named; hits before it stay, and the next search works', async () => {
  const flows = [
    httpFlow(1, { request: body('aaa') }),
    httpFlow(2, { request: body(`${'a'.repeat(60)}!`) }),
    httpFlow(3),
  ];
  const { hits, reason } = await searched(flows, '(a+)+$', null, 100);
  assert.deepEqual(hits.map(shown), [
    { id: 1, place: { part: 'body', side: 'request', offset: 0 }, line: ['', 'aaa', ''] },
  ]);
  assert.equal(reason, 'The search stopped: the expression (a+)+$ did not end within 0.1 s on one text.');
  assert.equal((await searched(flows, 'a!')).hits.length, 1);
});

test('a search takes only the flows it is given, and those that are there', async () => {
  const flows = [1, 2, 3].map((id) => httpFlow(id));
  const { hits, done, of } = await searched(flows, 'a\\.test', [3, 9, 1].map(flowId));
  assert.deepEqual(
    hits.map(({ id }) => Number(id)),
    [3, 1],
  );
  assert.deepEqual({ done, of }, { done: 3, of: 3 });
});

test('a search takes only flows that match its filter, whatever that looks at', async () => {
  const flows = [
    httpFlow(1, { response: body('needle and thread') }),
    httpFlow(2, { response: body('needle alone') }),
    httpFlow(3, { response: { status: 404, ...body('needle and thread') } }),
  ];
  const { hits, done, reason } = await searched(flows, 'needle', null, 5000, '~b thread & !~c 404');
  assert.deepEqual(
    hits.map(({ id }) => Number(id)),
    [1],
  );
  assert.deepEqual({ done, reason }, { done: 3, reason: null });
  const wrong = await searched(flows, 'needle', null, 5000, '~nothing');
  assert.equal(wrong.reason, 'Invalid filter expression: unknown operator ~nothing (column 1)');
  const endless = await searched([httpFlow(1, { request: body(`${'a'.repeat(60)}!`) })], 'x', null, 100, '~b "(a+)+$"');
  assert.equal(endless.reason, 'The search stopped: the expression (a+)+$ did not end within 0.1 s on one text.');
});

test('a search tells of so many hits of one body, and so many in all', async () => {
  const many = Array.from({ length: 3000 }, (_, id) => httpFlow(id + 1, { response: body('x needle\n'.repeat(100)) }));
  const one = await searched(many.slice(0, 1), 'needle');
  assert.equal(one.hits.length, MOST_OF_ONE);
  assert.deepEqual(
    one.hits.map(({ isLastOfMore }) => isLastOfMore),
    [...Array<boolean>(MOST_OF_ONE - 1).fill(false), true],
  );
  const all = await searched(many, 'needle');
  assert.equal(all.hits.length, MOST_HITS);
  assert.equal(all.reason, 'The search stopped at 10,000 hits.');
  assert.ok(all.done < 3000);
});

test('what cannot be searched for is refused', async () => {
  const flows = [httpFlow(1)];
  assert.match((await searched(flows, '(')).reason ?? '', /^Invalid regular expression: \/\(\/gim: .*\.$/);
  assert.equal((await searched(flows, 'x*')).reason, 'The expression x* matches even where there is nothing.');
});

test('a search that is stopped says so, and leaves its thread its turn', async () => {
  const flows = Array.from({ length: 400 }, (_, id) => httpFlow(id + 1, { response: body('hay '.repeat(20_000)) }));
  const told: StoreEvent[] = [];
  const query = { type: 'search', number: 7, pattern: 'needle', ids: null, filter: null } as const;
  const search = new Search(readerOf(flows), new Deadline(), query, (event) => told.push(event));
  setTimeout(() => search.stop(), 1);
  await search.run();
  assert.deepEqual(told.at(-1), { type: 'search-ended', number: 7, reason: 'Stopped.' });
});
