import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Certificate } from '../../src/script/api.js';
import { selfSigned } from '../support/nginx.js';
import { response } from '../support/origin.js';
import { temporaryFolder } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';
import { askInside, openTunnel, said, saidUntil, scripted, secure } from './scripted.js';

const FIELDS = [
  ...['-subj', '/C=DE/O=Ümlaut, a \\+ b+OU=unit/CN=cert.test'],
  ...['-addext', 'subjectAltName=DNS:cert.test,IP:10.0.0.1,DNS:*.cert.test'],
];

/** A certificate made by openssl, as PEM. */
function made(folder: string, ...words: readonly string[]): string {
  const file = path.join(folder, 'made.pem');
  const key = path.join(folder, 'made.key');
  const args = ['req', '-x509', '-utf8', '-nodes', '-keyout', key, '-out', file, ...words];
  execFileSync('openssl', args, { stdio: 'ignore' });
  return fs.readFileSync(file, 'utf8');
}

test('DMC-16 a certificate says whose it is, who signed it, and for what and how long it is good', (t) => {
  const folder = temporaryFolder(t);
  const crl = 'crlDistributionPoints=URI:http://crl.test/a.crl,URI:ldap://crl.test/b';
  const pem = made(
    folder,
    ...FIELDS,
    ...['-newkey', 'rsa:2048', '-days', '30', '-set_serial', '0x1234567890abcdef12', '-addext', crl],
  );
  const certificate = Certificate.fromPem(pem);
  assert.deepEqual(certificate.subject, [
    ['C', 'DE'],
    ['OU', 'unit'],
    ['O', 'Ümlaut, a + b'],
    ['CN', 'cert.test'],
  ]);
  assert.deepEqual(certificate.issuer, certificate.subject);
  assert.deepEqual([certificate.cn, certificate.organization], ['cert.test', 'Ümlaut, a + b']);
  assert.deepEqual(certificate.altnames, ['cert.test', '10.0.0.1', '*.cert.test']);
  assert.equal(certificate.serial, 0x1234567890abcdef12n);
  assert.ok(Math.abs(certificate.notbefore.getTime() - Date.now()) < 60_000);
  assert.equal(certificate.notafter.getTime() - certificate.notbefore.getTime(), 30 * 86_400_000);
  assert.equal(certificate.hasExpired, false);
  assert.deepEqual(certificate.keyinfo, ['RSA', 2048]);
  const print = execFileSync('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], {
    input: pem,
    encoding: 'utf8',
  });
  assert.equal(certificate.fingerprint, print.trim().split('=')[1]);
  assert.equal(certificate.isCa, true);
  assert.deepEqual(certificate.crlDistributionPoints, ['http://crl.test/a.crl', 'ldap://crl.test/b']);
  assert.equal(certificate.toPem(), pem);
});

test('DMC-16 the keys of certificates have a kind and a size; what is not there is null or empty', (t) => {
  const folder = temporaryFolder(t);
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'];
  const plain = Certificate.fromPem(made(folder, ...ec, '-subj', '/L=nowhere'));
  assert.deepEqual(plain.keyinfo, ['EC (secp384r1)', 384]);
  assert.deepEqual([plain.cn, plain.organization, plain.altnames, plain.crlDistributionPoints], [null, null, [], []]);
  const edwards = Certificate.fromPem(made(folder, '-newkey', 'ed25519', '-subj', '/CN=e'));
  assert.deepEqual(edwards.keyinfo, ['ed25519', 256]);
  assert.throws(() => Certificate.fromPem('no certificate'));
});

test('DMC-02 DMC-04 DMC-08 DMC-09 DMC-10 DMC-11 hooks see both ends, all certificates and what the client offered', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'), ['http/1.1']);
  const proxy = await scripted(
    t,
    `const names = (list) => list.map((one) => one.cn ?? one.organization).join();
    export function tls_clienthello({ cipher_suites, context }) { console.log('offers', cipher_suites.length > 3, context.server.state); }
    export function clientdisconnect(client) { console.log('left', client.state); }
    export function serverdisconnect(server) { console.log('closed', server.state, server.context.client?.state); }
    export function response({ client_conn: c, server_conn: s }) {
      console.log('ends', c.sockname.join(), c.state, s.state, s.sockname[0], s.sockname[1] > 0);
      console.log('server', names(s.certificate_list), s.certificate_list[0].altnames.join(), s.alpn_offers.join());
      console.log('client', names(c.certificate_list), c.mitmcert.altnames.join(), c.alpn_offers.join());
      console.log('ciphers', c.cipher_list.slice(0, 2).join(), c.cipher, c.cipher_list.includes(c.cipher));
      console.log('same', c.certificate_list === c.certificate_list);
    }`,
    { ssl_verify_upstream_trusted_ca: origin.caFile, request_client_cert: true },
  );
  const { cert, key } = selfSigned(temporaryFolder(t), 'client');
  const identity = { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
  const tunnel = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  const socket = await secure(proxy, tunnel, { ALPNProtocols: ['h2', 'http/1.1'], ...identity });
  await askInside(proxy, socket, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', /secret/);
  socket.end();
  await saidUntil(proxy, 't.mjs', 'left closed');
  await saidUntil(proxy, 't.mjs', 'closed closed open');
  const lines = said(proxy, 't.mjs');
  assert.deepEqual(lines.slice(0, 6), [
    'offers true closed',
    `ends 127.0.0.1,${proxy.port} open open 127.0.0.1 true`,
    'server localhost localhost,127.0.0.1 http/1.1',
    'client origin of client localhost,127.0.0.1 h2,http/1.1',
    'ciphers TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256 TLS_AES_256_GCM_SHA384 true',
    'same true',
  ]);
});
