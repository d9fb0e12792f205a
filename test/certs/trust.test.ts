import assert from 'node:assert/strict';
import { it } from 'node:test';
import tls from 'node:tls';
import { systemRoots, Trust } from '../../src/certs/trust.js';

it('the roots are those of the system or of Node, and say which', () => {
  const { pem, name } = systemRoots();
  assert.ok(pem.includes('BEGIN CERTIFICATE'));
  assert.match(name, /roots/);
});

it('TL-07 roots of the user are trusted beside those', () => {
  const extra = { pem: tls.rootCertificates[0] ?? '', name: 'own.pem' };
  const settings = { terms: {}, isLegacy: false, clientCertificates: null };
  const alone = new Trust({ ...settings, extra: [] });
  const both = new Trust({ ...settings, extra: [extra] });
  assert.equal(both.roots, `${alone.roots} and own.pem`);
  assert.notEqual(both.contextFor('a.test'), alone.contextFor('a.test'));
  assert.equal(both.contextFor('a.test'), both.contextFor('b.test'));
});
