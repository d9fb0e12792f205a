import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import { Client } from '../support/client.js';
import { response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { startSpeaker } from '../support/speaker.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

async function openTunnel(proxy: RunningProxy, authority: string): Promise<Client> {
  const client = await Client.connect(proxy.port);
  client.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 200 Connection established\r\n\r\n');
  client.received = '';
  return client;
}

/** A TLS client in a tunnel that trusts the proxy's CA and nothing else. */
function secure(proxy: RunningProxy, client: Client, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  return new Promise((done, fail) => {
    const socket = tls.connect(
      { socket: client.socket, servername: 'localhost', ca: fs.readFileSync(proxy.caFile), ...options },
      () => done(socket),
    );
    socket.once('error', fail);
  });
}

function reply(socket: tls.TLSSocket, wanted: RegExp): Promise<string> {
  return new Promise((done) => {
    let text = '';
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
      if (wanted.test(text)) done(text);
    });
  });
}

test('TL-02 TL-04 TL-06 HTTPS is opened with a leaf the client verifies; the server sees the same name and ALPN', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'), ['http/1.1']);
  const proxy = await startProxy(t, { ssl_verify_upstream_trusted_ca: origin.caFile });
  const tunnel = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  const socket = await secure(proxy, tunnel, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  assert.match(socket.getPeerX509Certificate()?.subjectAltName ?? '', /DNS:localhost, IP Address:127\.0\.0\.1/);
  socket.write('GET /inside HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.match(await reply(socket, /secret/), /^HTTP\/1\.1 200 OK\r\n/);
  assert.deepEqual(origin.handshakes, [{ sni: 'localhost', alpn: 'http/1.1' }]);
  const row = await proxy.row((one) => one.path === '/inside' && one.status === 200);
  assert.equal(row.scheme, 'https');
  const { flow } = await proxy.read(row.id);
  assert.equal(flow.server?.tls?.alpn, 'http/1.1');
  assert.match(flow.server?.trust ?? '', /origin-ca\.pem/);
});

test('H1-14 the answer to a CONNECT has no fields', async (t) => {
  const proxy = await startProxy(t);
  const client = await Client.connect(proxy.port);
  client.send('CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n');
  assert.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 200 Connection established\r\n\r\n');
  client.socket.destroy();
});

test('TL-06 a server that is asked for by its address is verified by it, and gets no server name', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { ssl_verify_upstream_trusted_ca: origin.caFile });
  const socket = await secure(proxy, await openTunnel(proxy, `127.0.0.1:${origin.port}`), { servername: '' });
  socket.write('GET /inside HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  assert.match(await reply(socket, /secret/), /^HTTP\/1\.1 200 OK\r\n/);
  assert.deepEqual(origin.handshakes, [{ sni: '', alpn: '' }]);
});

test('TL-07 reliability 44: not one byte of a request goes to a server that fails verification; the client gets 502', async (t) => {
  const origin = await startTlsOrigin(t, response('never'));
  const proxy = await startProxy(t);
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`));
  socket.write('GET /private HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.match(await reply(socket, /<\/html>/), /^HTTP\/1\.1 502 Bad Gateway[\s\S]*is not trusted/);
  assert.equal(origin.received(), '');
  const row = await proxy.row((one) => one.path === '/private' && one.failed);
  assert.match(row.error, /is not trusted: .*; nothing was sent to it/);
});

test('OPT-45 ssl_insecure is the way out, and Detail says that nobody checked', async (t) => {
  const origin = await startTlsOrigin(t, response('anyway'));
  const proxy = await startProxy(t, { ssl_insecure: true });
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`));
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await reply(socket, /anyway/);
  const row = await proxy.row((one) => one.status === 200);
  assert.match((await proxy.read(row.id)).flow.server?.trust ?? '', /nobody checked/);
});

test('a client that offers only h2 is passed through, with a row that says so', async (t) => {
  const origin = await startTlsOrigin(t, response('x'), ['h2']);
  const proxy = await startProxy(t);
  const ca = fs.readFileSync(origin.caFile);
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`), {
    ALPNProtocols: ['h2'],
    ca,
  });
  assert.equal(socket.alpnProtocol, 'h2');
  const row = await proxy.row((one) => one.kind === 'tunnel');
  assert.match(row.error, /offers only h2/);
});

test('OPT-10 a connection that is reset while it passes through is reset on the other side, too', async (t) => {
  const speaker = await startSpeaker(t, { answer: ({ socket }) => void socket.write('half of it') });
  const proxy = await startProxy(t, { ignore_hosts: ['^localhost:'] });
  const client = await openTunnel(proxy, `localhost:${speaker.port}`);
  const ended = new Promise((done) => client.socket.on('error', done).on('end', () => done('end')));
  client.send('ask');
  await client.until('half of it'); // libuv tells a reset that comes with the last bytes as an end
  speaker.visits[0]?.socket.resetAndDestroy();
  assert.equal(((await ended) as NodeJS.ErrnoException).code, 'ECONNRESET');
});

test('OPT-10 ignore_hosts passes a host through untouched: the client sees the server’s own certificate', async (t) => {
  const origin = await startTlsOrigin(t, response('x'));
  const proxy = await startProxy(t, { ignore_hosts: ['^localhost:'] });
  const ca = fs.readFileSync(origin.caFile);
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`), { ca });
  assert.match(socket.getPeerX509Certificate()?.issuer ?? '', /sluice CA/);
  socket.end();
  const row = await proxy.row((one) => one.kind === 'tunnel' && one.duration >= 0);
  assert.equal(row.error, 'ignore_hosts matches');
  assert.ok(row.size > 1000);
});

test('PD-08 a server that speaks first is passed through', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, () => {});
  const net = await import('node:net');
  const server = net.createServer((socket) => socket.write('220 ready\r\n'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const client = await openTunnel(proxy, `127.0.0.1:${port}`);
  await client.until('220 ready');
  await proxy.row((one) => one.kind === 'tunnel' && one.error === 'the server speaks first');
  assert.equal(origin.visits.length, 0);
  client.socket.destroy();
});

test('reliability 25: plain HTTP in a tunnel is read, also in the same piece as the CONNECT', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => void visit.socket.write(response('plain')));
  const client = await Client.connect(proxy.port);
  client.send(
    `CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: a\r\n\r\nGET /in HTTP/1.1\r\nHost: other.example\r\n\r\n`,
  );
  await client.until('plain');
  const row = await proxy.row((one) => one.path === '/in');
  assert.equal(row.host, '127.0.0.1');
});

test('reliability 25: a CONNECT without a usable port, or with a body, is refused', async (t) => {
  const proxy = await startProxy(t);
  for (const target of ['example.org', 'example.org:0', 'example.org:99999', '/path']) {
    const client = await Client.connect(proxy.port);
    client.send(`CONNECT ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.match(await client.until('close'), /^HTTP\/1\.1 400 /, target);
  }
  const client = await Client.connect(proxy.port);
  client.send('CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc');
  assert.match(await client.until('close'), /^HTTP\/1\.1 400 /);
});
