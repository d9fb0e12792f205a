import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { openTunnel, secure } from '../script/scripted.js';
import { selfSigned } from '../support/nginx.js';
import { response } from '../support/origin.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

/** The handshake with the proxy for a host of this name; nobody has to listen there. */
async function shown(proxy: RunningProxy, servername: string, ca?: string): Promise<TLSSocket> {
  const tunnel = await openTunnel(proxy, '127.0.0.1:9');
  return secure(proxy, tunnel, { servername, ...(ca === undefined ? { rejectUnauthorized: false } : { ca }) });
}

/** Subjects of what was sent, leaf first. Node gives the chain the first time it is asked for it, and then no more. */
function chainOf(socket: TLSSocket): string[] {
  const subjects: string[] = [];
  for (let one = socket.getPeerX509Certificate(); one; one = one.issuerCertificate) subjects.push(one.subject ?? '');
  return subjects;
}

function subjectOf(socket: TLSSocket): string {
  return socket.getPeerX509Certificate()?.subject ?? '';
}

/** A certificate and its key in one file. */
function pemFile(folder: string, name: string, ...more: readonly string[]): string {
  const { cert, key } = selfSigned(folder, name);
  const file = path.join(folder, `${name}-both.pem`);
  fs.writeFileSync(file, [cert, key].map((one) => fs.readFileSync(one, 'utf8')).join('') + more.join(''));
  return file;
}

test('OPT-49 TL-03 own certificates are shown for their names, their wildcards, or all', async (t) => {
  const folder = temporaryFolder(t);
  const [one, wild, all] = ['one.test', 'wild.test', 'all.test'].map((name) => pemFile(folder, name));
  const proxy = await startProxy(t, {
    upstream_cert: false,
    certs: [`one.test=${one}`, `*.wild.test=${wild}`],
  });
  assert.equal(subjectOf(await shown(proxy, 'one.test')), 'CN=origin of one.test');
  assert.equal(subjectOf(await shown(proxy, 'a.b.wild.test')), 'CN=origin of wild.test');
  assert.equal(subjectOf(await shown(proxy, 'wild.test')), 'CN=wild.test');
  assert.equal(subjectOf(await shown(proxy, 'other.test')), 'CN=other.test');
  proxy.say({ type: 'set-option', name: 'certs', value: [`one.test=${one}`, all ?? ''] });
  await proxy.event('option-changed');
  assert.equal(subjectOf(await shown(proxy, 'one.test')), 'CN=origin of one.test');
  assert.equal(subjectOf(await shown(proxy, 'other.test')), 'CN=origin of all.test');
});

test('TL-02 TL-03 hosts that are met at the same time are each shown their own certificate, the first time and later', async (t) => {
  const proxy = await startProxy(t, { upstream_cert: false });
  const hosts = Array.from({ length: 12 }, (_, index) => `host-${index}.test`);
  for (let times = 0; times < 3; times += 1) {
    const sockets = await Promise.all(hosts.map((host) => shown(proxy, host)));
    assert.deepEqual(
      sockets.map(subjectOf),
      hosts.map((host) => `CN=${host}`),
    );
  }
});

test('OPT-54 a client that cannot be shown a certificate on the terms of ciphers_client has a row that says so', async (t) => {
  const proxy = await startProxy(t, { upstream_cert: false, ciphers_client: 'DEFAULT:@SECLEVEL=5' });
  await assert.rejects(shown(proxy, 'a.test'));
  const row = await proxy.row((one) => one.failed);
  assert.match(row.error, /ciphers_client does not allow our own certificate \(.*too small\)/);
});

test('OPT-49 OPT-50 the chain in the file is sent, and an encrypted key is opened', async (t) => {
  const folder = temporaryFolder(t);
  const { root, file } = issued(folder, 'chained.test', 'secret');
  const proxy = await startProxy(t, { upstream_cert: false, certs: [file], cert_passphrase: 'secret' });
  const socket = await shown(proxy, 'chained.test', root);
  assert.deepEqual(chainOf(socket), ['CN=chained.test', 'CN=between']);
});

function openssl(...words: readonly string[]): void {
  execFileSync('openssl', words, { stdio: 'ignore' });
}

interface Issued {
  /** PEM of the root, which only clients have. */
  readonly root: string;
  /** The leaf with the intermediate behind it and its key. */
  readonly file: string;
  /** The intermediate and its key: a CA that is no root. */
  readonly between: string;
}

/** A leaf below an intermediate below a root. */
function issued(folder: string, name: string, passphrase: string): Issued {
  const at = (file: string): string => path.join(folder, file);
  const text = (file: string): string => fs.readFileSync(at(file), 'utf8');
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const make = (what: string, subject: string, extension: string, ...more: readonly string[]): void =>
    openssl(
      ...['req', '-x509', '-days', '7', '-subj', `/CN=${subject}`, '-addext', extension, ...ec],
      ...['-keyout', at(`${what}.key`), '-out', at(`${what}.crt`), ...more],
    );
  const signed = (what: string, by: string, extension: string): void => {
    const request = ['x509', '-x509toreq', '-in', at(`${what}.crt`), '-signkey', at(`${what}.key`), '-passin'];
    openssl(...request, `pass:${passphrase}`, '-out', at(`${what}.csr`));
    fs.writeFileSync(at('extensions'), extension);
    const words = ['x509', '-req', '-in', at(`${what}.csr`), '-CA', at(`${by}.crt`), '-CAkey', at(`${by}.key`)];
    openssl(...words, '-days', '7', '-CAcreateserial', '-extfile', at('extensions'), '-out', at(`${what}.crt`));
  };
  make('root', 'root', 'keyUsage=keyCertSign', '-nodes');
  make('between', 'between', 'keyUsage=keyCertSign', '-nodes');
  signed('between', 'root', 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash');
  make('leaf', name, 'keyUsage=digitalSignature', '-passout', `pass:${passphrase}`);
  signed('leaf', 'between', `subjectAltName=DNS:${name}`);
  const file = at('chained.pem');
  fs.writeFileSync(file, text('leaf.key') + text('leaf.crt') + text('between.crt'));
  return { root: text('root.crt'), file, between: text('between.key') + text('between.crt') };
}

test('TL-01 a CA of the user’s own, with an EC key and a chain: the chain is sent behind every leaf', async (t) => {
  const { root, between } = issued(temporaryFolder(t), 'x.test', 'x');
  const proxy = await startProxy(t, { upstream_cert: false }, `${between}${root}`);
  const socket = await shown(proxy, 'any.test', root);
  assert.deepEqual(chainOf(socket), ['CN=any.test', 'CN=between', 'CN=root']);
});

test('TL-02 ours has the names and the organisation of the server’s, and where the client thinks it is', async (t) => {
  const folder = temporaryFolder(t);
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '7'];
  const names = ['-subj', '/O=Läden AG/CN=common.test', '-addext', 'subjectAltName=DNS:localhost,DNS:*.other.test'];
  openssl(...words, '-utf8', ...names, '-keyout', `${folder}/k`, '-out', `${folder}/c`);
  const origin = await startTlsOrigin(t, response('x'), [], {
    cert: fs.readFileSync(`${folder}/c`),
    key: fs.readFileSync(`${folder}/k`),
  });
  const proxy = await startProxy(t, { ssl_verify_upstream_trusted_ca: `${folder}/c` });
  const tunnel = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  const certificate = (await secure(proxy, tunnel)).getPeerX509Certificate();
  assert.equal(certificate?.subject, 'CN=localhost\nO=Läden AG');
  assert.equal(certificate.subjectAltName, 'DNS:localhost, DNS:*.other.test, DNS:common.test, IP Address:127.0.0.1');
});
