import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startProxy, temporaryFolder } from '../support/proxy.js';
import { echo, startSpeaker } from '../support/speaker.js';
import { readTalk, talkRow, told } from '../support/talk.js';
import { openWebSocket, startWebSocketOrigin } from '../support/websocket.js';
import { line, logged, openTunnel, said, saidUntil, scripted, scriptFile, spoken } from './scripted.js';

const SILENT = { answer: () => {} };

test('EVT-24 S4-13 the websocket is in `response` already, and empty; request and response are there', async (t) => {
  const proxy = await scripted(
    t,
    `const told = (flow) => [flow.request.path, flow.response?.statusCode, flow.websocket?.messages.length].join(' ');
     export function request(flow) { console.log('request', String(flow.websocket)); }
     export function response(flow) { console.log('response', told(flow)); }
     export function websocket_start(flow) { console.log('start', told(flow), flow.websocket.closedByClient, flow.websocket.timestampEnd); }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  await openWebSocket(proxy, origin.port, { path: '/chat' });
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'start /chat 101 0 null null'), [
    'request null',
    'response /chat 101 0',
    'start /chat 101 0 null null',
  ]);
});

test('EVT-25 DMW-02 S4-01 S4-02 S4-03 S4-05 what a message says of itself', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_message({ websocket }) {
       const message = websocket.messages.at(-1);
       const { type, fromClient, content, injected, dropped, timestamp, isText } = message;
       const age = Date.now() / 1000 - timestamp;
       console.log(type, fromClient, content.toString('hex'), injected, dropped, isText, Math.abs(age) < 60);
       console.log(Buffer.isBuffer(content), message.isText ? message.text : 'no text');
     }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('h\u00e9', { fin: false });
  client.socket.send('llo', { fin: true });
  client.socket.send(Buffer.from([0, 255]));
  await saidUntil(proxy, 't.mjs', '2 true 00ff false false false true');
  origin.sockets[0]?.send('');
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'true '), [
    '1 true 68c3a96c6c6f false false true true',
    'true h\u00e9llo',
    '2 true 00ff false false false true',
    'true no text',
    '1 false  false false true true',
    'true ',
  ]);
});

test('EVT-26 DMW-01 websocket_end has code, reason and who closed, also where no close frame came', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_end({ websocket }) {
       const { closeCode, closeReason, closedByClient, timestampEnd } = websocket;
       console.log(closeCode, JSON.stringify(closeReason), closedByClient, Math.abs(timestampEnd - Date.now() / 1000) < 60);
     }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const closes = [
    [() => origin.sockets[0]?.close(3007, 'done'), '3007 "done" false true'],
    [() => origin.sockets[1]?.close(), '1005 "" false true'],
    [() => origin.sockets[2]?.terminate(), '1006 "" false true'],
  ] as const;
  for (const [close, text] of closes) {
    const client = await openWebSocket(proxy, origin.port);
    close();
    await client.closes();
    await saidUntil(proxy, 't.mjs', text);
  }
  const client = await openWebSocket(proxy, origin.port);
  client.socket.terminate();
  await saidUntil(proxy, 't.mjs', '1006 "" true true');
});

test('DMW-02 the text of a binary message is an error with its line, for reading and for writing; it goes on as it was', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_message({ websocket }) {
       const message = websocket.messages.at(-1);
       try { message.text; } catch (error) { console.log(error.message); }
       message.text = 'x';
     }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send(Buffer.from('as it was'));
  await proxy.until(() => origin.heard.length === 1, 'the message');
  assert.deepEqual(origin.heard, ['binary as it was']);
  await saidUntil(proxy, 't.mjs', 'a binary message has no text');
  await line(proxy, /^t\.mjs:4:\d+ in websocket_message: TypeError: a binary message has no text/);
  await proxy.row((row) => row.scriptFailed);
});

test('S4-06 S4-07 S4-08 S4-11 dropped messages stay in the list, and are sent to nobody', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_message({ websocket }) {
       const message = websocket.messages.at(-1);
       if (message.text.startsWith('noise')) message.drop();
     }
     export function websocket_end({ websocket }) {
       const { messages } = websocket;
       const isSorted = messages.every((message, at, all) => at === 0 || all[at - 1].timestamp <= message.timestamp);
       console.log(messages.map(({ text, dropped }) => text + ':' + dropped).join(' '), isSorted);
     }`,
  );
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  for (const text of ['one', 'noise', 'two', 'noises']) client.socket.send(text);
  assert.deepEqual(await client.hears(2), ['one', 'two']);
  await talkRow(proxy, 6);
  client.socket.close();
  await proxy.until(() => said(proxy, 't.mjs').length === 1, 'the end');
  const [text = ''] = said(proxy, 't.mjs');
  assert.match(text, / true$/);
  assert.deepEqual(text.split(' ').slice(0, -1).sort(), [
    'noise:true',
    'noises:true',
    'one:false',
    'one:false',
    'two:false',
    'two:false',
  ]);
  assert.deepEqual(origin.heard, ['one', 'two']);
});

test('S4-03 a script puts messages between, in a hook and from a timer; its own come to the hook as injected', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_start({ websocket }) {
       setTimeout(() => websocket.inject(true, 'from a timer'), 50);
     }
     export function websocket_message({ websocket }) {
       const message = websocket.messages.at(-1);
       console.log(message.text ?? '', message.injected, message.fromClient);
       if (!message.injected) websocket.inject(false, message.text + ' too');
     }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  assert.deepEqual(await client.hears(1), ['from a timer']);
  client.socket.send('mine');
  await proxy.until(() => origin.heard.length === 2, 'both');
  assert.deepEqual(origin.heard, ['mine', 'mine too']);
  assert.deepEqual(said(proxy, 't.mjs'), ['from a timer true false', 'mine false true', 'mine too true true']);
  const row = await talkRow(proxy, 3);
  assert.deepEqual(told(await readTalk(proxy, row.id)), [
    '< text injected from a timer',
    '> text mine',
    '> text injected mine too',
  ]);
});

test('S4-03 a message for a websocket that is over is refused in one sentence', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_end({ websocket }) { setTimeout(() => websocket.inject(true, 'late'), 50); }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.close();
  await client.closes();
  await line(proxy, /^t\.mjs: the flow has no conversation, or it is over$/);
});

test('DM-19 EVT-25 a script kills the flow: both sides are cut, and nothing of that message is sent', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_message(flow) { if (flow.websocket.messages.at(-1).text === 'bad') flow.kill(); }
     export function websocket_end(flow) { console.log('end', flow.websocket.closeCode, flow.error?.kind); }
     export function error() { console.log('error'); }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('good');
  client.socket.send('bad');
  assert.equal((await client.closes()).code, 1006);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'end 1006 killed'), ['end 1006 killed']);
  await proxy.until(() => origin.heard.length > 0, 'the first message');
  assert.deepEqual(origin.heard, ['good']);
  const row = await proxy.row((one) => one.failed);
  assert.match(row.error, /killed/i);
});

test('DM-17 EVT-25 a script holds a message until the user lets it go', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_message(flow) { if (flow.websocket.messages.at(-1).text === 'hold me') flow.intercept(); }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  for (const text of ['before', 'hold me', 'after']) client.socket.send(text);
  const held = await proxy.row((row) => row.held === 'request');
  assert.deepEqual(told(await readTalk(proxy, held.id)), ['> text before', '> text held hold me']);
  await proxy.until(() => origin.heard.length > 0, 'the first message');
  assert.deepEqual(origin.heard, ['before']);
  proxy.say({ type: 'resume', flows: [held] });
  await proxy.until(() => origin.heard.length === 3, 'all');
  assert.deepEqual(origin.heard, ['before', 'hold me', 'after']);
});

test('DM-17 EVT-25 a message hook waits for the user, and goes on with the message then', async (t) => {
  const proxy = await scripted(
    t,
    `export async function websocket_message(flow) {
       flow.intercept();
       await flow.waitForResume();
       flow.websocket.messages.at(-1).text += ', let go';
     }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('waits');
  const held = await proxy.row((row) => row.messages === 1 && row.held !== null);
  assert.deepEqual(origin.heard, []);
  proxy.say({ type: 'resume', flows: [held] });
  await proxy.until(() => origin.heard.length === 1, 'it');
  assert.deepEqual(origin.heard, ['waits, let go']);
  await proxy.row((row) => row.held === null);
});

test('AD-02 AD-06 EVT-25 two scripts see a message one after the other; AddonHalt keeps it from the second', async (t) => {
  const first = scriptFile(
    t,
    'first.mjs',
    `import { AddonHalt } from 'sluice';
     export function websocket_message({ websocket }) {
       const message = websocket.messages.at(-1);
       message.text += ' first';
       if (message.text.startsWith('halt')) throw new AddonHalt();
     }`,
  );
  const second = scriptFile(
    t,
    'second.mjs',
    `export function websocket_message({ websocket }) {
       const message = websocket.messages.at(-1);
       console.log(websocket.messages.map(({ text }) => text).join('|'));
       message.text += ' second';
     }`,
  );
  const proxy = await startProxy(t, { scripts: [first, second] });
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  for (const text of ['halt', 'go', 'on']) client.socket.send(text);
  await proxy.until(() => origin.heard.length === 3, 'all');
  assert.deepEqual(origin.heard, ['halt first', 'go first second', 'on first second']);
  assert.deepEqual(spoken(proxy), ['halt first|go first', 'halt first|go first second|on first']);
  const row = await talkRow(proxy, 3);
  assert.equal(row.scriptFailed, false);
});

test('S4-04 S3-39 earlier messages are what was sent, also when their contents have gone to disk', async (t) => {
  const source = (name: string, change: string): string =>
    scriptFile(
      t,
      name,
      `export function websocket_message({ websocket }) {
         const { messages } = websocket;
         console.log(messages.map(({ text, dropped }) => (dropped ? '-' : '') + text[0] + text.length).join(' '));
         ${change}
       }`,
    );
  const first = source(
    'first.mjs',
    `const message = messages.at(-1);
     if (message.text.startsWith('d')) message.drop();
     else message.text = 'X' + message.text + 'more';`,
  );
  const proxy = await startProxy(t, { scripts: [first, source('second.mjs', 'messages.at(-1).text += "";')] });
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  for (const letter of 'adbc') client.socket.send(letter.repeat(30_000));
  await talkRow(proxy, 4);
  await proxy.until(() => spoken(proxy).length === 8, 'all hooks');
  assert.deepEqual(said(proxy, 'first.mjs'), [
    'a30000',
    'X30005 d30000',
    'X30005 -d30000 b30000',
    'X30005 -d30000 X30005 c30000',
  ]);
  assert.deepEqual(said(proxy, 'second.mjs'), [
    'X30005',
    'X30005 -d30000',
    'X30005 -d30000 X30005',
    'X30005 -d30000 X30005 X30005',
  ]);
  await proxy.until(() => origin.heard.length === 3, 'all messages');
  assert.deepEqual(
    origin.heard.map((text) => text.length),
    [30_005, 30_005, 30_005],
  );
});

test('S4-04 what the user made of a held message is what scripts see of it later', async (t) => {
  const proxy = await scripted(
    t,
    `export function websocket_message({ websocket }) {
       console.log(websocket.messages.map(({ text, dropped }) => text + ':' + dropped).join(' '));
     }`,
    { intercept: '~websocket', intercept_active: true },
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('one');
  const first = await proxy.row((row) => row.messages === 1 && row.held === 'request');
  proxy.say({ type: 'edit-message', flow: first, index: 0, content: Buffer.from('edited') });
  proxy.say({ type: 'resume', flows: [first] });
  await proxy.until(() => origin.heard.length === 1, 'it');
  client.socket.send('two');
  const second = await proxy.row((row) => row.messages === 2 && row.held === 'request');
  proxy.say({ type: 'drop-message', flow: second, index: 1 });
  client.socket.send('three');
  await saidUntil(proxy, 't.mjs', 'edited:false two:true three:false');
});

const FAILURES = [
  ['throws', `throw new Error('oh no');`, {}, /^t\.mjs:2:\d+ in websocket_message: oh no/],
  ['awaits too long', 'return new Promise(() => {});', { script_wait: 1 }, /websocket_message.*went on as it was/],
  ['hangs', 'for (;;);', { script_silence: 1 }, /websocket_message.*went on as it was/],
] as const;

for (const [what, body, options, text] of FAILURES)
  test(`ERR-03 EVT-25 a script that ${what}: the message goes on as it was, and the row says so`, async (t) => {
    const proxy = await scripted(t, `export function websocket_message({ websocket }) {\n${body}\n}`, options);
    const origin = await startWebSocketOrigin(t, SILENT);
    const client = await openWebSocket(proxy, origin.port);
    client.socket.send('as it was');
    await proxy.until(() => origin.heard.length === 1, 'it');
    assert.deepEqual(origin.heard, ['as it was']);
    const row = await proxy.row((one) => one.scriptFailed);
    const { flow } = await proxy.read(row.id);
    assert.match(flow.notes[0]?.text ?? '', text);
  });

test('DMW-02 the contents of many messages do not stay in the thread of the script, dropped ones neither', async (t) => {
  const proxy = await scripted(
    t,
    `import v8 from 'node:v8';
     import vm from 'node:vm';
     v8.setFlagsFromString('--expose-gc');
     const collect = vm.runInNewContext('gc');
     export function websocket_message({ websocket }) {
       const { messages } = websocket;
       const message = messages.at(-1);
       if (messages.length % 10 === 0) message.drop();
       if (messages.length % 10 === 1) message.content = message.content.subarray(1);
       if (message.isText) {
         collect();
         const held = process.memoryUsage().arrayBuffers / 1e6;
         const bytes = [0, 1, 9, 10_000, 19_999].map((at) => messages[at].content.length);
         console.log(messages.length, held < 1 ? 'little' : held + ' MB', bytes.join());
       }
     }`,
  );
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  const content = Buffer.alloc(1000, 7); // twenty megabytes in all, two of them dropped
  for (let at = 0; at < 20_000; at += 1) {
    client.socket.send(content);
    if (at % 500 === 0) await proxy.until(() => origin.heard.length > at * 0.9 - 2000, 'room');
  }
  client.socket.send('measure');
  await talkRow(proxy, 20_001);
  await line(proxy, 't.mjs: 20001 little 999,1000,1000,999,1000');
});

test('DM-19 EVT-27 TCP: a script kills in tcp_start, and no byte reaches the server', async (t) => {
  const proxy = await scripted(t, `export function tcp_start(flow) { flow.kill(); }`);
  const speaker = await startSpeaker(t, { answer: echo });
  const client = await openTunnel(proxy, `localhost:${speaker.port}`);
  client.send('\x00');
  await client.until('close');
  assert.equal(speaker.visits[0]?.received ?? '', '');
  await proxy.row((row) => row.failed && row.kind === 'tunnel');
  assert.deepEqual(logged(proxy), []);
});

test('ERR-07 S4-04 a script that is loaded anew sees the messages from before', async (t) => {
  const source = (word: string): string =>
    `export function websocket_message({ websocket }) { console.log('${word}', websocket.messages.map(({ text }) => text).join(' ')); }`;
  const file = scriptFile(t, 't.mjs', source('old'));
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('one');
  await saidUntil(proxy, 't.mjs', 'old one');
  fs.writeFileSync(file, source('new'));
  await line(proxy, /^t\.mjs reloaded/);
  client.socket.send('two');
  await saidUntil(proxy, 't.mjs', 'new one two');
});

test('EVT-25 S4-04 a message too large for hooks that passes meanwhile does not take the place of the one in the hook', async (t) => {
  const second = `export function websocket_message({ websocket }) {
    const { fromClient, content } = websocket.messages.at(-1);
    console.log(fromClient, String(content), websocket.messages.length);
  }`;
  const word = path.join(temporaryFolder(t), 'go-on');
  const first = `import fs from 'node:fs';
  export async function websocket_message({ websocket }) {
    console.log('waits');
    while (!fs.existsSync(${JSON.stringify(word)})) await new Promise((done) => setTimeout(done, 10));
  }`;
  const proxy = await startProxy(t, {
    scripts: [scriptFile(t, 'first.mjs', first), scriptFile(t, 'second.mjs', second)],
  });
  const origin = await startWebSocketOrigin(t, SILENT);
  const client = await openWebSocket(proxy, origin.port);
  origin.sockets[0]?.send('small');
  await saidUntil(proxy, 'first.mjs', 'waits');
  client.socket.send(Buffer.alloc(17 * 1024 * 1024));
  await talkRow(proxy, 2);
  fs.writeFileSync(word, '');
  await saidUntil(proxy, 'second.mjs', 'false small 1');
});
