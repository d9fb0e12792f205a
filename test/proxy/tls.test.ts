import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { defaultOptions, type Options } from '../../src/options.js';
import { compileRules } from '../../src/proxy/rulebook.js';
import { askInside, line, openTunnel, secure } from '../script/scripted.js';
import { selfSigned } from '../support/nginx.js';
import { response } from '../support/origin.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';
import { startTlsOrigin, type TlsOrigin } from '../support/tlsorigin.js';

const ASK = 'GET /inside HTTP/1.1\r\nHost: localhost\r\n\r\n';

async function inside(
  proxy: RunningProxy,
  origin: TlsOrigin,
  options: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  return secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`), options);
}

/** Asks once over a new tunnel; the server's end of it, and ours. */
async function exchange(proxy: RunningProxy, origin: TlsOrigin, options: tls.ConnectionOptions = {}) {
  const before = origin.sockets.length;
  const client = await inside(proxy, origin, options);
  const answer = await askInside(proxy, client, ASK, /secret|<\/html>/);
  const server = origin.sockets[before];
  return { client, server, answer };
}

function mistakeOf(options: Partial<Options>): string {
  const rules = compileRules({ ...defaultOptions(), ...options }, null, null);
  return 'mistake' in rules ? rules.mistake : 'none';
}

/** A certificate for a name, its own root, with its key in one PEM file. */
function clientCertificate(folder: string, file: string, name: string): { file: string; ca: string } {
  const { cert, key } = selfSigned(folder, name);
  const whole = path.join(folder, file);
  fs.writeFileSync(whole, fs.readFileSync(cert, 'utf8') + fs.readFileSync(key, 'utf8'));
  return { file: whole, ca: fs.readFileSync(cert, 'utf8') };
}

test('OPT-55 TL-09 the version spoken with clients and the one spoken with servers are set apart', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, {
    ssl_insecure: true,
    tls_version_client_max: 'TLS1_2',
    tls_version_server_min: 'TLS1_3',
  });
  const { client, server } = await exchange(proxy, origin);
  assert.equal(client.getProtocol(), 'TLSv1.2');
  assert.equal(server?.getProtocol(), 'TLSv1.3');
});

test('OPT-55 old versions are spoken where they are allowed, with the old ciphers they need', async (t) => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
  const origin = await startTlsOrigin(t, response('secret'), [], old);
  const proxy = await startProxy(t, {
    ssl_insecure: true,
    tls_version_client_min: 'TLS1',
    tls_version_server_min: 'UNBOUNDED',
  });
  const { client, server } = await exchange(proxy, origin, old);
  assert.equal(client.getProtocol(), 'TLSv1');
  assert.equal(server?.getProtocol(), 'TLSv1');
});

test('OPT-54 OPT-56 ciphers and curves are set for each side; TLS 1.3 stays unless the list names its suites', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'), [], { maxVersion: 'TLSv1.2' });
  const proxy = await startProxy(t, {
    ssl_insecure: true,
    ciphers_client: 'TLS_CHACHA20_POLY1305_SHA256',
    ciphers_server: 'ECDHE-ECDSA-AES256-GCM-SHA384',
    tls_ecdh_curve_client: 'P-521',
    tls_ecdh_curve_server: 'P-256',
  });
  const { client, server } = await exchange(proxy, origin);
  assert.equal(client.getCipher().standardName, 'TLS_CHACHA20_POLY1305_SHA256');
  assert.equal((client.getEphemeralKeyInfo() as { name: string }).name, 'secp521r1');
  assert.equal(server?.getCipher().name, 'ECDHE-ECDSA-AES256-GCM-SHA384');
  const row = await proxy.row((one) => one.status === 200);
  assert.equal((await proxy.read(row.id)).flow.server?.tls?.cipher, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384');
  proxy.say({ type: 'set-option', name: 'ciphers_client', value: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
  await proxy.until(() => proxy.events.some((event) => event.type === 'option-changed'), 'option-changed');
  assert.equal((await exchange(proxy, origin)).client.getProtocol(), 'TLSv1.3');
  const twelve = await exchange(proxy, origin, { maxVersion: 'TLSv1.2' });
  assert.equal(twelve.client.getCipher().name, 'ECDHE-ECDSA-AES128-GCM-SHA256');
});

test('OPT-54 OPT-55 OPT-56 a value that cannot be used is a sentence that names its option', () => {
  assert.equal(
    mistakeOf({ ciphers_client: 'nonsense' }),
    'ciphers_client: OpenSSL knows no cipher of this list: nonsense',
  );
  assert.equal(
    mistakeOf({ ciphers_server: 'TLS_NOPE' }),
    'ciphers_server: OpenSSL knows no cipher of this list: TLS_NOPE',
  );
  assert.equal(
    mistakeOf({ tls_ecdh_curve_server: 'round' }),
    'tls_ecdh_curve_server: OpenSSL knows no such curve: round',
  );
  assert.equal(
    mistakeOf({ tls_version_client_min: 'TLS1_3', tls_version_client_max: 'TLS1_2' }),
    'tls_version_client_min is TLS1_3, which is above tls_version_client_max, TLS1_2',
  );
  assert.equal(
    mistakeOf({ add_upstream_certs_to_client_chain: true, upstream_cert: false }),
    'add_upstream_certs_to_client_chain needs upstream_cert, which is off',
  );
});

test('OPT-55 TLS 1.2 clients that know no ECDSA get a certificate with an RSA key', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_insecure: true });
  const { client } = await exchange(proxy, origin, {
    maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA',
  });
  assert.equal(client.getCipher().name, 'ECDHE-RSA-AES128-GCM-SHA256');
  assert.equal(client.getPeerX509Certificate()?.publicKey.asymmetricKeyType, 'rsa');
});

test('TL-08 OPT-52 a server that asks gets the certificate of client_certs: one file, or one by host', async (t) => {
  const folder = temporaryFolder(t);
  const one = clientCertificate(folder, 'localhost.pem', 'client.test');
  const origin = await startTlsOrigin(t, response('secret'), [], {
    requestCert: true,
    rejectUnauthorized: true,
    ca: one.ca,
  });
  for (const client_certs of [one.file, folder]) {
    const proxy = await startProxy(t, { ssl_insecure: true, client_certs });
    const { server, answer } = await exchange(proxy, origin);
    assert.match(answer, /secret/);
    assert.equal(server?.getPeerX509Certificate()?.subject, 'CN=origin of client.test');
  }
  const without = await startProxy(t, { ssl_insecure: true });
  await exchange(without, origin);
  const row = await without.row((one) => one.path === '/inside' && one.duration >= 0);
  assert.match(row.error, /it wants a certificate of the client.*client_certs gives it one/);
});

/** The same connection, but all that is written behind the first bytes waits. */
function slowed(socket: Socket, until: Promise<unknown>): Duplex {
  let isFirst = true;
  const slow = new Duplex({
    read() {},
    write(bytes: Buffer, _, done) {
      const before = isFirst ? Promise.resolve() : until;
      isFirst = false;
      void before.then(() => socket.write(bytes, done));
    },
  });
  socket.on('data', (bytes) => slow.push(bytes));
  return slow;
}

/** Passes on what a server says, but not that it closes the connection. */
async function startEndless(t: TestContext, port: number): Promise<number> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const far = net.connect({ port, host: '127.0.0.1' });
    socket.pipe(far).pipe(socket, { end: false });
    for (const one of [socket, far]) one.on('error', () => {}); // the other side is seen by the proxy
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('TL-08 a server that wants a certificate says so also while the handshake with the client goes on', async (t) => {
  const { ca } = clientCertificate(temporaryFolder(t), 'unused.pem', 'client.test');
  const origin = await startTlsOrigin(t, response('secret'), [], { requestCert: true, ca });
  const port = await startEndless(t, origin.port);
  const proxy = await startProxy(t, { ssl_insecure: true });
  const tunnel = await openTunnel(proxy, `localhost:${port}`);
  const refused = origin.refusal();
  const client = tls.connect({ socket: slowed(tunnel.socket, refused), rejectUnauthorized: false });
  client.resume();
  client.write(ASK);
  await refused;
  const row = await proxy.row((one) => one.path === '/inside' && one.duration >= 0);
  assert.match(row.error, /it wants a certificate of the client.*client_certs gives it one/);
});

/** Names of protocols as they are sent, one character per octet. */
function offer(...names: readonly string[]): Buffer {
  return Buffer.concat(names.flatMap((name) => [Buffer.of(name.length), Buffer.from(name, 'latin1')]));
}

test('PD-04 OPT-12 names of protocols pass byte for byte, and bad ones end no more than their connection', async (t) => {
  const high = '\xff'.repeat(100);
  const origin = await startTlsOrigin(t, response('secret'));
  const agreeing = tls.createServer({ ...origin.identity, ALPNProtocols: offer(high) }, (socket) => {
    socket.on('error', () => {}); // the client leaves
    socket.end('hello');
  });
  agreeing.listen(0, '127.0.0.1');
  await once(agreeing, 'listening');
  t.after(() => agreeing.close());
  const { port } = agreeing.address() as AddressInfo;
  const proxy = await startProxy(t, { ssl_insecure: true, tcp_hosts: ['localhost'] });
  const meet = async (alpn: Buffer): Promise<tls.TLSSocket> => {
    const { socket } = await openTunnel(proxy, `localhost:${port}`);
    return tls.connect({ socket, ALPNProtocols: alpn, rejectUnauthorized: false });
  };
  const client = await meet(offer(high, 'x'));
  await once(client, 'secureConnect');
  assert.equal(client.alpnProtocol, high);
  client.destroy();
  const long = await meet(offer('\xff'.repeat(200)));
  long.on('error', () => {}); // nobody agrees
  await once(long, 'close');
  assert.match((await exchange(proxy, origin)).answer, /secret/);
});

test('a client that breaks the TLS it has agreed on is hung up on', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_insecure: true });
  const { socket } = await openTunnel(proxy, `localhost:${origin.port}`);
  const client = tls.connect({ socket: slowed(socket, Promise.resolve()), rejectUnauthorized: false });
  await once(client, 'secureConnect');
  client.on('error', () => {}); // the alert
  const ended = once(socket, 'end');
  socket.write(Buffer.from([0x17, 3, 3, 0, 20, ...Buffer.alloc(20)]));
  await ended;
});

test('OPT-52 OPT-49 OPT-50 a file that cannot be used is a sentence that names the option and the file', async (t) => {
  const folder = temporaryFolder(t);
  const { file } = clientCertificate(folder, 'one.pem', 'a.test');
  const key = path.join(folder, 'key.pem');
  fs.writeFileSync(key, fs.readFileSync(file, 'utf8').replace(/-----BEGIN C[\s\S]*END CERTIFICATE-----/, ''));
  const certificate = path.join(folder, 'certificate.pem');
  fs.writeFileSync(certificate, fs.readFileSync(file, 'utf8').replace(/-----BEGIN P[\s\S]*/, ''));
  const missing = path.join(folder, 'missing.pem');
  assert.equal(mistakeOf({ client_certs: missing }), `client_certs: ${missing} is not there`);
  assert.equal(mistakeOf({ client_certs: key }), `client_certs: ${key} cannot be used: it has no certificate`);
  assert.equal(mistakeOf({ certs: [certificate] }), `certs: ${certificate} cannot be used: it has no private key`);
  assert.match(mistakeOf({ certs: [`a.test=${missing}`] }), /^certs: .*missing\.pem cannot be used: ENOENT/);
  assert.equal(mistakeOf({ certs: [`a*b=${file}`] }), 'certs: not a domain: a*b');
  assert.equal(mistakeOf({ certs: [file] }), 'none');
});

test('TL-08 OPT-53 request_client_cert asks clients for a certificate and takes any, or none', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_insecure: true, request_client_cert: true });
  const { file } = clientCertificate(temporaryFolder(t), 'one.pem', 'me.test');
  const pem = fs.readFileSync(file, 'utf8');
  await exchange(proxy, origin, { cert: pem, key: pem });
  const row = await proxy.row((one) => one.status === 200);
  const { flow } = await proxy.read(row.id);
  assert.ok((flow.client?.chain?.length ?? 0) > 100);
  const { answer } = await exchange(proxy, origin);
  assert.match(answer, /secret/);
});

test('OPT-46 roots in a folder are trusted, too', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_verify_upstream_trusted_confdir: path.dirname(origin.caFile) });
  const { answer } = await exchange(proxy, origin);
  assert.match(answer, /secret/);
  const empty = temporaryFolder(t);
  assert.equal(
    mistakeOf({ ssl_verify_upstream_trusted_confdir: empty }),
    `ssl_verify_upstream_trusted_confdir: ${empty} cannot be used: no file in it has a certificate`,
  );
});

test('OPT-47 without upstream_cert the certificate has the name asked for, and the server is met at the request', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_insecure: true, upstream_cert: false });
  const client = await inside(proxy, origin, { servername: 'localhost' });
  assert.equal(client.getPeerX509Certificate()?.subjectAltName, 'DNS:localhost');
  assert.equal(origin.sockets.length, 0);
  assert.match(await askInside(proxy, client, ASK, /secret/), /secret/);
  assert.equal(origin.sockets.length, 1);
});

test('OPT-48 the server’s certificates are sent behind ours', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, {
    ssl_verify_upstream_trusted_ca: origin.caFile,
    add_upstream_certs_to_client_chain: true,
  });
  const told: Buffer[] = [];
  const { client, server } = await exchange(proxy, origin, {
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  assert.ok(server);
  const own = client.getPeerX509Certificate();
  assert.match(own?.issuer ?? '', /sluice/);
  const proxyRow = await proxy.row((one) => one.status === 200);
  const { flow } = await proxy.read(proxyRow.id);
  assert.ok(flow.server?.chain);
  told.push(Buffer.from(flow.server.chain));
  const sent = await sentCertificates(proxy, origin);
  assert.equal(sent.length, 2);
  assert.equal(sent[1], told[0]?.toString('hex'));
});

/** What openssl sees of the chain, as hexadecimal DER: Node shows only certificates that belong together. */
async function sentCertificates(proxy: RunningProxy, origin: TlsOrigin): Promise<string[]> {
  const { execFile } = await import('node:child_process');
  const words = ['s_client', '-proxy', `127.0.0.1:${proxy.port}`, '-connect', `localhost:${origin.port}`, '-showcerts'];
  const text = await new Promise<string>((done) => {
    const child = execFile('openssl', words, (_error, out) => done(out));
    child.stdin?.end();
  });
  return (text.match(/-----BEGIN CERTIFICATE-----[^-]+/g) ?? []).map((pem) =>
    Buffer.from(pem.replace(/-----.*-----/, ''), 'base64').toString('hex'),
  );
}

test('TL-13 ENV-03 the secrets of both sides are appended to a file for its owner only, and the event log says so', async (t) => {
  const file = path.join(temporaryFolder(t), 'keys.log');
  fs.writeFileSync(file, '# before\n', { mode: 0o644 });
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_insecure: true, tls_keylog_file: file });
  const secrets: string[] = [];
  const tunnel = await openTunnel(proxy, `localhost:${origin.port}`);
  const client = tls.connect({ socket: tunnel.socket, servername: 'localhost', rejectUnauthorized: false });
  client.on('keylog', (secret: Buffer) => void secrets.push(secret.toString()));
  await askInside(proxy, client, ASK, /secret/);
  const written = fs.readFileSync(file, 'utf8');
  assert.equal(secrets.length, 5);
  for (const secret of secrets) assert.ok(written.includes(secret), 'the side of the client');
  const lines = written.split('\n').filter((text) => /^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,}$/.test(text));
  assert.equal(lines.length, 2 * secrets.length);
  assert.ok(written.startsWith('# before\n'));
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  await line(proxy, /^TLS secrets are written to .*keys\.log/);
  assert.match(
    mistakeOf({ tls_keylog_file: path.dirname(file) }),
    /^tls_keylog_file: TLS secrets cannot be written to/,
  );
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  test(`TLS sessions are resumed with servers and by clients (${version})`, async (t) => {
    const origin = await startTlsOrigin(t, response('secret'), [], { minVersion: version, maxVersion: version });
    const proxy = await startProxy(t, { ssl_verify_upstream_trusted_ca: origin.caFile });
    const sessions: Buffer[] = [];
    const first = await inside(proxy, origin, { minVersion: version, maxVersion: version });
    first.on('session', (session: Buffer) => void sessions.push(session));
    await askInside(proxy, first, ASK, /secret/);
    const session = version === 'TLSv1.2' ? first.getSession() : sessions.at(-1);
    first.destroy();
    assert.ok(session);
    const { client, server } = await exchange(proxy, origin, { minVersion: version, maxVersion: version, session });
    assert.equal(client.isSessionReused(), true, 'by the client');
    assert.equal(server?.isSessionReused(), true, 'with the server');
    const rows = await proxy.until(() => {
      const done = proxy.list().filter((row) => row.status === 200);
      return done.length === 2 && done;
    }, 'two rows');
    const [one, two] = await Promise.all(rows.map((row) => proxy.read(row.id)));
    assert.deepEqual(two?.flow.server?.certificate, one?.flow.server?.certificate);
    assert.deepEqual(two?.flow.server?.chain, one?.flow.server?.chain);
  });

test('a session is not resumed once servers are verified that were not before', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_insecure: true });
  assert.match((await exchange(proxy, origin)).answer, /secret/);
  assert.equal((await exchange(proxy, origin)).server?.isSessionReused(), true);
  proxy.say({ type: 'set-option', name: 'ssl_insecure', value: false });
  await proxy.until(() => proxy.events.some((event) => event.type === 'option-changed'), 'option-changed');
  assert.match((await exchange(proxy, origin)).answer, /is not trusted/);
});
