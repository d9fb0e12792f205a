import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fields } from '../../src/flow/fields.js';
import { filterHelp, parseTree } from '../../src/flow/filter.js';
import { judgeBy, leavesOf } from '../../src/flow/filtertree.js';
import type {
  Body,
  Flow,
  FlowError,
  FlowId,
  HttpFlow,
  Message,
  ResponseHead,
  TunnelFlow,
} from '../../src/flow/flow.js';
import { flowLeaf, parseFilter } from '../../src/flow/flowfilter.js';

const BODY: Body = {
  carriage: { how: 'passed', why: '' },
  contents: { type: 'empty' },
  growing: false,
  size: 0,
  expected: 0,
  chunks: null,
};
const ERROR: FlowError = { kind: 'cut-off', message: 'cut', at: 0 };
const COMMON = {
  id: 1 as FlowId,
  revision: 0,
  createdAt: 0,
  client: { address: '10.0.0.7:50000', connectedAt: 0, tls: null, mode: 'regular' },
  server: null,
  held: null,
  marked: false,
  replayed: false,
  changed: false,
  notes: [],
  talk: null,
};

interface Shape {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly fields?: Fields;
  readonly status?: number;
  readonly answer?: Fields;
  readonly fails?: boolean;
  readonly marked?: boolean;
  readonly replayed?: boolean;
}

function message<Head>(head: Head): Message<Head> {
  return { head, body: BODY, trailers: [], startedAt: 0, endedAt: 0, malformed: null };
}

function flow(shape: Shape = {}): HttpFlow {
  const { method = 'GET', host = 'a.test', path = '/', fields = [], status, answer = [], fails = false } = shape;
  const origin = { scheme: 'http', host, port: 80 } as const;
  const request = message({ method, target: path, path, origin, version: 'HTTP/1.1' as const, fields });
  const response: Message<ResponseHead> | null =
    status === undefined ? null : message({ status, reason: '', version: 'HTTP/1.1' as const, fields: answer });
  const common = {
    ...COMMON,
    marked: shape.marked ?? false,
    replayed: shape.replayed ?? false,
    kind: 'http',
    request,
  } as const;
  if (fails) return { ...common, phase: 'failed', error: ERROR, response };
  return response ? { ...common, phase: 'done', response } : { ...common, phase: 'requested' };
}

const TUNNEL: TunnelFlow = {
  ...COMMON,
  kind: 'tunnel',
  host: 'raw.test',
  port: 25,
  why: '',
  sent: 0,
  received: 0,
  endedAt: null,
  error: null,
};

function matches(filter: string, one: Flow): boolean {
  const parsed = parseFilter(filter);
  if (typeof parsed !== 'function') assert.fail(parsed.mistake);
  return parsed(one);
}

const url = (path: string): Flow => flow({ path });

/** For each of the paths whether the filter matches it. */
function found(filter: string, paths: readonly string[]): string[] {
  return paths.filter((path) => matches(filter, url(path)));
}

const ABC = ['/', '/a', '/b', '/c', '/ac', '/bc', '/ab', '/abc'].map((path) =>
  path.replace(/\w/g, (letter) => `_${letter}`),
);

/** Which of all combinations of the marks _a, _b and _c match. */
function combinations(filter: string): string {
  return found(filter, ABC).join(' ').replace(/_/g, '');
}

describe('the filter language', () => {
  const table: readonly [string, string, string][] = [
    ['FX-01 ! is not', '!_a', '/ /b /c /bc'],
    ['FX-01 ! binds strongest', '!_a & _b', '/b /bc'],
    ['FX-01 !! is nothing', '!!_a', '/a /ac /ab /abc'],
    ['FX-01 & binds stronger than |', '_a | _b & _c', '/a /ac /bc /ab /abc'],
    ['FX-01 brackets bind first', '(_a | _b) & _c', '/ac /bc /abc'],
    ['FX-01 brackets need no blanks', '!(_a|_b)', '/ /c'],
    ['FX-02 side by side is and', '_a _b', '/ab /abc'],
    ['TST-15 FX-02 side by side binds weaker than |', '_a | _b _c', '/ac /bc /abc'],
    ['FX-02 in brackets', '!(_a _b)', '/ /a /b /c /ac /bc'],
  ];
  for (const [name, filter, expected] of table) it(name, () => assert.equal(combinations(filter), expected));

  it('TST-15 FX-04 a word with & or | in it is one regular expression', () => {
    assert.deepEqual(found('foo&bar', ['/foo', '/bar', '/foo&bar']), ['/foo&bar']);
    assert.deepEqual(found('foo|bar', ['/foo', '/bar', '/x']), ['/foo', '/bar']);
  });

  it('TST-15 FX-03 a bare word is looked for in the URL', () => {
    assert.equal(matches('a.test', flow()), true);
    assert.equal(matches('!foo', url('/foo')), false);
    assert.equal(matches('!foo', url('/bar')), true);
  });

  it('FX-04 quotes hold anything', () => {
    assert.equal(matches('"foo (bar|baz)$"', url('/foo baz')), true);
    assert.equal(matches(`'say "x"'`, url('/say "x"')), true);
    assert.equal(matches('"say \\"x\\""', url('/say "x"')), true);
    assert.equal(matches('"~q"', url('/~q')), true);
  });

  it('FX-06 case does not matter', () => assert.equal(matches('FOO', url('/foo')), true));

  it('FX-07 an expression matches anywhere unless it is anchored', () => {
    assert.equal(matches('oo', url('/foo')), true);
    assert.equal(matches('^oo', url('/foo')), false);
    assert.equal(matches('foo$', url('/foo')), true);
  });

  const mistakes: readonly [string, number][] = [
    ['~q&~s', 0],
    ['~b (x)', 3],
    ['x | !~b y', 5],
    ['~comment x', 0],
    ['~nosuch', 0],
    ['~constructor', 0],
    ['~u', 2],
    ['~u ~q', 3],
    ['~u (x)', 3],
    ['~c 4xx', 3],
    ['~c', 2],
    ['~u "("', 3],
    ['a |', 3],
    ['& a', 0],
    ['(a', 0],
    ['a)', 1],
    ['()', 1],
    ['!', 1],
    ['"open', 0],
    ['', 0],
    ['  ', 0],
  ];
  for (const [filter, at] of mistakes)
    it(`FX-08 ${JSON.stringify(filter)} is a mistake and says where`, () => {
      const parsed = parseFilter(filter);
      if (typeof parsed === 'function') assert.fail('it was understood');
      assert.match(parsed.mistake, /filter expression/i);
      assert.equal(parsed.at, at);
    });

  it('FX-08 empty says so', () => {
    const parsed = parseFilter(' ');
    assert.ok(typeof parsed !== 'function' && /empty filter expression/i.test(parsed.mistake));
  });

  it('never throws, whatever is typed', () => {
    for (const filter of ['('.repeat(100_000), `${'!'.repeat(100_000)}a`, 'a & '.repeat(100_000), '\0', '\ud800'])
      assert.doesNotThrow(() => parseFilter(filter));
  });
});

describe('the operators', () => {
  const answered = flow({
    status: 404,
    answer: [
      ['Content-Type', 'text/css'],
      ['X-B', 'two'],
    ],
    fields: [
      ['X-A', 'one'],
      ['Content-Type', 'text/plain'],
    ],
  });
  const waiting = flow({ method: 'POST', host: '10.1.2.3', path: '/x', fields: [['Host', 'Named.test:81']] });
  const failed = flow({ status: 200, fails: true });
  const marked = flow({ marked: true, replayed: true });
  const all = { answered, waiting, failed, marked, TUNNEL };

  const table: readonly [string, string, string][] = [
    ['FO-01', '~all', 'answered waiting failed marked TUNNEL'],
    ['FO-02', '~http', 'answered waiting failed marked'],
    ['FO-02', '~tcp', 'TUNNEL'],
    ['FO-02', '~udp', ''],
    ['FO-02', '~dns', ''],
    ['FO-03', '~websocket', ''],
    ['FO-04', '~q', 'waiting marked'],
    ['FO-05', '~s', 'answered failed'],
    ['FO-06', '~e', 'failed'],
    ['FO-07', '~marked', 'marked'],
    ['FO-08', '~marker default', 'marked'],
    ['FO-11', '~replay', 'marked'],
    ['FO-11', '~replayq', 'marked'],
    ['FO-11', '~replays', ''],
    ['FO-12', '~u ^http://named', 'waiting'],
    ['FO-12', '~u 10.1.2.3', ''],
    ['FO-13', '~d 10.1.2.3', 'waiting'],
    ['FO-13', '~d named', 'waiting'],
    ['FO-14', '~m ^post$', 'waiting'],
    ['FO-15', '~c 404', 'answered'],
    ['FO-15', '~c 40', ''],
    ['FO-16', '~h ^x-a:', 'answered'],
    ['FO-16', '~h "^X-A: one$"', 'answered'],
    ['FO-16', '~hq two', ''],
    ['FO-16', '~hs two', 'answered'],
    ['FO-17', '~t plain', 'answered'],
    ['FO-17', '~tq css', ''],
    ['FO-17', '~ts css', 'answered'],
    ['FO-19', '~a', 'answered'],
    ['FO-20', '~src ^10\\.0\\.0\\.7:', 'answered waiting failed marked TUNNEL'],
    ['FO-21', '~dst raw.test:25', 'TUNNEL'],
    ['FX-09', '!~u x', 'answered failed marked TUNNEL'],
    ['FX-09', '~c 0', ''],
    ['FO-04', '~q & ~m post', 'waiting'],
  ];
  for (const [id, filter, expected] of table)
    it(`${id} ${filter}`, () => {
      const names = Object.entries(all).filter(([, one]) => matches(filter, one));
      assert.equal(names.map(([name]) => name).join(' '), expected);
    });

  it('that help lists are all understood', () => {
    for (const [signature] of filterHelp)
      for (const [operator] of signature.matchAll(/~[a-z]+/g)) {
        const needs = signature.includes('REX') ? ' x' : signature.includes(' N') ? ' 200' : '';
        assert.ok(!('mistake' in parseTree(operator + needs)), operator);
      }
  });

  const open: readonly [string, boolean | null][] = [
    ['~b x', null],
    ['!~b x', null],
    ['~b x & ~q', null],
    ['~b x & ~s', false],
    ['~b x | ~q', true],
    ['~b x | ~s', null],
    ['!(~comment x ~meta y) | ~s', null],
  ];
  for (const [filter, expected] of open)
    it(`FO-18 ${filter} is left open where only a body can tell`, () => {
      const tree = parseTree(filter);
      if ('mistake' in tree) assert.fail(tree.mistake);
      assert.equal(judgeBy(tree, flowLeaf)(waiting), expected);
    });

  it('FX-08 every leaf knows where its operator stands', () => {
    const tree = parseTree('x & (~c 200 | !~b "y z") ~q');
    if ('mistake' in tree) assert.fail(tree.mistake);
    assert.deepEqual(
      leavesOf(tree).map(({ at }) => at),
      [0, 5, 15, 25],
    );
  });
});
