import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { responseOf } from '../../src/flow/flow.js';
import { line, openTunnel, saidUntil, scripted } from '../script/scripted.js';
import { closing, frame, RawWebSocket } from '../support/frames.js';
import { startProxy } from '../support/proxy.js';
import { startSpeaker } from '../support/speaker.js';
import { readTalk, talkRow, told } from '../support/talk.js';
import { localLeaf } from '../support/tlsorigin.js';
import { openWebSocket, startWebSocketOrigin } from '../support/websocket.js';

const HOLD = { intercept: '~websocket', intercept_active: true };

test('WS-01 WS-02 WS-04 S4-01 S4-02 S4-04 DMW-01 messages of both sides are told in order, then who closed and how', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('one');
  client.socket.send(Buffer.from('two'));
  assert.deepEqual(await client.hears(2), ['one', 'binary two']);
  client.socket.close(4001, 'enough');
  assert.deepEqual(await client.closes(), { code: 4001, reason: 'enough' });
  const row = await proxy.row((one) => one.messages === 4 && one.duration >= 0);
  assert.deepEqual([row.status, row.failed], [101, false]);
  const talk = await readTalk(proxy, row.id);
  assert.deepEqual(told(talk).sort(), ['< binary two', '< text one', '> binary two', '> text one']);
  const { flow } = await proxy.read(row.id);
  assert.deepEqual(flow.talk && { ...flow.talk, end: { ...flow.talk.end, at: 0 } }, {
    protocol: 'websocket',
    count: 4,
    sent: 6,
    received: 6,
    end: { byClient: true, code: 4001, reason: 'enough', at: 0 },
  });
});

test('WS-02 permessage-deflate is kept end to end and taken off for the list', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t, { deflate: { threshold: 0 } });
  const client = await openWebSocket(proxy, origin.port, { deflate: { threshold: 0 } });
  assert.match(client.socket.extensions, /permessage-deflate/);
  const text = 'the same again and again '.repeat(200);
  for (let at = 0; at < 3; at += 1) client.socket.send(text);
  await client.hears(3);
  const row = await talkRow(proxy, 6);
  const talk = await readTalk(proxy, row.id);
  assert.deepEqual(
    talk.messages.map(({ size }) => size),
    [5000, 5000, 5000, 5000, 5000, 5000],
  );
  assert.equal(row.size, 15_000);
  const { flow } = await proxy.read(row.id);
  const sent = flow.kind === 'http' ? responseOf(flow)?.body.size : undefined;
  assert.ok(sent !== undefined && sent < 2000, `${sent} bytes on the wire`);
});

test('WS-02 fragments are joined for the list and pass one by one, pings between them at once', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  const pings: string[] = [];
  origin.sockets[0]?.on('ping', (data: Buffer) => pings.push(data.toString()));
  client.socket.send('a', { fin: false });
  client.socket.ping('p');
  await proxy.until(() => pings.length > 0, 'the ping');
  assert.deepEqual(origin.heard, []);
  client.socket.send('b', { fin: true });
  assert.deepEqual(await client.hears(1), ['ab']);
  const row = await talkRow(proxy, 2);
  assert.deepEqual(told(await readTalk(proxy, row.id)), ['> text ab', '< text ab']);
});

test('WS-04 a connection that is lost without a close frame ends with 1006', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  origin.sockets[0]?.terminate();
  assert.equal((await client.closes()).code, 1006);
  const row = await proxy.row((one) => one.status === 101 && one.duration >= 0);
  const { flow } = await proxy.read(row.id);
  assert.deepEqual([flow.talk?.end?.code, flow.talk?.end?.byClient], [1006, false]);
});

test('S4-01 messages over TLS are read, too', async (t) => {
  const { leaf, caFile } = await localLeaf(t);
  const proxy = await startProxy(t, { ssl_verify_upstream_trusted_ca: caFile });
  const origin = await startWebSocketOrigin(t, { tls: { key: leaf.key, cert: leaf.certificate } });
  const client = await openWebSocket(proxy, origin.port, { isTls: true });
  client.socket.send('sealed');
  assert.deepEqual(await client.hears(1), ['sealed']);
  const row = await talkRow(proxy, 2);
  assert.equal(row.scheme, 'https');
  assert.deepEqual(told(await readTalk(proxy, row.id)), ['> text sealed', '< text sealed']);
});

test('WS-03 a held message waits, can be changed and dropped, and pings pass meanwhile', async (t) => {
  const proxy = await startProxy(t, HOLD);
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocket(proxy, origin.port);
  const pings: string[] = [];
  origin.sockets[0]?.on('ping', () => pings.push('ping'));
  for (const text of ['one', 'two', 'three']) client.socket.send(text);
  client.socket.ping();
  const first = await proxy.row((one) => one.messages === 1 && one.held === 'request');
  await proxy.until(() => pings.length > 0, 'the ping');
  assert.deepEqual(origin.heard, []);
  proxy.say({ type: 'edit-message', flow: first, index: 0, content: Buffer.from('ONE!') });
  proxy.say({ type: 'resume', flows: [first] });
  const second = await proxy.row((one) => one.messages === 2 && one.held === 'request');
  proxy.say({ type: 'drop-message', flow: second, index: 1 });
  const third = await proxy.row((one) => one.messages === 3 && one.held === 'request');
  assert.deepEqual(told(await readTalk(proxy, third.id)), [
    '> text edited ONE!',
    '> text dropped two',
    '> text held three',
  ]);
  proxy.say({ type: 'resume', flows: [third] });
  await proxy.until(() => origin.heard.length === 2, 'two messages');
  assert.deepEqual(origin.heard, ['ONE!', 'three']);
  const { flow } = await proxy.read(third.id);
  assert.equal(flow.talk?.sent, 'ONE!three'.length);
});

test('S4-06 WS-03 messages that waited behind a held one are listed behind what came meanwhile, in time, too', async (t) => {
  const proxy = await startProxy(t, HOLD);
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocket(proxy, origin.port);
  for (const text of ['one', 'two']) client.socket.send(text);
  const first = await proxy.row((one) => one.messages === 1 && one.held === 'request');
  origin.sockets[0]?.send('between');
  const both = await proxy.row((one) => one.messages === 2);
  proxy.say({ type: 'resume', flows: [first] });
  await proxy.row((one) => one.messages === 3);
  const talk = await readTalk(proxy, both.id);
  assert.deepEqual(told(talk), ['> text one', '< text between', '> text held two']);
  const times = talk.messages.map(({ at }) => at);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

test('WS-03 S4-03 a message can be put between, to either side', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('mine');
  const row = await talkRow(proxy, 1);
  proxy.say({ type: 'inject', flow: row, toServer: false, content: Buffer.from('to you'), isText: true });
  proxy.say({ type: 'inject', flow: row, toServer: true, content: Buffer.from('to it'), isText: false });
  assert.deepEqual(await client.hears(1), ['to you']);
  await proxy.until(() => origin.heard.length === 2, 'both');
  assert.deepEqual(origin.heard, ['mine', 'binary to it']);
  await talkRow(proxy, 3);
  assert.deepEqual(told(await readTalk(proxy, row.id)), [
    '> text mine',
    '< text injected to you',
    '> binary injected to it',
  ]);
});

test('WS-03 S4-07 S4-09 S4-10 after a compressed message was changed or dropped the ones that follow still arrive', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_message(flow) {
       const message = flow.websocket.messages.at(-1);
       if (message.text.includes('secret')) message.drop();
       else if (message.fromClient) message.text = message.text.replace('blue', 'green');
     }`,
  );
  const origin = await startWebSocketOrigin(t, { deflate: { threshold: 0 } });
  const client = await openWebSocket(proxy, origin.port, { deflate: { threshold: 0 } });
  const texts = ['a blue bird in a blue sky', 'a secret blue bird', 'a red bird in a red sky', 'a blue bird again'];
  for (const text of texts) client.socket.send(text);
  assert.deepEqual(await client.hears(3), [
    'a green bird in a blue sky',
    'a red bird in a red sky',
    'a green bird again',
  ]);
});

test('WS-02 a message too large to be read passes whole, and its row says that it was not kept', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t, { answer: (socket, data) => socket.send(`${data.length}`) });
  const client = await openWebSocket(proxy, origin.port);
  const size = 20 * 1024 * 1024;
  client.socket.send(randomBytes(size));
  client.socket.send('after');
  assert.deepEqual(await client.hears(2), [String(size), '5']);
  const row = await talkRow(proxy, 4);
  assert.deepEqual(told(await readTalk(proxy, row.id)).slice(0, 1), [`> binary missing ${size}`]);
});

test('S3-35 a websocket fires no TCP event; ORD-16 its own come behind the response', async (t) => {
  const proxy = await scripted(
    t,
    [
      'websockets_handshake',
      'request',
      'response',
      'websocket_start',
      'websocket_message',
      'websocket_end',
      'tcp_start',
      'tcp_message',
      'tcp_end',
      'tcp_error',
      'error',
    ]
      .map(
        (name) =>
          `export function ${name}(flow) { console.log('${name}', flow.websocket?.messages.length ?? 'none'); }`,
      )
      .join('\n'),
  );
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('x');
  await client.hears(1);
  client.socket.close(1000);
  await client.closes();
  const lines = await saidUntil(proxy, 't.mjs', 'websocket_end 2');
  assert.deepEqual(
    proxy.events.filter(({ type }) => type === 'script-failed'),
    [],
  );
  assert.deepEqual(lines, [
    'request none',
    'websockets_handshake none',
    'response 0',
    'websocket_start 0',
    'websocket_message 1',
    'websocket_message 2',
    'websocket_end 2',
  ]);
});

test('S3-32 S3-33 S3-34 what websockets_handshake changes is what the server receives, and it may refuse', async (t) => {
  const proxy = await scripted(
    t,
    `import { Response } from 'sluice';
     export function websockets_handshake(flow) {
       if (flow.request.path === '/no') flow.response = Response.make(403, 'not this one');
       flow.request.headers.set('Sec-WebSocket-Protocol', 'chat');
     }`,
  );
  const origin = await startWebSocketOrigin(t);
  await assert.rejects(openWebSocket(proxy, origin.port, { path: '/no' }), /answered 403/);
  assert.equal(origin.handshakes.length, 0);
  await openWebSocket(proxy, origin.port).catch(() => {}); // the client did not ask for a protocol, and leaves
  await proxy.until(() => origin.handshakes.length > 0, 'the handshake');
  assert.equal(origin.handshakes[0]?.['sec-websocket-protocol'], 'chat');
});

test('WS-02 messages of several megabytes pass and are kept, whole and in fragments, held back or not', async (t) => {
  for (const options of [{}, { intercept: '~websocket & ~c 999', intercept_active: true }]) {
    const proxy = await startProxy(t, options);
    const origin = await startWebSocketOrigin(t, { answer: (socket, data) => socket.send(`${data.length}`) });
    const client = await openWebSocket(proxy, origin.port);
    const size = 10 * 1024 * 1024;
    client.socket.send(randomBytes(size));
    for (let at = 0; at < 10; at += 1) client.socket.send(randomBytes(size / 10), { fin: at === 9 });
    assert.deepEqual(await client.hears(2), [String(size), String(size)]);
    const { id } = await talkRow(proxy, 4);
    const { messages } = await readTalk(proxy, id);
    assert.deepEqual(
      messages.filter(({ fromClient }) => fromClient).map((message) => [message.size, message.offset !== null]),
      [
        [size, true],
        [size, true],
      ],
    );
  }
});

test('WS-02 extensions that are not known are logged, and their frames pass', async (t) => {
  const proxy = await startProxy(t);
  const field = 'permessage-deflate; foo=1';
  const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: ${field}\r\n\r\n`;
  const speaker = await startSpeaker(t, {
    answer: ({ socket, received }) => void (received.endsWith('\r\n\r\n') && socket.write(answer)),
  });
  const client = new RawWebSocket((await openTunnel(proxy, `localhost:${speaker.port}`)).socket);
  await client.open('localhost');
  const odd = frame({ opcode: 1, rsv: 4, payload: Buffer.from('odd') });
  client.socket.write(odd);
  await proxy.until(() => speaker.visits[0]?.received.endsWith(odd.toString('latin1')), 'the frame');
  const name = `localhost:${speaker.port}/`;
  await line(proxy, new RegExp(`^${name}\\S*: websocket extensions that are not known: ${field}$`));
  await line(proxy, new RegExp(`^${name}\\S*: what the client sends cannot be read `));
  const row = await proxy.row(({ status }) => status === 101);
  const { flow } = await proxy.read(row.id);
  assert.match(flow.notes[0]?.text ?? '', /what the client sends cannot be read .*: it passes unread from here on/);
});

test('WS-03 what is put between waits for the end of a message in fragments', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocket(proxy, origin.port);
  const pings: string[] = [];
  origin.sockets[0]?.on('ping', () => pings.push('ping'));
  client.socket.send('a', { fin: false });
  client.socket.ping();
  await proxy.until(() => pings.length > 0, 'the ping');
  const row = await proxy.row(({ status }) => status === 101);
  proxy.say({ type: 'inject', flow: row, toServer: true, content: Buffer.from('between'), isText: true });
  client.socket.ping();
  await proxy.until(() => pings.length > 1, 'the second ping');
  client.socket.send('b', { fin: true });
  await proxy.until(() => origin.heard.length === 2, 'both');
  assert.deepEqual(origin.heard, ['ab', 'between']);
});

test('WS-03 WS-04 a close behind held messages waits for them, and so does the end of the connection', async (t) => {
  const proxy = await startProxy(t, HOLD);
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('held');
  client.socket.close(4002, 'after it');
  const row = await proxy.row(({ held }) => held === 'request');
  assert.deepEqual([origin.heard, origin.sockets[0]?.readyState], [[], 1]);
  proxy.say({ type: 'resume', flows: [row] });
  assert.deepEqual(await client.closes(), { code: 4002, reason: 'after it' });
  assert.deepEqual(origin.heard, ['held']);
});

test('WS-04 a close in the middle of a message in fragments goes on although somebody looks', async (t) => {
  const proxy = await scripted(t, 'export function websocket_message() {}');
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const tunnel = await openTunnel(proxy, `localhost:${origin.port}`);
  const client = new RawWebSocket(tunnel.socket);
  await client.open('localhost');
  client.socket.write(frame({ opcode: 1, fin: false, payload: Buffer.from('never whole') }));
  client.socket.write(frame(closing(1001)));
  await client.until(() => client.closeCode !== null, 'the close');
  assert.equal(client.closeCode, 1001);
});

/** Peers who compress, a hook, and a message that inflates to more than is read. */
async function bombed(t: TestContext, hook: string) {
  const proxy = await scripted(t, `export function websocket_message({ websocket }) { ${hook} }`);
  const origin = await startWebSocketOrigin(t, {
    deflate: { threshold: 0 },
    answer: (socket, data) => socket.send(`${data.length}`),
  });
  const client = await openWebSocket(proxy, origin.port, { deflate: { threshold: 0 } });
  client.socket.send('first');
  await client.hears(1);
  client.socket.send(Buffer.alloc(40 * 1024 * 1024));
  client.socket.send('after');
  return { proxy, client };
}

test('WS-02 reliability 6 a compressed message that is too large when inflated passes unread, and what follows it', async (t) => {
  const { proxy, client } = await bombed(t, '');
  assert.deepEqual(await client.hears(3), ['5', String(40 * 1024 * 1024), '5']);
  const row = await talkRow(proxy, 4);
  const { flow } = await proxy.read(row.id);
  assert.match(
    flow.notes[0]?.text ?? '',
    /^what the client sends cannot be read \(a message has more than 16777216 bytes, the most that is read\): it passes unread from here on$/,
  );
});

test('WS-03 after a compressed message was changed what cannot be read cannot pass: the websocket is cut, and says why', async (t) => {
  const { proxy, client } = await bombed(
    t,
    `if (websocket.messages.length === 1) websocket.messages[0].text = 'FIRST';`,
  );
  assert.equal((await client.closes()).code, 1006);
  const row = await proxy.row(({ failed }) => failed);
  const { flow } = await proxy.read(row.id);
  assert.match(flow.notes[0]?.text ?? '', /cannot pass unread after a compressed message was changed/);
});
