import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { openTunnel, saidUntil, scripted, secure } from '../script/scripted.js';
import { Client } from '../support/client.js';
import { response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { type Heard, type Speaker, startSpeaker } from '../support/speaker.js';
import { localLeaf } from '../support/tlsorigin.js';

/** A server that says nothing, and a tunnel to it that has been silent for so long that the server was dialled. */
async function silentTunnel(t: TestContext) {
  const proxy = await startProxy(t);
  const speaker = await startSpeaker(t);
  const client = await openTunnel(proxy, `localhost:${speaker.port}`);
  const visit = await dialled(proxy, speaker);
  return { proxy, speaker, client, visit };
}

function dialled(proxy: RunningProxy, speaker: Speaker): Promise<Heard> {
  return proxy.until(() => speaker.visits[0], 'a connection to the server');
}

const LEFT = 'the client left before it or the server said anything';

const LEAVING: readonly (readonly [how: string, leave: (client: Client) => void])[] = [
  ['closes', (client) => void client.socket.destroy()],
  ['closes its half', (client) => void client.socket.end()],
  ['resets', (client) => void client.socket.resetAndDestroy()],
];

for (const [how, leave] of LEAVING)
  test(`PD-08 WS-06 in a silent tunnel the client ${how}: the server’s connection closes, and a row says so`, async (t) => {
    const { proxy, speaker, client, visit } = await silentTunnel(t);
    leave(client);
    await proxy.until(() => visit.isClosed || visit.hasEnded, 'the server’s connection closed');
    const row = await proxy.row((one) => one.duration >= 0);
    assert.deepEqual(
      [row.kind, row.host, row.port, row.error, row.failed],
      ['tunnel', 'localhost', speaker.port, LEFT, false],
    );
    assert.match((await proxy.read(row.id)).flow.server?.address ?? '', new RegExp(`:${speaker.port}$`));
    await client.until('close');
  });

test('PD-08 a client that leaves at once has a row, and its server is not dialled', async (t) => {
  const proxy = await startProxy(t);
  const speaker = await startSpeaker(t);
  const client = await openTunnel(proxy, `localhost:${speaker.port}`);
  client.socket.end();
  const row = await proxy.row((one) => one.duration >= 0);
  assert.deepEqual([row.error, row.failed, row.port], [LEFT, false, speaker.port]);
  assert.equal(speaker.visits.length, 0);
});

test('PD-08 a silent tunnel has a row, and X kills it', async (t) => {
  const { proxy, client, visit } = await silentTunnel(t);
  const { id, revision, error } = await proxy.row((one) => one.duration < 0);
  assert.equal(error, 'nobody has said anything yet');
  proxy.say({ type: 'kill', flows: [{ id, revision }] });
  await client.until('close');
  await proxy.until(() => visit.isClosed, 'the server cut');
  assert.match((await proxy.row((one) => one.failed)).error, /killed/i);
});

test('PD-08 a client that speaks after a silence has the row of what it says, and no other', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, ({ socket }) => void socket.write(response('late')));
  const client = await openTunnel(proxy, `localhost:${origin.port}`);
  await proxy.row((one) => one.kind === 'tunnel');
  client.send('GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.until(/late$/);
  await proxy.row((one) => one.path === '/late' && one.status === 200);
  assert.equal(proxy.list().length, 1);
});

test('PD-08 a server that cannot be reached is dialled once for a client that says nothing, and the row says it', async (t) => {
  const proxy = await startProxy(t, { head_timeout: 2 });
  const client = await openTunnel(proxy, 'localhost:1');
  await client.until('close');
  const row = await proxy.row((one) => one.failed);
  assert.match(row.error, /localhost:1 refused the connection/);
  assert.equal(proxy.list().length, 1);
});

test('PD-08 WS-06 a client that leaves a silent connection inside TLS takes the server’s with it', async (t) => {
  const { leaf, caFile } = await localLeaf(t);
  const proxy = await startProxy(t, { ssl_verify_upstream_trusted_ca: caFile });
  const speaker = await startSpeaker(t, { tls: { key: leaf.key, cert: leaf.certificate } });
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${speaker.port}`));
  await proxy.row((one) => one.error === 'nobody has said anything yet');
  socket.destroy();
  const row = await proxy.row((one) => one.duration >= 0);
  assert.deepEqual([row.error, row.failed, row.scheme], [LEFT, false, 'tls']);
  const visit = await dialled(proxy, speaker);
  await proxy.until(() => visit.isClosed || visit.hasEnded, 'the server’s connection closed');
});

/** A script that takes its time over an event. */
function waiting(event: string): string {
  return `export async function ${event}() {
    console.log('asked');
    await new Promise((done) => setTimeout(done, 300));
  }`;
}

for (const [what, event, options] of [
  ['read', 'serverconnect', {}],
  ['read', 'tcp_start', {}],
  ['passed', 'serverconnect', { rawtcp: false }],
] as const)
  test(`WS-06 a client that is gone when its server is there, its bytes to be ${what} (${event}): the server’s connection closes, and a row says so`, async (t) => {
    const proxy = await scripted(t, waiting(event), options);
    const speaker = await startSpeaker(t);
    const client = await openTunnel(proxy, `localhost:${speaker.port}`);
    client.send('\x00');
    await saidUntil(proxy, 't.mjs', 'asked');
    client.socket.resetAndDestroy();
    const row = await proxy.row((one) => one.duration >= 0);
    assert.deepEqual([row.failed, row.host, row.port], [true, 'localhost', speaker.port]);
    assert.match(row.error, /the connection broke: .*ECONNRESET/);
    const visit = await dialled(proxy, speaker);
    await proxy.until(() => visit.isClosed || visit.hasEnded, 'the server’s connection closed');
  });

for (const [how, leave] of LEAVING)
  test(`PD-08 WS-06 a silent client ${how} while its server is dialled: the server’s connection closes, and a row says so`, async (t) => {
    const proxy = await scripted(t, waiting('serverconnect'));
    const speaker = await startSpeaker(t);
    const client = await openTunnel(proxy, `localhost:${speaker.port}`);
    await saidUntil(proxy, 't.mjs', 'asked');
    leave(client);
    const row = await proxy.row((one) => one.duration >= 0);
    assert.deepEqual([row.kind, row.host, row.port], ['tunnel', 'localhost', speaker.port]);
    const [visit] = speaker.visits;
    if (visit) await proxy.until(() => visit.isClosed || visit.hasEnded, 'the server’s connection closed');
    await client.until('close');
  });

test('TL-10 a client that is gone before it is shown a certificate has a row', async (t) => {
  const { leaf, caFile } = await localLeaf(t);
  const proxy = await scripted(t, waiting('serverconnect'), { ssl_verify_upstream_trusted_ca: caFile });
  const speaker = await startSpeaker(t, { tls: { key: leaf.key, cert: leaf.certificate } });
  const client = await openTunnel(proxy, `localhost:${speaker.port}`);
  const handshake = tls.connect({ socket: client.socket, servername: 'localhost' });
  handshake.on('error', () => {}); // it ends in the middle
  await saidUntil(proxy, 't.mjs', 'asked');
  client.socket.resetAndDestroy();
  const row = await proxy.row((one) => one.duration >= 0);
  assert.deepEqual([row.scheme, row.failed, row.host], ['tls', true, 'localhost']);
  assert.equal(row.error, 'the client left before it was shown a certificate');
});

const LINES = ['EHLO x\r\n', 'EHLO x\n', 'OPTIONS rtsp://cam RTSP/1.0\r\nCSeq: 1\r\n\r\n', 'SET a b'];

for (const line of LINES)
  test(`PD-08 a line that is no HTTP passes in a tunnel as it is: ${JSON.stringify(line)}`, async (t) => {
    const proxy = await startProxy(t);
    const speaker = await startSpeaker(t, { answer: ({ socket }) => void socket.write('250 fine\r\n') });
    const client = await Client.connect(proxy.port);
    client.send(`CONNECT localhost:${speaker.port} HTTP/1.1\r\nHost: a\r\n\r\n${line}`);
    assert.equal(await client.until('250 '), 'HTTP/1.1 200 Connection established\r\n\r\n250 fine\r\n');
    assert.equal(speaker.visits[0]?.received, line);
    const row = await proxy.row((one) => one.messages === 2);
    assert.deepEqual([row.kind, row.error], ['tunnel', 'the client speaks neither HTTP nor TLS']);
  });

test('PD-08 a request line that comes in pieces, and one with a long target, are HTTP in a tunnel', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, ({ socket }) => void socket.write(response('read')));
  for (const target of ['/short', `/${'x'.repeat(9000)}`]) {
    const client = await openTunnel(proxy, `localhost:${origin.port}`);
    client.send(`PROPFIND ${target}`);
    client.send(' HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await client.until(/read$/);
    await proxy.row((one) => one.path === target && one.status === 200);
  }
});
