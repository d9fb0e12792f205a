import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Authority, makeAuthority } from '../../src/certs/authority.js';
import { Leaves, type Wanted } from '../../src/certs/leaves.js';
import type { CertName } from '../../src/certs/names.js';

const PLAIN: Wanted = { names: [], organization: null, chain: '', key: 'ec', own: null, terms: {} };
const DAY = 86_400_000;
const MOST = 1000;
const NOW = Date.UTC(2026, 0, 1);
const wanted = (...names: readonly CertName[]): Wanted => ({ ...PLAIN, names });
const named = (...names: readonly string[]): Wanted => wanted(...names.map((name) => ({ type: 'dns', name }) as const));

describe('TL-03 the leaves of a run', () => {
  let authority: Authority;
  before(async () => {
    authority = new Authority(await makeAuthority());
  });

  it('are made once for the same names', () => {
    const leaves = new Leaves(authority);
    const context = leaves.contextFor(named('a.test', 'b.test'), NOW);
    assert.equal(leaves.contextFor(named('a.test', 'b.test'), NOW + DAY - 1), context);
    assert.notEqual(leaves.contextFor(named('a.test'), NOW), context);
    assert.equal(leaves.size, 2);
  });

  it('tell a name from an address that is written alike', () => {
    const leaves = new Leaves(authority);
    const dns = leaves.contextFor(named('10.0.0.1.test'), NOW);
    assert.notEqual(leaves.contextFor(wanted({ type: 'ip', name: '10.0.0.1' }), NOW), dns);
  });

  it('are made anew after a day', () => {
    const leaves = new Leaves(authority);
    const context = leaves.contextFor(named('a.test'), NOW);
    assert.notEqual(leaves.contextFor(named('a.test'), NOW + DAY), context);
    assert.equal(leaves.size, 1);
  });

  it('are a thousand at most, and those that are used stay', () => {
    const leaves = new Leaves(authority);
    const first = leaves.contextFor(named('first.test'), NOW);
    const second = leaves.contextFor(named('second.test'), NOW);
    for (let count = 2; count < MOST; count += 1) leaves.contextFor(named(`${count}.test`), NOW);
    assert.equal(leaves.size, MOST);
    assert.equal(leaves.contextFor(named('first.test'), NOW), first);
    for (let count = 0; count < 5; count += 1) leaves.contextFor(named(`more-${count}.test`), NOW);
    assert.equal(leaves.size, MOST);
    assert.equal(leaves.contextFor(named('first.test'), NOW), first);
    assert.notEqual(leaves.contextFor(named('second.test'), NOW), second);
  });
});
