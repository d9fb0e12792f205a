import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { saidUntil, scripted, setOption } from '../script/scripted.js';
import { Client } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

/** A client that takes the proxy for the server, over TLS. */
function secured(proxy: RunningProxy, servername: string, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const ca = fs.readFileSync(proxy.caFile);
  return new Promise((done, fail) => {
    const socket = tls.connect({ port: proxy.port, host: '127.0.0.1', servername, ca, ...options }, () => done(socket));
    socket.once('error', fail);
  });
}

function until(socket: net.Socket, wanted: RegExp): Promise<string> {
  return new Promise((done, fail) => {
    let received = '';
    socket.on('data', (piece: Buffer) => {
      received += piece.toString('latin1');
      if (wanted.test(received)) done(received);
    });
    socket.once('close', () => fail(new Error(`closed after ${JSON.stringify(received)}`)));
  });
}

test('MO-03 OPT-66 PD-02 reverse:http sends requests to its server, which is named in Host', async (t) => {
  let received = '';
  const origin = await startOrigin(t, (visit, piece) => {
    received += piece.toString('latin1');
    answering(response('from the target'))(visit, piece);
  });
  const proxy = await startProxy(t, { mode: [`reverse:http://127.0.0.1:${origin.port}`] });
  const client = await Client.connect(proxy.port);
  client.send('GET /one?a=b HTTP/1.1\r\nHost: shop.example\r\nX-A: b\r\n\r\n');
  await client.until('from the target');
  assert.equal(received, `GET /one?a=b HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nX-A: b\r\n\r\n`);
  const row = await proxy.row((one) => one.path === '/one?a=b' && one.status === 200);
  assert.deepEqual([row.scheme, row.host, row.port], ['http', '127.0.0.1', origin.port]);
  client.send('GET http://other.example/two HTTP/1.1\r\nHost: other.example\r\n\r\n');
  await client.until(/from the target[\s\S]*from the target/);
  assert.equal(origin.visits.length, 1);
  assert.match(received, /GET \/two HTTP\/1\.1\r\nHost: 127\.0\.0\.1:/);
});

test('OPT-66 keep_host_header leaves the Host field and the server name as the client gave them', async (t) => {
  const origin = await startTlsOrigin(t, response('kept'));
  const proxy = await startProxy(t, {
    mode: [`reverse:https://127.0.0.1:${origin.port}`],
    keep_host_header: true,
    ssl_verify_upstream_trusted_ca: origin.caFile,
    ssl_insecure: true,
  });
  const socket = await secured(proxy, 'shop.example');
  socket.write('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  await until(socket, /kept/);
  assert.match(origin.received(), /Host: shop\.example\r\n/);
  assert.equal(origin.handshakes[0]?.sni, 'shop.example');
});

test('MO-03 OPT-67 what a server names in Alt-Svc does not lead past reverse mode, unless it is to be kept', async (t) => {
  const field = 'Alt-Svc: h3=":443"; ma=86400, h2="alt.example:8443"\r\nalt-svc: clear\r\n';
  const origin = await startOrigin(t, answering(response('there', field)));
  const server = `127.0.0.1:${origin.port}`;
  const heard = async (options: object, target: string): Promise<readonly string[]> => {
    const proxy = await startProxy(t, options);
    const client = await Client.connect(proxy.port);
    client.send(`GET ${target} HTTP/1.1\r\nHost: ${server}\r\n\r\n`);
    const answer = await client.until('there');
    const port = new RegExp(`:${proxy.port}\\b`, 'g');
    return (answer.match(/^alt-svc: .*$/gim) ?? []).map((line) => line.trim().replace(port, ':OURS'));
  };
  const mode = [`reverse:http://${server}`];
  const [kept, changed] = [
    ['Alt-Svc: h3=":443"; ma=86400, h2="alt.example:8443"', 'alt-svc: clear'],
    ['Alt-Svc: h3=":OURS"; ma=86400, h2=":OURS"', 'alt-svc: clear'],
  ];
  assert.deepEqual(await heard({ mode }, '/'), changed);
  assert.deepEqual(await heard({ mode, keep_alt_svc_header: true }, '/'), kept);
  assert.deepEqual(await heard({}, `http://${server}/`), kept);
});

test('MO-03 TL-06 reverse:https speaks TLS with the server under its own name, whether the client does or not', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, {
    mode: [`reverse:https://localhost:${origin.port}`],
    ssl_verify_upstream_trusted_ca: origin.caFile,
  });
  const plain = await Client.connect(proxy.port);
  plain.send('GET /plain HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  await plain.until('secret');
  const socket = await secured(proxy, 'shop.example');
  assert.match(socket.getPeerX509Certificate()?.subjectAltName ?? '', /DNS:shop\.example/);
  socket.write('GET /tls HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  await until(socket, /secret/);
  assert.deepEqual(
    origin.handshakes.map(({ sni }) => sni),
    ['localhost', 'localhost'],
  );
  assert.match(origin.received(), /GET \/tls HTTP\/1\.1\r\nHost: localhost:\d+\r\n/);
  assert.equal((await proxy.row((one) => one.path === '/plain')).scheme, 'https');
});

test('MO-03 a client may speak TLS to reverse:http, and the server hears plain HTTP', async (t) => {
  const origin = await startOrigin(t, answering(response('plain behind')));
  const proxy = await startProxy(t, { mode: [`reverse:http://127.0.0.1:${origin.port}`] });
  const socket = await secured(proxy, 'shop.example', { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  socket.write('GET /over HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  await until(socket, /plain behind/);
  assert.equal((await proxy.row((one) => one.path === '/over')).scheme, 'http');
});

test('TL-02 MO-03 a client that names no server gets a certificate for the address it came by', async (t) => {
  const origin = await startTlsOrigin(t, response('x'));
  const trust = { ssl_verify_upstream_trusted_ca: origin.caFile };
  for (const scheme of ['http', 'https']) {
    const proxy = await startProxy(t, { mode: [`reverse:${scheme}://localhost:${origin.port}`], ...trust });
    const socket = await secured(proxy, '', { host: '127.0.0.1' });
    assert.match(socket.getPeerX509Certificate()?.subjectAltName ?? '', /IP Address:127\.0\.0\.1/);
    socket.destroy();
  }
});

test('OPT-69 upstream_auth logs in to the server of reverse mode', async (t) => {
  let received = '';
  const origin = await startOrigin(t, (visit, piece) => {
    received += piece.toString('latin1');
    answering(response('in'))(visit, piece);
  });
  const proxy = await startProxy(t, {
    mode: [`reverse:http://127.0.0.1:${origin.port}`],
    upstream_auth: 'anna:s:cret',
  });
  const client = await Client.connect(proxy.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic old\r\n\r\n');
  await client.until('in');
  assert.match(received, /\r\nAuthorization: Basic YW5uYTpzOmNyZXQ=\r\n/);
  assert.doesNotMatch(received, /Basic old/);
});

test('MO-03 reverse:tcp hands bytes on, whoever speaks first, as a conversation', async (t) => {
  const origin = await startOrigin(t, (visit, piece) => void visit.socket.write(`echo ${piece}`));
  const proxy = await startProxy(t, { mode: [`reverse:tcp://127.0.0.1:${origin.port}`] });
  const client = await Client.connect(proxy.port);
  client.send('GET / HTTP/1.1\r\n\r\n');
  await client.until('echo GET');
  client.socket.end();
  const row = await proxy.row((one) => one.kind === 'tunnel' && one.duration >= 0);
  assert.deepEqual([row.host, row.port, row.messages], ['127.0.0.1', origin.port, 2]);
});

test('MO-03 reverse:tcp hands on what a server says first', async (t) => {
  const server = net.createServer((socket) => socket.write('220 ready\r\n'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const proxy = await startProxy(t, { mode: [`reverse:tcp://127.0.0.1:${port}`] });
  const client = await Client.connect(proxy.port);
  await client.until('220 ready');
  client.socket.destroy();
});

test('MO-03 reverse:tls speaks TLS with the server, and with a client that does', async (t) => {
  const origin = await startTlsOrigin(t, 'pong', ['chat']);
  const proxy = await startProxy(t, {
    mode: [`reverse:tls://localhost:${origin.port}`],
    ssl_verify_upstream_trusted_ca: origin.caFile,
  });
  const plain = await Client.connect(proxy.port);
  plain.send('ping\r\n\r\n');
  await plain.until('pong');
  plain.socket.destroy();
  const socket = await secured(proxy, 'chat.example', { ALPNProtocols: ['chat', 'other'] });
  assert.equal(socket.alpnProtocol, 'chat');
  socket.write('ping\r\n\r\n');
  await until(socket, /pong/);
  assert.deepEqual(origin.handshakes, [
    { sni: 'localhost', alpn: '' },
    { sni: 'localhost', alpn: 'chat' },
  ]);
  await proxy.until(() => proxy.list().filter((row) => row.messages === 2).length === 2, 'two conversations');
  socket.destroy();
});

test('MO-11 a reverse server that is sluice itself is a loop', async (t) => {
  const proxy = await startProxy(t);
  const after = proxy.events.length;
  setOption(proxy, 'mode', [`reverse:http://localhost:${proxy.port}`]);
  await proxy.event('listening', after);
  const client = await Client.connect(proxy.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(await client.until('close'), /^HTTP\/1\.1 508 /);
});

test('MO-10 a client keeps the mode it came in by', async (t) => {
  const origin = await startOrigin(t, answering(response('here')));
  const proxy = await startProxy(t);
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/1 HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  await client.until('here');
  const after = proxy.events.length;
  setOption(proxy, 'mode', ['reverse:http://127.0.0.1:9']);
  assert.equal((await proxy.event('listening', after)).places[0]?.mode, 'reverse:http://127.0.0.1:9');
  client.send(`GET http://127.0.0.1:${origin.port}/2 HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
  await client.until(/here[\s\S]*here/);
});

test('DMC-14 scripts see the mode a client came in by', async (t) => {
  const origin = await startOrigin(t, answering(response('x')));
  const mode = `reverse:http://127.0.0.1:${origin.port}`;
  const source = 'export function response(flow) { console.log(flow.client.proxyMode); console.log("end"); }';
  const proxy = await scripted(t, source, { mode: [mode] });
  const client = await Client.connect(proxy.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'end'), [mode, 'end']);
});
