import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { FlowRow } from '../../src/flow/row.js';
import { logged, openTunnel, saidUntil, scripted, scriptOf, secure, setOption } from '../script/scripted.js';
import { Client } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { echo, type Heard, type Speaker, startSpeaker } from '../support/speaker.js';
import { readTalk, talkRow, told } from '../support/talk.js';
import { localLeaf } from '../support/tlsorigin.js';
import { openWebSocket, startWebSocketOrigin } from '../support/websocket.js';

const HOLD = { intercept: '~tcp', intercept_active: true };
const TCP_EVENTS = ['tcp_start', 'tcp_message', 'tcp_end', 'tcp_error'] as const;
const HTTP_EVENTS = ['requestheaders', 'request', 'responseheaders', 'response', 'error', 'websocket_start'] as const;

/** A client in a tunnel; what it received is what came behind the answer to CONNECT. */
async function tunnel(proxy: RunningProxy, { port }: Speaker): Promise<Client> {
  const client = await openTunnel(proxy, `localhost:${port}`);
  client.socket.allowHalfOpen = true;
  client.received = client.received.slice(client.received.indexOf('\r\n\r\n') + 4);
  return client;
}

async function visit(proxy: RunningProxy, speaker: Speaker): Promise<Heard> {
  return proxy.until(() => speaker.visits[0], 'a connection to the server');
}

function heard(proxy: RunningProxy, speaker: Speaker, text: string): Promise<unknown> {
  return proxy.until(() => speaker.visits[0]?.received === text, `the server hears ${JSON.stringify(text)}`);
}

const isOver = (row: FlowRow): boolean => row.duration >= 0;

/** Says every event, and for messages the newest. */
const TELLING = [...TCP_EVENTS, ...HTTP_EVENTS]
  .map(
    (name) =>
      `export function ${name}(flow) { console.log('${name}', flow.messages?.at(-1)?.content?.toString() ?? 'none', flow.error?.kind ?? 'fine'); }`,
  )
  .join('\n');

const FIRST_BYTES = [
  ['binary', '\x00\x01\xfe\xff'],
  ['a line of a protocol', 'NICK=sluice\r\n'],
  ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['letters that stop, and nothing follows', 'AB'],
] as const;

for (const [what, bytes] of FIRST_BYTES)
  test(`PD-08 WS-06 S3-37 DMW-03 a client that speaks first is read as raw TCP: ${what}`, async (t) => {
    const proxy = await startProxy(t);
    const speaker = await startSpeaker(t, { answer: echo });
    const client = await tunnel(proxy, speaker);
    client.send(bytes);
    await client.until(bytes);
    assert.equal(client.received, bytes);
    const row = await talkRow(proxy, 2);
    assert.deepEqual(
      [row.kind, row.scheme, row.host, row.port, row.failed],
      ['tunnel', 'tcp', 'localhost', speaker.port, false],
    );
    const { messages, contents } = await readTalk(proxy, row.id);
    assert.deepEqual(
      messages.map(({ fromClient, kind, size }) => [fromClient, kind, size]),
      [
        [true, 'data', bytes.length],
        [false, 'data', bytes.length],
      ],
    );
    assert.equal(contents.type === 'bytes' && Buffer.from(contents.bytes).toString('latin1'), bytes + bytes);
    const [first, second] = messages;
    assert.ok(first && second && row.at <= first.at && first.at <= second.at && second.at <= Date.now() + 1);
  });

for (const [what, banner, answer] of [
  ['SMTP', '220 mail.example ESMTP ready\r\n', 'EHLO me\r\n'],
  ['SSH', 'SSH-2.0-dropbear\r\n', 'SSH-2.0-OpenSSH_9.9\r\n'],
] as const)
  test(`PD-08 WS-06 a server that speaks first is read as raw TCP: ${what}`, async (t) => {
    const proxy = await startProxy(t);
    const speaker = await startSpeaker(t, { greet: ({ socket }) => void socket.write(banner) });
    const client = await tunnel(proxy, speaker);
    await client.until(banner);
    client.send(answer);
    await heard(proxy, speaker, answer);
    const row = await talkRow(proxy, 2);
    assert.deepEqual(told(await readTalk(proxy, row.id)), [`< data ${banner}`, `> data ${answer}`]);
    assert.equal(speaker.visits.length, 1);
  });

for (const said of ['ping', 'ASK', 'HELO x', 'abc def'])
  test(`WS-06 S3-40 a client says ${said}, closes its half at once, and hears the server`, async (t) => {
    const proxy = await startProxy(t);
    const speaker = await startSpeaker(t);
    const client = await tunnel(proxy, speaker);
    client.socket.end(said);
    const { socket } = await visit(proxy, speaker);
    await proxy.until(() => speaker.visits[0]?.hasEnded, 'the end');
    assert.equal(speaker.visits[0]?.received, said);
    socket.end('answer');
    assert.equal(await client.until('close'), 'answer');
    const row = await proxy.row(isOver);
    assert.equal(row.failed, false);
    assert.equal(row.messages, 2);
  });

test('WS-06 S3-40 the client closes its half and still hears the server', async (t) => {
  const proxy = await scripted(t, TELLING);
  const speaker = await startSpeaker(t);
  const client = await tunnel(proxy, speaker);
  client.send('\x00ask');
  client.socket.end();
  const { socket } = await visit(proxy, speaker);
  await proxy.until(() => speaker.visits[0]?.hasEnded, 'the end');
  assert.equal(client.isClosed, false);
  socket.end('answer');
  assert.equal(await client.until('close'), 'answer');
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'tcp_end answer fine'), [
    'tcp_start none fine',
    'tcp_message \x00ask fine',
    'tcp_message answer fine',
    'tcp_end answer fine',
  ]);
  const row = await proxy.row(isOver);
  assert.equal(row.failed, false);
  const { flow } = await proxy.read(row.id);
  assert.deepEqual([flow.talk?.end?.byClient, flow.talk?.end?.code], [true, null]);
});

test('WS-06 the server closes its half and still hears the client', async (t) => {
  const proxy = await startProxy(t);
  const speaker = await startSpeaker(t, { answer: ({ socket }) => void socket.end('bye') });
  const client = await tunnel(proxy, speaker);
  let hasEnded = false;
  client.socket.on('end', () => {
    hasEnded = true;
  });
  client.send('\x00one');
  await client.until('bye');
  await proxy.until(() => hasEnded, 'the end');
  client.send(' two');
  await heard(proxy, speaker, '\x00one two');
  client.socket.end();
  const row = await proxy.row(isOver);
  assert.equal(row.failed, false);
  const { flow } = await proxy.read(row.id);
  assert.equal(flow.talk?.end?.byClient, false);
});

const RESETS: readonly (readonly [who: string, reset: (client: Client, server: Socket) => void])[] = [
  ['client', (client) => void client.socket.resetAndDestroy()],
  ['server', (_, server) => void server.resetAndDestroy()],
];

for (const [who, reset] of RESETS)
  test(`EVT-27 S3-41 a reset by the ${who} is tcp_error, and no tcp_end`, async (t) => {
    const proxy = await scripted(t, TELLING);
    const speaker = await startSpeaker(t, { answer: echo });
    const client = await tunnel(proxy, speaker);
    client.send('\x00');
    await client.until('\x00');
    await saidUntil(proxy, 't.mjs', 'tcp_message \x00 fine', 2);
    reset(client, (await visit(proxy, speaker)).socket);
    const row = await proxy.row(isOver);
    assert.equal(row.failed, true);
    assert.match(row.error, /ECONNRESET/);
    assert.deepEqual((await saidUntil(proxy, 't.mjs', 'tcp_error \x00 cut-off')).slice(3), ['tcp_error \x00 cut-off']);
    const { flow } = await proxy.read(row.id);
    assert.equal(flow.talk?.end?.byClient, who === 'client');
    await client.until('close');
    await proxy.until(() => speaker.visits[0]?.isClosed, 'the other side closed');
  });

test('EVT-27 killed by the user: tcp_error, both sides are cut', async (t) => {
  const proxy = await scripted(t, TELLING);
  const speaker = await startSpeaker(t, { answer: echo });
  const client = await tunnel(proxy, speaker);
  client.send('\x00');
  const { id, revision } = await talkRow(proxy, 2);
  proxy.say({ type: 'kill', flows: [{ id, revision }] });
  await client.until('close');
  await proxy.until(() => speaker.visits[0]?.isClosed, 'the server cut');
  assert.deepEqual((await saidUntil(proxy, 't.mjs', 'tcp_error \x00 killed')).slice(3), ['tcp_error \x00 killed']);
  assert.match((await proxy.row(isOver)).error, /killed/i);
});

test('EVT-27 S3-36 ORD-17 the server is dialled first; tcp_start comes before the first message and is awaited', async (t) => {
  const names = ['serverconnect', 'server_connected', ...TCP_EVENTS];
  const proxy = await scripted(
    t,
    `${names
      .filter((name) => name !== 'tcp_start')
      .map((name) => `export function ${name}() { console.log('${name}'); }`)
      .join('\n')}
     export async function tcp_start(flow) {
       console.log('tcp_start', flow.type, flow.messages.length);
       await new Promise((done) => setTimeout(done, 100));
       console.log('started');
     }`,
  );
  const speaker = await startSpeaker(t, { answer: ({ socket }) => void socket.end() });
  const client = await tunnel(proxy, speaker);
  client.send('\x00');
  await saidUntil(proxy, 't.mjs', 'tcp_message');
  client.socket.end();
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'tcp_end'), [
    'serverconnect',
    'server_connected',
    'tcp_start tcp 0',
    'started',
    'tcp_message',
    'tcp_end',
  ]);
});

test('WS-03 WS-06 DMW-03 held bytes wait, can be changed and dropped; the other way goes on', async (t) => {
  const proxy = await startProxy(t, HOLD);
  const speaker = await startSpeaker(t);
  const client = await tunnel(proxy, speaker);
  client.send('\x00one');
  const first = await proxy.row((row) => row.messages === 1 && row.held === 'request');
  client.send('two');
  (await visit(proxy, speaker)).socket.write('back');
  const both = await proxy.row((row) => row.messages === 2);
  assert.equal(both.held, 'request');
  assert.equal(speaker.visits[0]?.received, '');
  proxy.say({ type: 'edit-message', flow: first, index: 0, content: Buffer.from('ONE') });
  proxy.say({ type: 'drop-message', flow: first, index: 1 });
  await proxy.row((row) => row.messages === 3 || row.held === 'request');
  proxy.say({ type: 'resume', flows: [both] });
  await heard(proxy, speaker, 'ONE');
  const third = await proxy.row((row) => row.messages === 3 && row.held === 'request');
  proxy.say({ type: 'resume', flows: [third] });
  await heard(proxy, speaker, 'ONEtwo');
  proxy.say({ type: 'inject', flow: third, toServer: false, content: Buffer.from('in between'), isText: false });
  const fourth = await proxy.row((row) => row.messages === 4 && row.held === 'response');
  proxy.say({ type: 'resume', flows: [fourth] });
  await client.until('in between');
  assert.deepEqual(told(await readTalk(proxy, first.id)), [
    '> data edited ONE',
    '< data dropped back',
    '> data two',
    '< data injected in between',
  ]);
});

test('WS-03 a message that is not held cannot be edited or dropped, and a conversation that is over takes nothing', async (t) => {
  const proxy = await startProxy(t);
  const speaker = await startSpeaker(t, { answer: echo });
  const client = await tunnel(proxy, speaker);
  client.send('\x00');
  const row = await talkRow(proxy, 2);
  proxy.say({ type: 'edit-message', flow: row, index: 0, content: Buffer.from('x') });
  assert.match((await proxy.event('refused')).reason, /not held/);
  let after = proxy.events.length;
  proxy.say({ type: 'drop-message', flow: row, index: 7 });
  assert.match((await proxy.event('refused', after)).reason, /not held/);
  client.socket.end();
  (await visit(proxy, speaker)).socket.end();
  const over = await proxy.row(isOver);
  after = proxy.events.length;
  proxy.say({ type: 'inject', flow: over, toServer: true, content: Buffer.from('x'), isText: false });
  assert.match((await proxy.event('refused', after)).reason, /over/);
});

test('S3-39 EVT-27 DMW-03 a script assigns content, drops, injects and kills', async (t) => {
  const proxy = await scripted(
    t,
    `export function tcp_message(flow) {
       const message = flow.messages.at(-1);
       if (message.injected) return console.log('injected', message.fromClient, message.content.toString());
       const text = message.content.toString();
       if (text.includes('secret')) return message.drop();
       if (text.includes('kill')) return flow.kill();
       if (text.includes('tell')) flow.inject(false, 'told by the script');
       message.content = message.fromClient ? text.toUpperCase() : Buffer.from('<' + text + '>');
     }`,
  );
  const speaker = await startSpeaker(t, {
    answer: ({ socket }, piece) => piece.includes('ONE') && socket.write('yes'),
  });
  const client = await tunnel(proxy, speaker);
  client.send('\x00one');
  await client.until('<yes>');
  client.send('a secret');
  await talkRow(proxy, 3);
  client.send('tell it');
  await heard(proxy, speaker, '\x00ONETELL ITtold by the script');
  const row = await talkRow(proxy, 5);
  assert.deepEqual(told(await readTalk(proxy, row.id)), [
    '> data edited \x00ONE',
    '< data edited <yes>',
    '> data dropped a secret',
    '> data edited TELL IT',
    '> data injected told by the script',
  ]);
  client.send('kill');
  await client.until('close');
  assert.match((await proxy.row(isOver)).error, /killed/i);
  assert.equal(speaker.visits[0]?.received, '\x00ONETELL ITtold by the script');
});

test('S3-39 DMW-03 edited is what has other bytes, whoever assigned them, and however', async (t) => {
  const proxy = await scripted(
    t,
    `export function tcp_message(flow) {
       const message = flow.messages.at(-1);
       const { content } = message;
       if (content.includes('in place')) content[0] = 0x49;
       message.content = content.includes('new') ? Buffer.from('NEW') : content;
     }`,
    HOLD,
  );
  const speaker = await startSpeaker(t);
  const client = await tunnel(proxy, speaker);
  for (const [index, text] of ['\x00same', 'in place', 'new'].entries()) {
    client.send(text);
    const row = await proxy.row((one) => one.messages === index + 1 && one.held === 'request');
    if (text === '\x00same') proxy.say({ type: 'edit-message', flow: row, index, content: Buffer.from(text) });
    proxy.say({ type: 'resume', flows: [row] });
    await proxy.row((one) => one.messages === index + 1 && one.held === null);
  }
  await heard(proxy, speaker, '\x00sameIn placeNEW');
  const { id } = await talkRow(proxy, 3);
  assert.deepEqual(told(await readTalk(proxy, id)), ['> data \x00same', '> data edited In place', '> data edited NEW']);
});

/** A leaf for the server, and a proxy that trusts it. */
async function overTls(t: TestContext, source: string, options: Parameters<typeof startSpeaker>[1]) {
  const { leaf, caFile } = await localLeaf(t);
  const proxy = await scripted(t, source, { ssl_verify_upstream_trusted_ca: caFile });
  const speaker = await startSpeaker(t, { ...options, tls: { key: leaf.key, cert: leaf.certificate } });
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${speaker.port}`), {
    allowHalfOpen: true,
  } as object);
  return { proxy, speaker, socket };
}

function untilRead(proxy: RunningProxy, socket: TLSSocket, wanted: string): Promise<unknown> {
  let text = '';
  socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
  });
  return proxy.until(() => text === wanted, wanted);
}

test('WS-06 PD-03 TLS without ALPN around raw bytes is opened: the client speaks first', async (t) => {
  const { proxy, speaker, socket } = await overTls(t, TELLING, { answer: echo });
  const read = untilRead(proxy, socket, '\x00sealed');
  socket.write('\x00sealed');
  await read;
  await heard(proxy, speaker, '\x00sealed');
  const row = await talkRow(proxy, 2);
  assert.deepEqual(told(await readTalk(proxy, row.id)), ['> data \x00sealed', '< data \x00sealed']);
  socket.end();
  await proxy.until(() => speaker.visits[0]?.hasEnded, 'the end');
  speaker.visits[0]?.socket.end();
  await saidUntil(proxy, 't.mjs', 'tcp_end \x00sealed fine');
});

test('WS-06 PD-03 TLS without ALPN around raw bytes is opened: the server speaks first', async (t) => {
  const { proxy, speaker, socket } = await overTls(t, TELLING, {
    greet: (one) => void one.socket.write('+OK POP3\r\n'),
  });
  await untilRead(proxy, socket, '+OK POP3\r\n');
  socket.write('QUIT\r\n');
  await heard(proxy, speaker, 'QUIT\r\n');
  const row = await talkRow(proxy, 2);
  assert.deepEqual(told(await readTalk(proxy, row.id)), ['< data +OK POP3\r\n', '> data QUIT\r\n']);
});

test('PD-08 without rawtcp the bytes pass unread', async (t) => {
  const proxy = await scripted(t, TELLING, { rawtcp: false });
  const speaker = await startSpeaker(t, { answer: echo });
  const client = await tunnel(proxy, speaker);
  client.send('\x00passes');
  await client.until('\x00passes');
  client.socket.end();
  (await visit(proxy, speaker)).socket.end();
  const row = await proxy.row(isOver);
  assert.deepEqual([row.kind, row.messages, row.size, row.failed], ['tunnel', -1, 14, false]);
  proxy.say({ type: 'read-talk', id: row.id, from: 0 });
  assert.match((await proxy.event('refused')).reason, /no conversation/);
  assert.deepEqual(
    logged(proxy).filter((text) => text.includes('tcp_')),
    [],
  );
});

test('S3-35 HTTP, HTTPS and websockets fire no TCP event, and TCP fires none of HTTP', async (t) => {
  const { leaf, caFile } = await localLeaf(t);
  const proxy = await scripted(t, TELLING, { ssl_verify_upstream_trusted_ca: caFile });
  const origin = await startOrigin(t, answering(response('plain')));
  const plain = await Client.connect(proxy.port);
  plain.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: a\r\n\r\n`);
  await plain.until('plain');
  const sockets = await startWebSocketOrigin(t, { tls: { key: leaf.key, cert: leaf.certificate } });
  const talking = await openWebSocket(proxy, sockets.port, { isTls: true });
  talking.socket.send('x');
  await talking.hears(1);
  talking.socket.close();
  await talking.closes();
  const before = await saidUntil(proxy, 't.mjs', 'websocket_start none fine');
  assert.deepEqual(
    before.filter((text) => text.startsWith('tcp_')),
    [],
  );
  const speaker = await startSpeaker(t, { answer: echo });
  const client = await tunnel(proxy, speaker);
  client.send('\x00');
  await client.until('\x00');
  client.socket.resetAndDestroy();
  const all = await saidUntil(proxy, 't.mjs', 'tcp_error \x00 cut-off');
  assert.deepEqual(
    all.slice(before.length).map((text) => text.split(' ')[0]),
    ['tcp_start', 'tcp_message', 'tcp_message', 'tcp_error'],
  );
});

test('S3-38 both sides speak at once to slow hooks: the newest message is always that of the hook, each way in order', async (t) => {
  const proxy = await scripted(
    t,
    `let running = 0;
     export async function tcp_message(flow) {
       running += 1;
       const message = flow.messages.at(-1);
       const before = [flow.messages.length, message.content.toString()];
       await new Promise((done) => setTimeout(done, 3));
       const isSame = flow.messages.at(-1) === message && flow.messages.length === before[0];
       console.log(running === 1 && isSame ? 'alone' : 'together', before[1].trim());
       message.content = before[1].toLowerCase();
       running -= 1;
     }`,
  );
  const count = 40;
  const lines = (who: string): string[] => Array.from({ length: count }, (_, at) => `${who}${at};`);
  const speak = async (socket: Socket, who: string): Promise<void> => {
    for (const line of lines(who)) {
      socket.write(line);
      await new Promise((done) => setTimeout(done, 4)); // so that one read does not take them all
    }
  };
  const speaker = await startSpeaker(t);
  const client = await tunnel(proxy, speaker);
  client.send('\x00');
  const server = await visit(proxy, speaker);
  await Promise.all([speak(client.socket, 'C'), speak(server.socket, 'S')]);
  await heard(proxy, speaker, `\x00${lines('c').join('')}`);
  await client.until(lines('s').join(''));
  assert.equal(client.received, lines('s').join(''));
  assert.ok((await talkRow(proxy, 3)).messages > 10);
  assert.deepEqual(
    logged(proxy).filter((text) => text.includes('together')),
    [],
  );
});

test('DMW-03 an earlier message cannot be changed: the error names the line, and the message goes on', async (t) => {
  const proxy = await scripted(
    t,
    `export function tcp_message(flow) {
       if (flow.messages.length < 2) return;
       flow.messages.at(-1).content = 'changed';
       flow.messages[0].content = 'too late';
     }`,
  );
  const speaker = await startSpeaker(t, { answer: echo });
  const client = await tunnel(proxy, speaker);
  client.send('\x00one');
  await client.until('changed');
  const row = await proxy.row((one) => one.messages === 2 && one.scriptFailed);
  const { flow } = await proxy.read(row.id);
  const [note] = flow.notes;
  assert.match(
    note?.text ?? '',
    /t\.mjs:4.* in tcp_message: TypeError: this message has gone on: only the newest one can be changed/,
  );
  assert.deepEqual([note?.place?.line, note?.place?.file.endsWith('t.mjs')], [4, true]);
  assert.deepEqual(told(await readTalk(proxy, row.id)), ['> data \x00one', '< data edited changed']);
});

test('DMW-03 S3-38 a script that comes later sees the messages before it, those on disk too', async (t) => {
  const proxy = await startProxy(t);
  const speaker = await startSpeaker(t, { answer: ({ socket }, piece) => void socket.write(`${piece.length}`) });
  const client = await tunnel(proxy, speaker);
  const large = `\x00${'x'.repeat(40_000)}`;
  client.send(large);
  await talkRow(proxy, 2);
  client.send(large);
  await talkRow(proxy, 4);
  const file = scriptOf(
    t,
    'late.mjs',
    'const told = ({ fromClient, content }) => (fromClient ? ">" : "<") + content.length + String.fromCharCode(content.at(-1));',
    'export function tcp_message(flow) { console.log(flow.messages.map(told).join(" ")); }',
  );
  setOption(proxy, 'scripts', [file]);
  await proxy.event('option-changed');
  let length = 4;
  const sees = (): string | undefined => logged(proxy).find((text) => text.startsWith('late.mjs: '));
  while (sees() === undefined && length < 100) {
    client.send('y');
    length += 2;
    await talkRow(proxy, length);
    await new Promise((done) => setTimeout(done, 20)); // the script may not be loaded yet
  }
  assert.match(sees() ?? '', /^late\.mjs: >\d+x( [<>]\d+[x\dy])* [<>]1.$/);
  const sizes = [...(sees() ?? '').matchAll(/>(\d+)x/g)].map((match) => Number(match[1]));
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    2 * large.length,
  );
});
