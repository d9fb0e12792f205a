import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import tls from 'node:tls';
import { certificatesOf, crlUrls, itemsIn, joined, pemOf } from '../../src/flow/der.js';

const roots = tls.rootCertificates.slice(0, 3).map((pem) => new Uint8Array(new X509Certificate(pem).raw));

test('DMC-08 certificates that stand one after the other come apart again, in memory of their own', () => {
  const chain = joined(roots);
  assert.equal(chain.byteLength, chain.buffer.byteLength);
  assert.deepEqual(certificatesOf(chain).map(Buffer.from), roots.map(Buffer.from));
  assert.deepEqual(certificatesOf(joined([])), []);
});

test('DMC-16 PEM is what node:crypto reads back', () => {
  for (const der of roots) assert.deepEqual(new Uint8Array(new X509Certificate(pemOf(der)).raw), der);
});

test('DMC-16 lengths that do not fit end the reading, wherever a certificate is cut or broken', () => {
  const [der = new Uint8Array()] = roots;
  for (let length = 0; length < der.length; length += 7) {
    assert.deepEqual(certificatesOf(der.subarray(0, length)), []);
    assert.deepEqual(crlUrls(der.subarray(0, length)), []);
  }
  for (let at = 0; at < der.length; at += 3) {
    const broken = der.slice();
    broken[at] = 0xff;
    assert.ok(Array.isArray(crlUrls(broken)));
  }
  assert.deepEqual(itemsIn(Uint8Array.of(0x30, 0x80, 0, 0)), []);
  assert.deepEqual(itemsIn(Uint8Array.of(0x30, 0x85, 1, 1, 1, 1, 1)), []);
});
