import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
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

  it('are made once for the same names', async () => {
    const leaves = new Leaves(authority);
    const shown = await leaves.shownFor(named('a.test', 'b.test'), NOW);
    assert.equal(await leaves.shownFor(named('a.test', 'b.test'), NOW + DAY - 1), shown);
    assert.notEqual(await leaves.shownFor(named('a.test'), NOW), shown);
    assert.equal(leaves.size, 2);
  });

  it('tell a name from an address that is written alike', async () => {
    const leaves = new Leaves(authority);
    const dns = await leaves.shownFor(named('10.0.0.1.test'), NOW);
    assert.notEqual(await leaves.shownFor(wanted({ type: 'ip', name: '10.0.0.1' }), NOW), dns);
  });

  it('are made anew after a day', async () => {
    const leaves = new Leaves(authority);
    const shown = await leaves.shownFor(named('a.test'), NOW);
    assert.notEqual(await leaves.shownFor(named('a.test'), NOW + DAY), shown);
    assert.equal(leaves.size, 1);
  });

  it('are tried again where they could not be signed', async () => {
    const broken = new Leaves(authority);
    const sign = authority.sign.bind(authority);
    authority.sign = () => Promise.reject(new Error('no entropy'));
    await assert.rejects(broken.shownFor(named('a.test'), NOW), /no entropy/);
    authority.sign = sign;
    const { certificate } = await broken.shownFor(named('a.test'), NOW);
    assert.ok(new X509Certificate(certificate).checkHost('a.test'));
  });

  it('are a thousand at most, and those that are used stay', async () => {
    const leaves = new Leaves(authority);
    const first = await leaves.shownFor(named('first.test'), NOW);
    const second = await leaves.shownFor(named('second.test'), NOW);
    for (let count = 2; count < MOST; count += 1) await leaves.shownFor(named(`${count}.test`), NOW);
    assert.equal(leaves.size, MOST);
    assert.equal(await leaves.shownFor(named('first.test'), NOW), first);
    for (let count = 0; count < 5; count += 1) await leaves.shownFor(named(`more-${count}.test`), NOW);
    assert.equal(leaves.size, MOST);
    assert.equal(await leaves.shownFor(named('first.test'), NOW), first);
    assert.notEqual(await leaves.shownFor(named('second.test'), NOW), second);
  });
});
