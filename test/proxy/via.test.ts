import assert from 'node:assert/strict';
import fs from 'node:fs';
import net, { type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { Authority, makeAuthority } from '../../src/certs/authority.js';
import { certName } from '../../src/certs/names.js';
import { readConnectAnswer } from '../../src/http/connectanswer.js';
import { askInside, openTunnel, saidUntil, scripted, secure } from '../script/scripted.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy, temporaryFolder } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

interface OtherProxy {
  readonly port: number;
  /** The heads of requests it got. */
  readonly heads: string[];
}

/** Reads heads, answers requests with `x`, and opens tunnels unless told an answer of its own. */
function behave(proxy: OtherProxy, socket: Socket, refusal: string | null): void {
  let seen = '';
  const onData = (piece: Buffer): void => {
    seen += piece.toString('latin1');
    if (!seen.endsWith('\r\n\r\n')) return;
    const head = seen;
    seen = '';
    proxy.heads.push(head);
    const authority = /^CONNECT (\S+)/.exec(head)?.[1];
    if (authority === undefined) return void socket.write(response('by the other proxy'));
    if (refusal === 'end') return void socket.end();
    if (refusal !== null) return void socket.write(refusal);
    socket.removeListener('data', onData);
    const server = net.connect(Number(authority.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 100 Wait\r\n\r\nHTTP/1.0 200 Fine\r\nX-A: b\r\n\r\n');
      socket.pipe(server).pipe(socket);
    });
    server.on('error', () => socket.destroy());
  };
  socket.on('error', () => {}); // resets are part of what is tested
  socket.on('data', onData);
}

async function startOther(t: TestContext, refusal: string | null = null): Promise<OtherProxy> {
  const heads: string[] = [];
  const server = net.createServer((socket) => behave(proxy, socket, refusal));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const proxy: OtherProxy = { port: (server.address() as net.AddressInfo).port, heads };
  return proxy;
}

test('MO-02 the answer to a CONNECT is read however it comes', () => {
  const whole = Buffer.from('HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.0 200 Fine\r\nX: y\r\n\r\nrest');
  for (let length = 0; length < whole.length - 4; length += 1)
    assert.deepEqual(readConnectAnswer(whole.subarray(0, length), 1000), { type: 'more' }, String(length));
  const answer = { type: 'answer', status: 200, reason: 'Fine', length: whole.length - 4 };
  assert.deepEqual(readConnectAnswer(whole, 1000), answer);
  for (const text of [
    'SSH-2.0\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 99 x\r\n\r\n',
    `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(1000)}`,
    'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100),
  ])
    assert.deepEqual(readConnectAnswer(Buffer.from(text), 1000), { type: 'malformed' }, text.slice(0, 20));
});

test('MO-02 OPT-69 a plain request goes to the proxy in absolute form, with a login that the flow does not show', async (t) => {
  const other = await startOther(t);
  const proxy = await startProxy(t, {
    mode: [`upstream:http://127.0.0.1:${other.port}`],
    upstream_auth: 'anna:secret',
  });
  const answer = await fetchThrough(proxy.port, 'http://shop.example/a?b=c', 'Proxy-Authorization: Basic mine\r\n');
  assert.match(answer, /by the other proxy/);
  assert.deepEqual(other.heads, [
    'GET http://shop.example/a?b=c HTTP/1.1\r\nHost: shop.example\r\nProxy-Authorization: Basic YW5uYTpzZWNyZXQ=\r\n\r\n',
  ]);
  const row = await proxy.row((one) => one.host === 'shop.example' && one.status === 200);
  const { flow } = await proxy.read(row.id);
  assert.equal(flow.kind === 'http' && JSON.stringify(flow.request.head.fields).includes('YW5uYT'), false);
  const { authority, address, via } = flow.server ?? {};
  assert.deepEqual([authority, address], ['shop.example:80', '']);
  assert.deepEqual(via, { scheme: 'http', host: '127.0.0.1', port: other.port });
});

test('MO-02 HTTPS goes through a CONNECT to the proxy, and TLS is with the server', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const other = await startOther(t);
  const proxy = await startProxy(t, {
    mode: [`upstream:http://127.0.0.1:${other.port}`],
    ssl_verify_upstream_trusted_ca: origin.caFile,
    upstream_auth: 'anna:secret',
  });
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`));
  await askInside(proxy, socket, 'GET /in HTTP/1.1\r\nHost: localhost\r\n\r\n', /secret/);
  assert.deepEqual(other.heads, [
    `CONNECT localhost:${origin.port} HTTP/1.1\r\nHost: localhost:${origin.port}\r\nProxy-Authorization: Basic YW5uYTpzZWNyZXQ=\r\n\r\n`,
  ]);
  assert.doesNotMatch(origin.received(), /authorization/i);
  const row = await proxy.row((one) => one.path === '/in' && one.status === 200);
  assert.equal((await proxy.read(row.id)).flow.server?.via?.port, other.port);
});

test('MO-02 a proxy that is itself reached over TLS', async (t) => {
  const ca = await makeAuthority();
  const caFile = `${temporaryFolder(t)}/proxy-ca.pem`;
  const origin = await startTlsOrigin(t, response('twice'));
  fs.writeFileSync(caFile, `${ca.certificate}${fs.readFileSync(origin.caFile, 'utf8')}`);
  const leaf = await new Authority(ca).sign(['localhost'].flatMap((name) => certName(name) ?? []));
  const other: OtherProxy = { port: 0, heads: [] };
  const server = tls.createServer({ key: leaf.key, cert: leaf.certificate }, (socket) => behave(other, socket, null));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const proxy = await startProxy(t, {
    mode: [`upstream:https://localhost:${port}`],
    ssl_verify_upstream_trusted_ca: caFile,
  });
  assert.match(await fetchThrough(proxy.port, 'http://shop.example/'), /by the other proxy/);
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`));
  await askInside(proxy, socket, 'GET /in HTTP/1.1\r\nHost: localhost\r\n\r\n', /twice/);
});

test('MO-02 a proxy that refuses a CONNECT is a failure that says how', async (t) => {
  const refusal = 'HTTP/1.1 407 Login Please\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n';
  const other = await startOther(t, refusal);
  const proxy = await startProxy(t, { mode: [`upstream:http://127.0.0.1:${other.port}`] });
  const socket = await secure(proxy, await openTunnel(proxy, 'shop.example:443'), { servername: 'shop.example' });
  const answer = await askInside(proxy, socket, 'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n', /<hr>/);
  assert.match(answer, /^HTTP\/1\.1 502 /);
  const message = `the proxy 127.0.0.1:${other.port} answered CONNECT shop.example:443 with 407 Login Please: it wants a login (upstream_auth)`;
  assert.equal((await proxy.row((row) => row.path === '/')).error, message);
});

test('MO-02 a proxy that is not there, or speaks no HTTP, is a failure that says so', async (t) => {
  const silent = await startOther(t, 'SSH-2.0-x\r\n');
  const proxy = await startProxy(t, { mode: ['upstream:http://127.0.0.1:1'] });
  const answer = await fetchThrough(proxy.port, 'http://shop.example/');
  assert.match(answer, /502[\s\S]*the proxy on the way: 127\.0\.0\.1:1 refused the connection/);
  const closing = await startOther(t, 'end');
  const third = await startProxy(t, { mode: [`upstream:http://127.0.0.1:${closing.port}`] });
  const last = await openTunnel(third, 'shop.example:80');
  last.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(await last.until('close'), /502[\s\S]*closed the connection at CONNECT shop\.example:80/);
  const second = await startProxy(t, { mode: [`upstream:http://127.0.0.1:${silent.port}`], ignore_hosts: ['.*'] });
  const client = await Client.connect(second.port);
  client.send('CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n');
  assert.match(await client.until('close'), /502[\s\S]*answered CONNECT shop\.example:443 with no HTTP/);
});

test('S3-03 S3-24 EVT-12 DMC-15 scripts see the CONNECT of the client, and may change the fields of the one that goes to the proxy, or kill it', async (t) => {
  const origin = await startOrigin(t, answering(response('x')));
  const other = await startOther(t);
  const source = `
    export function http_connect({ request }) { console.log('the client asks for', request.port); }
    export function http_connect_upstream(flow) {
      if (flow.request.host === 'never.example') return flow.kill();
      console.log(flow.request.method, flow.request.port);
      flow.request.headers.set('Proxy-Authorization', 'Bearer t');
    }
    export function server_connected(server) { console.log('via', server.via.scheme, server.via.address[1] > 0); }
  `;
  const proxy = await scripted(t, source, { mode: [`upstream:http://127.0.0.1:${other.port}`] });
  const client = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until('200 OK');
  assert.match(other.heads[0] ?? '', /\r\nProxy-Authorization: Bearer t\r\n/);
  const heard = await saidUntil(proxy, 't.mjs', 'via http true');
  assert.deepEqual(heard, [`the client asks for ${origin.port}`, `CONNECT ${origin.port}`, 'via http true']);
  const second = await openTunnel(proxy, 'never.example:80');
  second.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(await second.until('close'), /a script killed the CONNECT to never\.example:80/);
});

test('EVT-12 MO-02 a proxy that is gone while a script has the CONNECT is a failure like others', async (t) => {
  const sockets: Socket[] = [];
  const server = net.createServer((socket) => void sockets.push(socket));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const source = `
    export async function http_connect_upstream(flow) {
      console.log('asked');
      await new Promise((done) => setTimeout(done, 100));
    }
  `;
  const proxy = await scripted(t, source, { mode: [`upstream:http://127.0.0.1:${port}`] });
  const client = await openTunnel(proxy, 'shop.example:80');
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await saidUntil(proxy, 't.mjs', 'asked');
  for (const socket of sockets) socket.resetAndDestroy();
  assert.match(
    await client.until('close'),
    /the proxy 127\.0\.0\.1:\d+ (closed|broke) the connection at CONNECT shop\.example:80/,
  );
});

test('MO-11 a proxy on the way that is sluice itself is a loop', async (t) => {
  const other = await startProxy(t);
  other.say({ type: 'set-option', name: 'mode', value: [`upstream:http://localhost:${other.port}`] });
  await other.until(() => other.events.filter((event) => event.type === 'listening').length === 2, 'the mode');
  assert.match(await fetchThrough(other.port, 'http://shop.example/'), /^HTTP\/1\.1 508 /);
});

test('MO-02 CR-04 a replay goes the same way', async (t) => {
  const other = await startOther(t);
  const proxy = await startProxy(t, { mode: [`upstream:http://127.0.0.1:${other.port}`] });
  await fetchThrough(proxy.port, 'http://shop.example/again');
  const row = await proxy.row((one) => one.path === '/again' && one.duration >= 0);
  proxy.say({ type: 'replay', flows: [{ id: row.id, revision: row.revision }] });
  await proxy.until(() => other.heads.length === 2, 'a second request');
  assert.match(other.heads[1] ?? '', /^GET http:\/\/shop\.example\/again HTTP/);
});
