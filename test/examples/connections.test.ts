import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';
import { adapted, assertQuiet, bodyOf, example, line } from './copies.js';

async function connect(port: number, authority: string): Promise<Client> {
  const client = await Client.connect(port);
  client.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await client.until('\r\n\r\n');
  return client;
}

/** Asks for a path inside a tunnel as a client that trusts only `ca`. */
function askInside(client: Client, servername: string, ca: string, path: string, host = servername): Promise<string> {
  return new Promise((done, fail) => {
    const options = { socket: client.socket, servername, ca: fs.readFileSync(ca) };
    const socket = tls.connect({ ...options, checkServerIdentity: () => undefined }, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    });
    socket.once('error', fail);
    socket.once('data', (piece: Buffer) => {
      done(piece.toString('latin1'));
      socket.end();
    });
  });
}

test('S3-01 S3-02 S3-23 examples/refuse-connect.ts refuses tunnels to a host and those below it, and dials nothing', async (t) => {
  const origin = await startOrigin(t, answering(response('inside')));
  const file = adapted(t, 'refuse-connect.ts', { "'tracker.example'": "'localhost'" });
  const proxy = await startProxy(t, { scripts: [file] });
  for (const host of ['localhost', 'a.b.ads.example']) {
    const refused = await connect(proxy.port, `${host}:${origin.port}`);
    const answer = await refused.until('close');
    assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\n/);
    assert.equal(bodyOf(answer), `${host} is not allowed here\n`);
  }
  assert.equal(origin.visits.length, 0);
  const open = await connect(proxy.port, `127.0.0.1:${origin.port}`);
  assert.match(open.received, /^HTTP\/1\.1 200 /);
  open.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await open.until(/inside$/);
  assertQuiet(proxy);
});

test('S3-19 S3-21 examples/dial-elsewhere.ts sends one host’s connections elsewhere; the request stays as it is', async (t) => {
  const asked: string[] = [];
  const origin = await startOrigin(t, (visit) => {
    asked.push(visit.received);
    visit.socket.end(response('elsewhere'));
  });
  const file = adapted(t, 'dial-elsewhere.ts', { ', 3000]': `, ${origin.port}]` });
  const proxy = await startProxy(t, { scripts: [file] });
  assert.match(await fetchThrough(proxy.port, 'http://api.example.com/v1'), /elsewhere$/);
  assert.match(asked[0] ?? '', /^GET \/v1 HTTP\/1\.1\r\nHost: api\.example\.com\r\n/);
  const row = await proxy.row((one) => one.duration >= 0);
  assert.equal(row.host, 'api.example.com');
  const { flow } = await proxy.read(row.id);
  assert.equal(flow.server?.address, `127.0.0.1:${origin.port}`);
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /elsewhere$/);
  assertQuiet(proxy);
});

test('examples/redirect-requests.ts and examples/answer-locally.ts work inside TLS, for a host that is not there', async (t) => {
  const origin = await startOrigin(t, answering(response('here')));
  const file = adapted(t, 'redirect-requests.ts', { 'port: 3000': `port: ${origin.port}` });
  const proxy = await startProxy(t, { scripts: [example('answer-locally.ts'), file] });
  const ask = async (path: string): Promise<string> =>
    askInside(await connect(proxy.port, 'api.example.com:443'), 'api.example.com', proxy.caFile, path);
  assert.match(await ask('/other'), /here$/);
  assert.match(await ask('/v1/user'), /\{"id":1,"name":"Ada"\}$/);
  assert.equal(origin.visits.length, 1);
});

test('DMR-02 examples/redirect-requests.ts asks the other host for its own certificate, inside TLS as well', async (t) => {
  const origin = await startTlsOrigin(t, response('here'));
  const to = `{ scheme: 'https', host: 'localhost', port: ${origin.port} }`;
  const file = adapted(t, 'redirect-requests.ts', { "{ scheme: 'http', host: '127.0.0.1', port: 3000 }": to });
  const proxy = await startProxy(t, { scripts: [file], ssl_verify_upstream_trusted_ca: origin.caFile });
  const client = await connect(proxy.port, `127.0.0.1:${origin.port}`);
  assert.match(await askInside(client, '', proxy.caFile, '/', 'api.example.com'), /here$/);
  assert.equal(origin.handshakes.at(-1)?.sni, 'localhost');
});

test('EVT-14 examples/pass-through.ts lets the client see the server’s own certificate, for the hosts it names', async (t) => {
  const origin = await startTlsOrigin(t, response('x'));
  const file = adapted(t, 'pass-through.ts', { 'bank\\.example': 'localhost' });
  const proxy = await startProxy(t, { scripts: [file], ssl_insecure: true });
  const untouched = await connect(proxy.port, `127.0.0.1:${origin.port}`);
  assert.match(await askInside(untouched, 'localhost', origin.caFile, '/untouched'), /^HTTP\/1\.1 200 OK\r\n/);
  const opened = await connect(proxy.port, `127.0.0.1:${origin.port}`);
  assert.match(await askInside(opened, 'other.example', proxy.caFile, '/opened'), /^HTTP\/1\.1 200 OK\r\n/);
  assert.deepEqual(
    origin.handshakes.map(({ sni }) => sni),
    ['localhost', 'other.example'],
  );
  const passed = await proxy.row((row) => row.kind === 'tunnel' && row.duration >= 0);
  assert.equal(passed.error, 'a script passes it through');
  await proxy.row((row) => row.path === '/opened' && row.status === 200);
  assert.ok(!proxy.list().some((row) => row.path === '/untouched'), 'nothing was seen of the other');
});

test('S3-31 S2-14 examples/log-failures.ts logs what failed and why, and no status', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('log-failures.ts')] });
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.includes('/cut')) visit.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab');
    else visit.socket.end(response('broken', '', '500 Internal Server Error'));
  });
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/status`);
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/cut`);
  const said = await line(proxy, 'log-failures.ts', /^error /);
  assert.match(said, new RegExp(`^error GET http://127\\.0\\.0\\.1:${origin.port}/cut: .+ \\(cut-off\\)$`));
});
