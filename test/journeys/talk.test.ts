import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openApp } from '../support/app.js';
import { temporaryFolder } from '../support/proxy.js';
import { openWebSocketAt, startWebSocketOrigin } from '../support/websocket.js';

test('messages of a websocket are listed with direction, gap and size, filtered, and opened whole', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocketAt(port, origin.port);
  client.socket.send('{"op":"subscribe","n":1}');
  client.socket.send(Buffer.from([1, 2, 3]));
  await screen.sees(/\/talk +101 .*4 messages/);
  screen.press('\r');
  const list = await screen.sees(/← \d\d:\d\d:\d\d +\+\d+ms +3b {2}01 02 03/);
  assert.match(list, /Request {2}Response {2}Messages 4 {2}Detail/);
  assert.match(list, /→ \d\d:\d\d:\d\d +24b {2}\{"op":"subscribe","n":1\}/);
  screen.press('/');
  await screen.sees(': messages.filter');
  screen.press('> ~text', '\r');
  const filtered = await screen.sees('1 of 4 messages: > ~text');
  assert.doesNotMatch(filtered, /01 02 03/);
  screen.press('\r');
  assert.match(await screen.sees('"op": "subscribe",'), /→ to the server · text/);
  screen.press('q');
  await screen.sees('1 of 4 messages');
  client.socket.close(4000, 'bye');
  await screen.sees('websocket closed by the client with 4000 (bye)');
});

test('the list stays at the newest message until one moves, and again when asked to', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocketAt(port, origin.port);
  for (let n = 1; n <= 60; n += 1) client.socket.send(`message ${n}.`);
  await screen.sees(/60 messages/);
  screen.press('\r');
  await screen.sees('message 60.');
  client.socket.send('message 61.');
  await screen.sees('message 61.');
  screen.press('g');
  await screen.sees('message 1.');
  client.socket.send('message 62.');
  assert.doesNotMatch(await screen.sees('62 messages'), /message 62\./);
  screen.press('f');
  await screen.sees('message 62.');
});

test('a held message is edited in the editor, another dropped, and a third put between', async (t) => {
  const editor = path.join(temporaryFolder(t), 'editor.sh');
  fs.writeFileSync(editor, '#!/bin/sh\nprintf "edited by hand\\n" > "$1"\n', { mode: 0o755 });
  process.env.MITMPROXY_EDITOR = editor;
  t.after(() => delete process.env.MITMPROXY_EDITOR);
  const { screen, port } = await openApp(t, { options: { intercept: '~websocket', intercept_active: true } });
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocketAt(port, origin.port);
  client.socket.send('first');
  client.socket.send('second');
  await screen.sees('1 message, held');
  screen.press('\r');
  await screen.sees('held first');
  assert.match(screen.text(), /‖ a message to the server is held: a releases it, X kills the connection/);
  screen.press('e');
  await screen.sees('held edited edited by hand');
  screen.press('a');
  await screen.sees('held second');
  screen.press('x');
  await screen.sees('dropped second');
  screen.press('n');
  await screen.sees('inject.websocket @focus');
  screen.press('true from nobody', '\r');
  await screen.sees('is_text is true or false, not "nobody"; a message with blanks stands in quotes.');
  screen.press('n', 'true "from\\tnobody"', '\r');
  await screen.sees('held injected from nobody');
  screen.press('a');
  assert.deepEqual([...(await client.hears(1))], ['from\tnobody']);
  assert.deepEqual(origin.heard, ['edited by hand']);
});

test('UI-COL-03 an open websocket is one in the list, and its Request and Response tabs say where its bytes are', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocketAt(port, origin.port);
  client.socket.send('said');
  await screen.sees('2 messages');
  assert.match(screen.text(), / WS +GET .* 101 .* 2 messages +4b /);
  screen.press('\r');
  await screen.sees('Messages 2');
  for (const field of ['Sec-WebSocket-Accept:', 'Sec-WebSocket-Key:']) {
    screen.press('h');
    await screen.sees(field);
    assert.doesNotMatch(screen.text(), /content missing|store_streamed_bodies|fetches it again/);
    assert.match(screen.text(), /no content: what was said behind the head is in Messages/);
  }
});

test('in a list without colours the message under the cursor has a sign, and the held one is named', async (t) => {
  const { screen, port } = await openApp(t, {
    columns: 110,
    options: { intercept: '~websocket', intercept_active: true },
  });
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocketAt(port, origin.port);
  client.socket.send('first');
  await screen.sees(/‖ 1 message, held/);
  screen.press('\r');
  await screen.sees(/^>> → .*held first/m);
  origin.sockets[0]?.send('back');
  await screen.sees(/^>> ← .*held back/m);
  screen.press('k');
  await screen.sees(/^>> → .*held first/m);
  assert.match(screen.text(), /^ {3}← .*held back/m);
  screen.press('a');
  await screen.sees(/^>> → [^h]*first/m);
  client.socket.send('second');
  await screen.sees(/held second/);
  screen.press('e');
  await screen.sees(
    /The message has gone on\. Held is number 3 of 3, at \d\d:\d\d:\d\d; :messages\.filter ~held shows it\./,
  );
});
