import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTree } from '../../src/flow/filter.js';
import { judgeBy } from '../../src/flow/filtertree.js';
import { rowLeaf } from '../../src/flow/rowfilter.js';
import { rowOf, tableOf } from '../support/rows.js';

/* What a row tells of its flow, and what only a look into the flow does. */

const ROWS = {
  answered: rowOf(1, { status: 404, path: '/api?x=1', mediaType: 'text/css', method: 'PATCH' }),
  waiting: rowOf(2, { status: 0, host: '10.1.2.3', port: 81, hostHeader: 'Named.test:81', duration: -1 }),
  failed: rowOf(3, { failed: true, error: 'cut', hostHeader: '', scheme: 'https', port: 8443, marked: true }),
  socket: rowOf(4, { status: 101, messages: 3, replayed: true, host: '::1', hostHeader: '', path: '*' }),
  tunnel: rowOf(5, {
    kind: 'tunnel',
    scheme: 'tcp',
    method: '',
    host: 'raw.test',
    port: 25,
    status: 0,
    hostHeader: '',
  }),
  query: rowOf(6, { kind: 'tunnel', scheme: '', method: 'DNS', host: 'ns.test', port: 53, status: 0, hostHeader: '' }),
};
const TABLE = tableOf(Object.values(ROWS));

/** The rows that match, then those that are left open. */
function judged(filter: string): string {
  const tree = parseTree(filter);
  if ('mistake' in tree) assert.fail(tree.mistake);
  const judge = judgeBy(tree, rowLeaf(TABLE));
  const names = Object.keys(ROWS).map((name, slot) => [name, judge(slot)] as const);
  const those = (verdict: boolean | null): string =>
    names.flatMap(([name, one]) => (one === verdict ? name : [])).join(' ');
  return `${those(true)} / ${those(null)}`;
}

describe('filters over rows', () => {
  const table: readonly [string, string, string][] = [
    ['FO-01', '~all', 'answered waiting failed socket tunnel query / '],
    ['FO-02', '~http', 'answered waiting failed socket / '],
    ['FO-02', '~tcp', 'tunnel / '],
    ['FO-02', '~udp', ' / '],
    ['FO-02', '~dns', 'query / '],
    ['FO-03', '~websocket', 'socket / '],
    ['FO-04', '~q', 'waiting / '],
    ['FO-05', '~s', 'answered failed socket / '],
    ['FO-06', '~e', 'failed / '],
    ['FO-07', '~marked', 'failed / '],
    ['FO-08', '~marker default', 'failed / '],
    ['FO-08', '~marker other', ' / '],
    ['FO-11', '~replay', 'socket / '],
    ['FO-11', '~replays', ' / '],
    ['FO-12', '~u ^http://a.test/api\\?x=1$', 'answered / '],
    ['FO-12', '~u ^http://named.test:81/$', 'waiting / '],
    ['FO-12', '~u 10.1.2.3', ' / '],
    ['FO-12', '~u ^https://a.test:8443/$', 'failed / '],
    ['FO-12', '"~u" | ~u "^http://\\[::1\\]$"', 'socket / '],
    ['FO-13', '~d ^10.1.2.3$', 'waiting / '],
    ['FO-13', '~d ^named.test:81$', 'waiting / '],
    ['FO-13', '~d test', 'answered waiting failed / '],
    ['FO-14', '~m ^patch$', 'answered / '],
    ['FO-15', '~c 404', 'answered / '],
    ['FO-15', '~c 0', ' / '],
    ['FO-16', '~h x', ' / answered waiting failed socket'],
    ['FO-16', '~hs x', ' / answered failed socket'],
    ['FO-17', '~tq x', ' / answered waiting failed socket'],
    ['FO-17', '~ts css', ' / answered failed socket'],
    ['FO-18', '~b x', ' / answered waiting failed socket tunnel query'],
    ['FO-19', '~a', 'answered / '],
    ['FO-20', '~src x', ' / answered waiting failed socket tunnel query'],
    ['FO-21', '~dst ^raw.test:25$', 'tunnel / answered waiting failed socket'],
    ['FX-09', '!~u a', 'socket tunnel query / '],
    ['FX-02', '~b x & ~c 404', ' / answered'],
    ['FX-01', '~b x | ~http', 'answered waiting failed socket / tunnel query'],
    ['FX-01', '!(~h x | ~q)', 'tunnel query / answered failed socket'],
  ];
  for (const [id, filter, expected] of table) it(`${id} ${filter}`, () => assert.equal(judged(filter), expected));
});
