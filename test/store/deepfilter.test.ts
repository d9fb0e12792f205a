import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import zlib from 'node:zlib';
import { parseTree } from '../../src/flow/filter.js';
import type { ClientFacts, ServerFacts } from '../../src/flow/flow.js';
import { Deadline } from '../../src/store/deadline.js';
import type { FlowReader } from '../../src/store/flowreader.js';
import { judgeDeep, ReaderJudge, type Verdicts } from '../../src/store/judging.js';
import { bytes, flowId, httpFlow, readerOf, talkOf, tcpFlow } from './flows.js';

const AT = 1_700_000_000_000;

const client: ClientFacts = { address: '10.0.0.9:5555', connectedAt: AT, tls: null, mode: 'regular' };
const server: ServerFacts = {
  authority: 'up.test:8443',
  address: '10.0.0.1:8443',
  startedAt: AT,
  connectedAt: AT,
  securedAt: null,
  tls: null,
  certificate: null,
  trust: '',
  reused: false,
};

/** What is told apart below, by name. */
const FLOWS = {
  page: httpFlow(1, {
    request: {
      fields: [
        ['Host', 'front.test'],
        ['X-Q', 'ask'],
      ],
      path: '/page?x=1',
      method: 'GET',
    },
    response: {
      fields: [
        ['Content-Type', 'text/html'],
        ['X-S', 'say'],
      ],
      body: bytes('<p>\nHello'),
    },
    more: { client, server, comment: 'two\nlines', metadata: { origin: 'replayed by hand', count: 3 } },
  }),
  post: httpFlow(2, {
    request: {
      method: 'POST',
      body: bytes(zlib.gzipSync('asked')),
      fields: [
        ['Content-Encoding', 'gzip'],
        ['Content-Type', 'text/css'],
      ],
    },
    response: { status: 404, body: null },
    more: { marked: true, replayed: true },
  }),
  open: httpFlow(3, {
    response: null,
    more: { error: { kind: 'timed-out', message: 'too late', at: AT } },
  }),
  image: httpFlow(4, {
    response: {
      fields: [
        ['Content-Type', 'image/png'],
        ['Content-Encoding', 'gzip'],
      ],
      body: bytes('not gzip'),
    },
  }),
  socket: httpFlow(5, {
    response: { status: 101 },
    more: { isWebSocket: true },
    talk: talkOf('websocket', [
      ['client', 'ping'],
      ['server', Uint8Array.of(1, 2, 0x70, 0x6f, 0x6e, 0x67)],
      ['client', null],
    ]),
  }),
  tcp: tcpFlow(
    6,
    { client },
    talkOf('tcp', [
      ['client', 'EHLO'],
      ['server', '250 ok'],
    ]),
  ),
  udp: tcpFlow(7, { why: 'UDP datagrams, read from a file' }, talkOf('tcp', [['client', 'datagram']])),
  dns: tcpFlow(
    8,
    { why: 'a DNS query, read from a file and shown in words' },
    talkOf('tcp', [['server', 'A 1.2.3.4']]),
  ),
} as const;

type Name = keyof typeof FLOWS;

const NAMES = Object.keys(FLOWS) as Name[];
const ALL = NAMES;
const HTTP: readonly Name[] = ['page', 'post', 'open', 'image', 'socket'];

async function allVerdicts(filter: string, reader: FlowReader, deadline = new Deadline(5000)): Promise<Verdicts[]> {
  const tree = parseTree(filter);
  if ('mistake' in tree) throw new Error(tree.mistake);
  const told: Verdicts[] = [];
  for await (const one of judgeDeep(reader, reader.ids(), tree, deadline, new AbortController().signal)) told.push(one);
  return told;
}

async function matching(filter: string): Promise<readonly Name[]> {
  const told = await allVerdicts(filter, readerOf(Object.values(FLOWS)));
  const judged = told.flatMap((one) => [...one.judged]);
  assert.deepEqual(judged.map(Math.abs), [1, 2, 3, 4, 5, 6, 7, 8]);
  return NAMES.filter((_, at) => (judged[at] ?? 0) > 0);
}

const CASES: readonly (readonly [id: string, filter: string, matching: readonly Name[]])[] = [
  ['FO-01', '~all', ALL],
  ['FO-02', '~http', HTTP],
  ['FO-02', '~tcp', ['tcp']],
  ['FO-02', '~udp', ['udp']],
  ['FO-02', '~dns', ['dns']],
  ['FO-03', '~websocket', ['socket']],
  ['FO-04', '~q', ['open']],
  ['FO-05', '~s', ['page', 'post', 'image', 'socket']],
  ['FO-06', '~e', ['open']],
  ['FO-07', '~marked', ['post']],
  ['FO-08', '~marker default', ['post']],
  ['FO-09', '~comment ^lines', ['page']],
  ['FO-10', '~meta "^origin: .*by hand$"', ['page']],
  ['FO-10', '~meta "^count: 3$"', ['page']],
  ['FO-11', '~replay', ['post']],
  ['FO-11', '~replayq', ['post']],
  ['FO-11', '~replays', []],
  ['FO-12', '~u ^http://front\\.test/page', ['page']],
  ['FO-12', '~u a\\.test', ['post', 'open', 'image', 'socket']],
  ['FO-13', '~d front', ['page']],
  ['FO-13', '~d a\\.test', HTTP],
  ['FO-14', '~m post', ['post']],
  ['FO-15', '~c 404', ['post']],
  ['FO-16', '~h ^x-', ['page']],
  ['FO-16', '~hq say', []],
  ['FO-16', '~hs "^X-S: say$"', ['page']],
  ['FO-17', '~t css', ['post']],
  ['FO-17', '~tq html', []],
  ['FO-17', '~ts html', ['page']],
  ['FO-18', '~b hello', ['page']],
  ['FO-18', '~b p>.hello', ['page']],
  ['FO-18', '~b asked', ['post']],
  ['FO-18', '~bs asked', []],
  ['FO-18', '~bq asked', ['post']],
  ['FO-18', '~b "not gzip"', ['image']],
  ['FO-18', '~b "p[io]ng"', ['socket']],
  ['FO-18', '~bq "p[io]ng"', ['socket']],
  ['FO-18', '~bq pong', []],
  ['FO-18', '~bs pong', ['socket']],
  ['FO-18', '~bq ehlo', ['tcp']],
  ['FO-18', '~bs ehlo', []],
  ['FO-18', '~b datagram', ['udp']],
  ['FO-18', '~b 1\\.2\\.3', ['dns']],
  ['FO-18', '~bs .', ['page', 'image', 'socket', 'tcp', 'dns']],
  ['FO-19', '~a', ['image']],
  ['FO-20', '~src ^10\\.0\\.0\\.9:', ['page', 'tcp']],
  ['FO-21', '~dst up\\.test:8443', ['page']],
  ['FO-21', '~dst b\\.test:9000', ['tcp', 'udp', 'dns']],
  ['FX-01', '!~b hello & ~http', ['post', 'open', 'image', 'socket']],
  ['FX-02', '~b hello | ~b ehlo ~src 10', ['page', 'tcp']],
  ['FX-09', '!~u x', ALL.filter((name) => name !== 'page')],
];

describe('filters over flows with their bodies', () => {
  for (const [id, filter, wanted] of CASES)
    it(`${id} ${filter}`, async () => {
      assert.deepEqual(await matching(filter), wanted);
    });

  it('read bodies only where the rest leaves it open', async () => {
    const body = bytes(`${'a'.repeat(60)}!`);
    const reader = readerOf([httpFlow(1, { request: { body } }), httpFlow(2, { request: { method: 'POST' } })]);
    const told = await allVerdicts('~bq "(a+)+$" & ~m post', reader, new Deadline(100));
    assert.deepEqual(
      told.map(({ judged }) => [...judged]),
      [[-1, -2]],
    );
  });

  it('say how far they have come, in slices, and leave out what cannot be read', async () => {
    const flows = Array.from({ length: 1200 }, (_, id) => httpFlow(id + 1));
    const { ids, read } = readerOf(flows);
    const told = await allVerdicts('~u /1', { ids, read: (id) => (id === flowId(7) ? null : read(id)) });
    assert.ok(told.length >= 3);
    assert.deepEqual(told.at(-1)?.done, 1200);
    const judged = told.flatMap((one) => [...one.judged]);
    assert.equal(judged.length, 1199);
    assert.equal(judged.filter((signed) => signed > 0).length, 312);
  });

  it('name an expression that does not end, in a head as in a body', async () => {
    const long = `${'a'.repeat(60)}!`;
    const reader = readerOf([httpFlow(1, { request: { fields: [['A', long]], body: bytes(long) } })]);
    for (const name of ['hq', 'bq'])
      await assert.rejects(allVerdicts(`~m get ~${name} "(a+)+$"`, reader, new Deadline(100)), {
        message: 'the expression (a+)+$ did not end within 0.1 s on one text',
      });
    const found = await allVerdicts('~bq a!', reader);
    assert.deepEqual(
      found.map(({ judged }) => [...judged]),
      [[1]],
    );
  });

  it('end when nobody wants to know any more', async () => {
    const flows = Array.from({ length: 5000 }, (_, id) => httpFlow(id + 1));
    const tree = parseTree('~all');
    if ('mistake' in tree) throw new Error(tree.mistake);
    const stopping = new AbortController();
    const judge = new ReaderJudge(readerOf(flows), new Deadline());
    const ids = Float64Array.from(flows, ({ flow: { id } }) => id);
    let told = 0;
    for await (const judged of judge.judge(ids, tree, stopping.signal)) {
      told += judged.length;
      stopping.abort();
    }
    assert.ok(told > 0 && told < 5000);
  });
});
