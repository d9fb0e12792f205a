import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import { askInside, scripted, secure, spoken } from '../script/scripted.js';
import { Client } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

/** TLS with the proxy itself. */
async function secured(proxy: RunningProxy, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  return secure(proxy, await Client.connect(proxy.port), options);
}

test('MO-01 a client may speak TLS to the proxy itself: requests inside are as on the plain port', async (t) => {
  const origin = await startOrigin(t, answering(response('page')));
  const proxy = await startProxy(t);
  const socket = await secured(proxy, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  assert.match(socket.getPeerX509Certificate()?.subjectAltName ?? '', /DNS:localhost, IP Address:127\.0\.0\.1/);
  for (const path of ['/one', '/two'])
    await askInside(proxy, socket, `GET http://127.0.0.1:${origin.port}${path} HTTP/1.1\r\nHost: a\r\n\r\n`, /page/);
  const row = await proxy.row((one) => one.path === '/two' && one.status === 200);
  assert.equal(row.scheme, 'http');
  const { client } = (await proxy.read(row.id)).flow;
  assert.deepEqual([client?.tls?.sni, client?.tls?.alpn], ['localhost', 'http/1.1']);
});

test('MO-01 TL-02 one that names nobody gets a certificate for the address it came in by', async (t) => {
  const origin = await startOrigin(t, answering(response('page')));
  const proxy = await startProxy(t);
  const socket = tls.connect({ port: proxy.port, host: '127.0.0.1', ca: fs.readFileSync(proxy.caFile) });
  await once(socket, 'secureConnect');
  await askInside(proxy, socket, `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`, /page/);
  socket.destroy();
});

test('MO-01 a CONNECT inside, and TLS inside of that, are opened', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_verify_upstream_trusted_ca: origin.caFile });
  const outer = await secured(proxy);
  const connect = `CONNECT localhost:${origin.port} HTTP/1.1\r\nHost: a\r\n\r\n`;
  await askInside(proxy, outer, connect, /^HTTP\/1\.1 200 .*\r\n\r\n$/s);
  outer.removeAllListeners('data');
  const inner = tls.connect({ socket: outer, servername: 'localhost', ca: fs.readFileSync(proxy.caFile) });
  await once(inner, 'secureConnect');
  await askInside(proxy, inner, 'GET /tls HTTP/1.1\r\nHost: localhost\r\n\r\n', /secret/);
  await proxy.row((one) => one.path === '/tls' && one.scheme === 'https' && one.status === 200);
  inner.destroy();
});

test('MO-01 OPT-70 a login is asked for inside', async (t) => {
  const proxy = await startProxy(t, { proxyauth: 'anna:secret' });
  const answer = await askInside(
    proxy,
    await secured(proxy),
    'GET http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n',
    /\r\n\r\n/,
  );
  assert.match(answer, /^HTTP\/1\.1 407 /);
});

test('MO-01 EVT-16 scripts hear of it, and of a client that does not trust the certificate; that one has a row', async (t) => {
  const proxy = await scripted(
    t,
    `export function tls_established_client(data) { console.log('established', data.sni); }
     export function tls_failed_client(data) { console.log('failed'); }`,
  );
  await secured(proxy);
  await proxy.until(() => spoken(proxy).includes('established localhost'), 'established');
  await assert.rejects(secured(proxy, { ca: [] }));
  const row = await proxy.row((one) => one.failed);
  assert.deepEqual(
    [row.kind, row.scheme, row.host, row.port, row.passable],
    ['tunnel', 'tls', '127.0.0.1', proxy.port, false],
  );
  await proxy.until(() => spoken(proxy).includes('failed'), 'failed');
});

test('MO-01 what begins like TLS and is none has a row, and so has one that stops in the middle', async (t) => {
  const proxy = await startProxy(t, { head_timeout: 1 });
  for (const bytes of ['\x16\x03\x01\x00\x05nonsense', '\x16\x03\x01']) {
    const before = proxy.list().length;
    const client = await Client.connect(proxy.port);
    client.send(bytes);
    await client.until('close');
    const row = await proxy.until(() => proxy.list()[before], 'a row');
    assert.match(row.error, /the TLS handshake does not begin as it should, or not in time/);
  }
});
