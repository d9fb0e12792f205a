import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { Authority, makeAuthority } from '../../src/certs/authority.js';
import type { Options } from '../../src/options.js';
import { askInside, logged, openTunnel, secure } from '../script/scripted.js';
import { selfSigned } from '../support/nginx.js';
import { response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

const ASK = 'GET /asked HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** The row of a request to this server that fails, without where it was sent. */
async function failing(t: TestContext, port: number, options: Partial<Options> = {}): Promise<string> {
  const proxy = await startProxy(t, options);
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${port}`));
  await askInside(proxy, socket, ASK, /<\/html>/);
  const row = await proxy.row((one) => one.path === '/asked' && one.error !== '');
  return row.error.replaceAll(`localhost:${port}`, 'SERVER');
}

/** What a client gets to see of our side when it speaks TLS like this, and our row of it. */
async function refused(proxy: RunningProxy, port: number, options: tls.ConnectionOptions): Promise<string> {
  const before = new Set(proxy.rows.keys());
  const client = await openTunnel(proxy, `localhost:${port}`);
  const socket = tls.connect({ socket: client.socket, servername: 'localhost', ...options });
  await new Promise((done) => socket.once('error', done).once('close', done));
  const row = await proxy.row((one) => one.scheme === 'tls' && !before.has(one.id) && one.error !== '');
  return row.error;
}

const WEAK = '; nothing was sent to it (add its root with ssl_verify_upstream_trusted_ca, or set ssl_insecure)';
const OLD = 'tls_version_server_min=TLS1 also speaks the versions before TLS 1.2';

test('TL-07 TL-10 a server that is not trusted: who signed it, its dates and its name are told apart', async (t) => {
  const unknown = await startTlsOrigin(t, response('x'));
  assert.equal(
    await failing(t, unknown.port),
    `SERVER is not trusted: its certificate is signed by an unknown authority, or an intermediate is missing${WEAK}`,
  );
  const folder = temporaryFolder(t);
  const self = selfSigned(folder, 'elsewhere.test');
  const own = { cert: fs.readFileSync(self.cert), key: fs.readFileSync(self.key) };
  const elsewhere = await startTlsOrigin(t, response('x'), [], own);
  assert.equal(await failing(t, elsewhere.port), `SERVER is not trusted: its certificate is self-signed${WEAK}`);
  assert.match(
    await failing(t, elsewhere.port, { ssl_verify_upstream_trusted_ca: self.cert }),
    /^SERVER is not trusted: its certificate is for another name \(Host: localhost\. is not in the cert's altnames: DNS:elsewhere\.test.*\(ask for a name it is for, or set ssl_insecure\)$/,
  );
  const ca = await makeAuthority();
  fs.writeFileSync(`${folder}/ca.pem`, ca.certificate.toString());
  const then = Date.UTC(2020, 0, 1);
  const clock = t.mock.method(Date, 'now', () => then);
  const leaf = await new Authority(ca).sign([{ type: 'dns', name: 'localhost' }]);
  clock.mock.restore();
  const expired = await startTlsOrigin(t, response('x'), [], { key: leaf.key, cert: leaf.certificate });
  assert.equal(
    await failing(t, expired.port, { ssl_verify_upstream_trusted_ca: `${folder}/ca.pem` }),
    'SERVER is not trusted: its certificate has expired; nothing was sent to it (look at the clock here, or set ssl_insecure)',
  );
});

test('TL-10 a handshake with a server that fails: no TLS, no version, no cipher, gone', async (t) => {
  const plain = await startOrigin(t, (visit) => visit.socket.end(response('plain')));
  assert.equal(
    await failing(t, plain.port),
    'TLS with SERVER failed: it does not speak TLS; ask for http:// if it is a plain HTTP server',
  );
  const gone = await startOrigin(t, (visit) => visit.socket.destroy());
  assert.equal(
    await failing(t, gone.port),
    `TLS with SERVER failed: it closed the connection during the TLS handshake; perhaps it speaks no TLS, or an old version: ${OLD}`,
  );
  const old = await startTlsOrigin(t, response('x'), [], {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT:@SECLEVEL=0',
  });
  assert.equal(
    await failing(t, old.port),
    `TLS with SERVER failed: it speaks no TLS version that tls_version_server_min and tls_version_server_max allow (alert: protocol_version); ${OLD}`,
  );
  const picky = await startTlsOrigin(t, response('x'), [], { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
  assert.equal(
    await failing(t, picky.port, { ciphers_server: 'ECDHE-ECDSA-AES256-GCM-SHA384', tls_version_server_max: 'TLS1_2' }),
    'TLS with SERVER failed: it refused every cipher or curve, or wants a certificate of the client (alert: handshake_failure); ciphers_server=ALL:@SECLEVEL=0 offers every cipher, client_certs gives a certificate',
  );
});

test('TL-10 a handshake with a client that fails: no trust, no version, no cipher', async (t) => {
  const proxy = await startProxy(t, { upstream_cert: false });
  const trust =
    'let it trust the CA (http://sluice.test/), or pass the host through (p in the list of flows, or ignore_hosts)';
  const ca = fs.readFileSync(proxy.caFile);
  assert.equal(
    await refused(proxy, 1, { ca: tls.rootCertificates[0] }),
    `client probably does not trust the sluice CA (it sent no alert); ${trust}`,
  );
  assert.equal(
    await refused(proxy, 2, { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
    'the client offers no TLS version that tls_version_client_min and tls_version_client_max allow; tls_version_client_min=TLS1 also speaks the versions before TLS 1.2',
  );
  proxy.say({ type: 'set-option', name: 'ciphers_client', value: 'TLS_AES_128_GCM_SHA256' });
  await proxy.event('option-changed');
  assert.equal(
    await refused(proxy, 4, { ca, ciphers: 'TLS_AES_256_GCM_SHA384' }),
    'there is no cipher both sides take; ciphers_client=ALL:@SECLEVEL=0 takes every cipher',
  );
});

test('TL-10 a client that says why it refuses our certificate, or leaves, is told by its alert', async (t) => {
  const proxy = await startProxy(t, { upstream_cert: false });
  const ALERTS: readonly (readonly [number, RegExp])[] = [
    [48, /^client does not trust the sluice CA \(alert: unknown_ca\); let it trust/],
    [46, /^client does not trust the sluice CA \(alert: certificate_unknown\); let it trust/],
    [42, /^client does not trust the sluice CA.*; let it trust/],
    [90, /^the client left during the handshake/],
    [80, /^the client refused the handshake \(alert: internal_error\)$/],
  ];
  const hello = await clientHello();
  for (const [number, wanted] of ALERTS) {
    const before = new Set(proxy.rows.keys());
    const client = await openTunnel(proxy, 'localhost:5');
    client.received = '';
    client.socket.write(hello);
    await client.until(/^\x16\x03\x03/);
    client.socket.end(Buffer.from([21, 3, 3, 0, 2, 2, number]));
    const row = await proxy.row((one) => one.scheme === 'tls' && !before.has(one.id) && one.error !== '');
    assert.match(row.error, wanted, String(number));
  }
  assert.ok(logged(proxy).some((text) => /^localhost:5: client does not trust the sluice CA/.test(text)));
});

/** The first message of a TLS 1.2 client, so that an alert may follow in the clear. */
function clientHello(): Promise<Buffer> {
  return new Promise((done) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {}); // the client is cut off
      socket.once('data', (bytes: Buffer) => {
        socket.destroy();
        server.close(() => done(bytes));
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', maxVersion: 'TLSv1.2' });
      client.on('error', () => {}); // it is cut off
    });
  });
}
