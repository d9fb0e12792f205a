import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startTlsOrigin } from '../support/tlsorigin.js';
import { askInside, line, logged, openTunnel, said, saidUntil, scripted, secure, tracing } from './scripted.js';

const INSIDE = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const TUNNEL = ['http_connect', 'http_connected', 'http_connect_error'] as const;

test('S3-13 S3-14 S3-15 EVT-05 EVT-06 clientconnect and clientdisconnect get the same client, with its address', async (t) => {
  const tell = 'console.log(it.address.join(" "), it.clientConn === it)';
  const hooks = { clientconnect: tell, clientdisconnect: tell };
  const proxy = await scripted(t, tracing(hooks, ['clientconnect', 'clientdisconnect']));
  const client = await Client.connect(proxy.port);
  const address = `127.0.0.1 ${client.socket.localPort} true`;
  await saidUntil(proxy, 't.mjs', address);
  client.socket.end();
  const heard = await saidUntil(proxy, 't.mjs', address, 2);
  assert.deepEqual(heard, ['clientconnect', address, 'clientdisconnect', address]);
});

test('EVT-05 setting client.error in clientconnect closes the connection, and nothing of it is read', async (t) => {
  const proxy = await scripted(t, tracing({ clientconnect: "it.error = 'not today'" }));
  const client = await Client.connect(proxy.port);
  client.send('GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal(await client.until('close'), '');
  await line(proxy, /a script refused the client: not today/);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'clientdisconnect'), ['clientconnect', 'clientdisconnect']);
});

test('S3-19 S3-21 EVT-07 serverconnect has the address and may send the connection elsewhere', async (t) => {
  const origin = await startOrigin(t, answering(response('elsewhere')));
  const hook = `console.log(it.address.join(' ')); it.address = ['127.0.0.1', ${origin.port}]`;
  const proxy = await scripted(t, tracing({ serverconnect: hook }, ['serverconnect', 'server_connected']));
  assert.match(await fetchThrough(proxy.port, 'http://one.invalid:81/'), /elsewhere$/);
  assert.match(origin.visits[0]?.received ?? '', /^$|Host: one\.invalid:81/);
  const heard = await saidUntil(proxy, 't.mjs', 'server_connected');
  assert.deepEqual(heard, ['serverconnect', 'one.invalid 81', 'server_connected']);
});

test('EVT-07 EVT-08 setting server.error in serverconnect refuses it: nothing is dialled and the client is told why', async (t) => {
  const origin = await startOrigin(t, answering(response('never')));
  const hooks = { serverconnect: "it.error = 'off limits'", server_connect_error: 'console.log(it.error)' };
  const names = ['serverconnect', 'server_connected', 'server_connect_error', 'response', 'error'] as const;
  const proxy = await scripted(t, tracing(hooks, names));
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /502 Bad Gateway[\s\S]*off limits/);
  const heard = await saidUntil(proxy, 't.mjs', 'error');
  assert.deepEqual(heard, ['serverconnect', 'server_connect_error', 'off limits', 'error']);
  assert.equal(origin.visits.length, 0);
});

test('EVT-09 S3-22 serverdisconnect follows when the server closes, with the address it had', async (t) => {
  const proxy = await scripted(
    t,
    tracing({ serverdisconnect: "console.log(it.address.join(' '))" }, ['serverdisconnect']),
  );
  const origin = await startOrigin(t, (visit) => void visit.socket.end(response('bye')));
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  const heard = await saidUntil(proxy, 't.mjs', `127.0.0.1 ${origin.port}`);
  assert.deepEqual(heard, ['serverdisconnect', `127.0.0.1 ${origin.port}`]);
});

test('S4-12 every layer has the context of its connection', async (t) => {
  const tell = 'console.log(it.name, it.context.client.address.join(" "))';
  const proxy = await scripted(t, tracing({ next_layer: tell }, ['next_layer']));
  const origin = await startOrigin(t, answering(response('x')));
  const client = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until('200 OK');
  const from = `http 127.0.0.1 ${client.socket.localPort}`;
  assert.deepEqual(await saidUntil(proxy, 't.mjs', from, 2), ['next_layer', from, 'next_layer', from]);
});

test('EVT-09 serverdisconnect follows when a connection that has switched protocols closes', async (t) => {
  const proxy = await scripted(t, tracing({}, ['serverdisconnect']));
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n';
  const origin = await startOrigin(t, answering(switching));
  const client = await Client.connect(proxy.port);
  const head = `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n`;
  client.send(head);
  await client.until('Upgrade: other\r\n\r\n');
  assert.deepEqual(said(proxy, 't.mjs'), []);
  client.socket.destroy();
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'serverdisconnect'), ['serverdisconnect']);
});

test('S3-01 S3-02 S3-23 S3-25 EVT-11 a 403 set in http_connect is sent and ends it; nothing is dialled', async (t) => {
  const refusing = `const { request } = it;
  console.log(request.method, request.host, request.port, request.headers.get('x-client'));
  it.response = Response.make(403, 'no tunnels', { 'x-why': 'policy' });`;
  const proxy = await scripted(t, tracing({ http_connect: refusing }));
  const origin = await startOrigin(t, () => {});
  const client = await Client.connect(proxy.port);
  client.send(`CONNECT localhost:${origin.port} HTTP/1.1\r\nHost: localhost\r\nX-Client: me\r\n\r\n`);
  const answer = await client.until('close');
  assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*x-why: policy\r\n[\s\S]*\r\n\r\nno tunnels$/);
  const heard = await saidUntil(proxy, 't.mjs', 'clientdisconnect');
  const told = ['http_connect', `CONNECT localhost ${origin.port} me`, 'http_connect_error'];
  assert.deepEqual(heard, ['clientconnect', 'next_layer', ...told, 'clientdisconnect']);
  assert.equal(origin.visits.length, 0);
});

test('S3-23 EVT-13 a 2xx answer set in http_connect lets the tunnel open', async (t) => {
  const origin = await startTlsOrigin(t, response('inside'));
  const options = { ssl_verify_upstream_trusted_ca: origin.caFile };
  const proxy = await scripted(t, tracing({ http_connect: "it.response = Response.make(204, '')" }, TUNNEL), options);
  const client = await openTunnel(proxy, `localhost:${origin.port}`);
  assert.match(client.received, /^HTTP\/1\.1 2\d\d /);
  await askInside(proxy, await secure(proxy, client), INSIDE, /inside/);
  assert.deepEqual(said(proxy, 't.mjs'), ['http_connect', 'http_connected']);
});

test('EVT-13 a tunnel that is dialled first and cannot be has http_connect_error, and no http_connected', async (t) => {
  const proxy = await scripted(t, tracing({}, [...TUNNEL, 'clientdisconnect']), { ignore_hosts: ['localhost:1$'] });
  const client = await openTunnel(proxy, 'localhost:1');
  assert.match(await client.until('close'), /^HTTP\/1\.1 502 Bad Gateway/);
  const heard = await saidUntil(proxy, 't.mjs', 'clientdisconnect');
  assert.deepEqual(heard, ['http_connect', 'http_connect_error', 'clientdisconnect']);
});

test('S3-17 S3-18 EVT-10 next_layer inside CONNECT may choose tcp: the bytes pass through untouched', async (t) => {
  const origin = await startTlsOrigin(t, response('untouched'));
  const chooser = `export function next_layer(layer) {
  console.log(layer.name);
  if (layer.name === 'tls') return 'tcp';
}\n`;
  const proxy = await scripted(t, chooser);
  const tunnel = await openTunnel(proxy, `localhost:${origin.port}`);
  const socket = await secure(proxy, tunnel, { ca: fs.readFileSync(origin.caFile) });
  await askInside(proxy, socket, INSIDE, /untouched/);
  assert.deepEqual(said(proxy, 't.mjs'), ['http', 'tls']);
  const row = await proxy.row((one) => one.kind === 'tunnel');
  assert.equal(row.error, 'a script chose it');
});

test('S3-17 EVT-10 a layer that cannot be spoken is refused with a message, and sluice takes its own', async (t) => {
  const origin = await startOrigin(t, answering(response('as ever')));
  const proxy = await scripted(t, "export const next_layer = (layer) => { layer.layer = 'quic'; };\n");
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /as ever$/);
  await line(proxy, 'next_layer: "quic" cannot be spoken here; there is http');
});

test('S3-16 EVT-10 what a client sends inside TLS while next_layer is asked is not lost', async (t) => {
  const origin = await startTlsOrigin(t, response('kept'));
  const waiting = 'await new Promise((done) => setTimeout(done, 20));';
  const options = { ssl_verify_upstream_trusted_ca: origin.caFile };
  const proxy = await scripted(t, tracing({ next_layer: waiting }, ['next_layer']), options);
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`));
  assert.match(await askInside(proxy, socket, INSIDE, /kept/), /^HTTP\/1\.1 200 OK/);
});

test('EVT-14 tls_clienthello has the name and the protocols offered, and ignoreConnection passes it through', async (t) => {
  const origin = await startTlsOrigin(t, response('its own certificate'), ['http/1.1']);
  const hook = "console.log(it.sni, it.alpnProtocols.join(' ')); it.ignore_connection = true";
  const names = ['tls_clienthello', 'tls_established_client', 'requestheaders'] as const;
  const proxy = await scripted(t, tracing({ tls_clienthello: hook }, names));
  const how = { ca: fs.readFileSync(origin.caFile), ALPNProtocols: ['h2', 'http/1.1'] };
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`), how);
  await askInside(proxy, socket, INSIDE, /its own certificate/);
  assert.deepEqual(said(proxy, 't.mjs'), ['tls_clienthello', 'localhost h2 http/1.1']);
});

test('EVT-16 tls_established_server and _client say what was agreed on', async (t) => {
  const origin = await startTlsOrigin(t, response('agreed'), ['http/1.1']);
  const tell = 'console.log(it.sni, it.tlsVersion, it.alpn, it.tlsEstablished)';
  const names = ['tls_established_server', 'tls_established_client'] as const;
  const hooks = { tls_established_server: tell, tls_established_client: tell };
  const proxy = await scripted(t, tracing(hooks, names), { ssl_verify_upstream_trusted_ca: origin.caFile });
  const tunnel = await openTunnel(proxy, `localhost:${origin.port}`);
  const socket = await secure(proxy, tunnel, { ALPNProtocols: ['http/1.1'] });
  await askInside(proxy, socket, INSIDE, /agreed/);
  const agreed = 'localhost TLSv1.3 http/1.1 true';
  const heard = await saidUntil(proxy, 't.mjs', agreed, 2);
  assert.deepEqual(heard, ['tls_established_server', agreed, 'tls_established_client', agreed]);
});

test('EVT-16 tls_failed_server says why a server is not trusted, and server_connect_error follows', async (t) => {
  const origin = await startTlsOrigin(t, response('never'));
  const names = ['serverconnect', 'server_connected', 'tls_failed_server', 'server_connect_error'] as const;
  const proxy = await scripted(t, tracing({ tls_failed_server: 'console.log(it.error)' }, names));
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`));
  await askInside(proxy, socket, INSIDE, /502 Bad Gateway/);
  const heard = await saidUntil(proxy, 't.mjs', 'server_connect_error');
  assert.deepEqual([heard[0], heard[1], heard[3]], ['serverconnect', 'tls_failed_server', 'server_connect_error']);
  assert.match(heard[2] ?? '', /is not trusted/);
  assert.equal(heard.length, 4);
});

test('EVT-16 tls_failed_client says why a client refused our certificate', async (t) => {
  const origin = await startTlsOrigin(t, response('never'));
  const hook = { tls_failed_client: 'console.log(it.error)' };
  const proxy = await scripted(t, tracing(hook, ['tls_failed_client', 'requestheaders']));
  const how = { ca: fs.readFileSync(origin.caFile), maxVersion: 'TLSv1.2' as const };
  const tunnel = await openTunnel(proxy, `localhost:${origin.port}`);
  await assert.rejects(secure(proxy, tunnel, how), /self-signed certificate|unable to/);
  await line(proxy, /^t\.mjs: client probably does not trust the sluice CA \(it sent no alert\);/);
  assert.deepEqual(said(proxy, 't.mjs').slice(0, 1), ['tls_failed_client']);
  assert.equal(logged(proxy).filter((text) => text === 't.mjs: tls_failed_client').length, 1);
});

test('S2-14 EVT-23 a status such as 500 is a response and no error', async (t) => {
  const proxy = await scripted(t, tracing({}, ['response', 'error', 'clientdisconnect']));
  const origin = await startOrigin(t, answering(response('broken', '', '500 Internal Server Error')));
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /^HTTP\/1\.1 500 /);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'clientdisconnect'), ['response', 'clientdisconnect']);
});

test('S2-11 S2-12 S3-26 S3-27 S3-28 S3-29 S3-42 EVT-19 each event has what it promises', async (t) => {
  const tell =
    'console.log(it.constructor.name, it.request.content && it.request.text, it.response && it.response.body && it.response.text)';
  const names = ['requestheaders', 'request', 'responseheaders', 'response'] as const;
  const proxy = await scripted(t, tracing(Object.fromEntries(names.map((name) => [name, tell])), names));
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('question')) visit.socket.write(response('answer'));
  });
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nquestion`);
  await client.until('answer');
  assert.deepEqual(said(proxy, 't.mjs'), [
    ...['requestheaders', 'HTTPFlow null null'],
    ...['request', 'HTTPFlow question null'],
    ...['responseheaders', 'HTTPFlow question null'],
    ...['response', 'HTTPFlow question answer'],
  ]);
});

test('ORD-02 a server that closes right behind its response has not cut it off while hooks are asked', async (t) => {
  const proxy = await scripted(t, tracing({}, ['responseheaders', 'response', 'error']));
  const origin = await startOrigin(t, (visit) => void visit.socket.end(response('whole')));
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /^HTTP\/1\.1 200 OK[\s\S]*whole$/);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'response'), ['responseheaders', 'response']);
});

test('ORD-02 a client that closes its half right behind its request still gets its answer while hooks are asked', async (t) => {
  const proxy = await scripted(t, tracing({ requestheaders: 'await null' }, ['requestheaders', 'request', 'error']));
  const origin = await startOrigin(t, answering(response('late')));
  const client = await Client.connect(proxy.port);
  client.socket.end(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(await client.until('close'), /^HTTP\/1\.1 200 OK[\s\S]*late$/);
  assert.deepEqual(said(proxy, 't.mjs'), ['requestheaders', 'request']);
});
