import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Sessions } from '../../src/certs/sessions.js';

const MOST = 1000;

function kept(name: string, isForOnce = true) {
  return { session: Buffer.from(name), facts: name, isForOnce };
}

it('TLS 1.3 tickets are given once, the latest two of a server; sessions of TLS 1.2 stay', () => {
  const sessions = new Sessions<string>();
  for (const name of ['a', 'b', 'c']) sessions.put('one', kept(name));
  assert.deepEqual(
    [sessions.take('one'), sessions.take('one'), sessions.take('one')].map((one) => one?.facts),
    ['c', 'b', undefined],
  );
  sessions.put('two', kept('d', false));
  assert.deepEqual([sessions.take('two')?.facts, sessions.take('two')?.facts], ['d', 'd']);
  sessions.drop('two');
  assert.equal(sessions.take('two'), null);
});

it('sessions of a thousand servers are kept, those put last', () => {
  const sessions = new Sessions<string>();
  for (let count = 0; count < MOST; count += 1) sessions.put(String(count), kept('x'));
  sessions.put('0', kept('again'));
  sessions.put('new', kept('x'));
  assert.equal(sessions.take('0')?.facts, 'again');
  assert.equal(sessions.take('1'), null);
});
