import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTunnel } from '../script/scripted.js';
import { Client } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { startProxy } from '../support/proxy.js';
import { readTalk, talkRow, told } from '../support/talk.js';
import { openWebSocket, startWebSocketOrigin } from '../support/websocket.js';
import { example, line } from './copies.js';

test('S4-09 S4-10 S4-11 examples/drop-messages.ts drops what one does not want to see, and keeps it in the list', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('drop-messages.ts')] });
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('a Signal message');
  client.socket.send('another');
  assert.deepEqual(await client.hears(1), ['another']);
  const row = await talkRow(proxy, 3);
  assert.deepEqual(told(await readTalk(proxy, row.id)), [
    '> text dropped a Signal message',
    '> text another',
    '< text another',
  ]);
});

test('S4-01 S4-02 examples/edit-messages.ts changes the JSON of clients only', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('edit-messages.ts')] });
  const origin = await startWebSocketOrigin(t, { answer: (socket) => socket.send('{"channel":"mine"}') });
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('{"channel":"one","n":1}');
  client.socket.send('no JSON');
  assert.deepEqual(await client.hears(2), ['{"channel":"mine"}', '{"channel":"mine"}']);
  assert.deepEqual(origin.heard, ['{"channel":"changed","n":1}', 'no JSON']);
});

test('S4-03 S3-33 examples/greet-websockets.ts asks for a protocol and sends a message of its own', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('greet-websockets.ts')] });
  const origin = await startWebSocketOrigin(t);
  const client = await Client.connect(proxy.port);
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13';
  client.send(
    `GET http://localhost:${origin.port}/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`,
  );
  assert.match(await client.until('you talk to localhost'), /^HTTP\/1\.1 101 /);
  assert.equal(origin.handshakes[0]?.['sec-websocket-protocol'], 'chat');
  client.socket.destroy();
});

test('S3-37 S3-39 S3-40 examples/rewrite-tcp.ts rewrites a greeting and counts', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('rewrite-tcp.ts')] });
  const origin = await startOrigin(t, ({ socket }) => socket.end('221 bye\r\n'));
  const client = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  await proxy.until(() => origin.visits[0], 'the server is dialled, since the client says nothing');
  origin.visits[0]?.socket.write('220 mail.test ESMTP ready\r\n');
  await client.until('220 mail.test SMTP ready');
  client.send('QUIT\r\n');
  await client.until('221 bye');
  client.socket.end();
  await line(proxy, 'rewrite-tcp.ts', /^info 127\.0\.0\.1:\d+: 3 messages, \d+ bytes$/);
});
