import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { openApp } from '../support/app.js';
import { fetchThrough } from '../support/client.js';
import { DEADLINE } from '../support/deadline.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { temporaryFolder } from '../support/proxy.js';
import { openWebSocketAt, startWebSocketOrigin } from '../support/websocket.js';

/** Waits until a file holds a text. */
function holds(file: string, text: string): Promise<void> {
  return new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error(`${file} never held ${text}`)), DEADLINE);
    const poll = setInterval(() => {
      if (!fs.existsSync(file) || !fs.readFileSync(file).includes(text)) return;
      clearTimeout(late);
      clearInterval(poll);
      done();
    }, 20);
  });
}

test('KEY-48 KEY-40 CMD-24 CMD-35 flows are saved with w and loaded with L: heads, bodies and messages', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, answering(response('the answer')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/kept`);
  const talking = await startWebSocketOrigin(t);
  const client = await openWebSocketAt(port, talking.port);
  client.socket.send('spoken');
  await client.hears(1);
  client.socket.close(1000);
  await screen.sees(/\/talk +101 .*2 messages/);
  const file = path.join(temporaryFolder(t), 'saved.mitm');
  screen.press('w');
  await screen.sees(': save.file @shown');
  screen.press(file, '\r');
  await screen.sees('2 flows saved to');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  screen.press('z', 'y');
  await screen.sees('No traffic yet.');
  screen.press('L');
  screen.press(file, '\r');
  await screen.sees('2 flows loaded from');
  const list = await screen.sees(/\/kept +200/);
  assert.match(list, /\/talk +101 .*2 messages/);
  screen.press('g', '\r', 'l');
  await screen.sees('the answer');
  screen.press('q', 'G', '\r');
  await screen.sees(/→ .*spoken/);
});

test('NF-10 W writes flows to a file as they finish, and + appends', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, answering(response('x')));
  const file = path.join(temporaryFolder(t), 'stream.mitm');
  screen.press('W');
  await screen.sees(": set save_stream_file ''");
  screen.press(file, '\r');
  await screen.sees(`save_stream_file: ${file}`);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/first`);
  await holds(file, '/first');
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/second`);
  await holds(file, '/second');
  assert.ok(fs.readFileSync(file).includes('/first'));
});

test('bad paths are told in a sentence, and nothing is lost', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, answering(response('x')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/here`);
  await screen.sees(/\/here +200/);
  screen.press('w');
  screen.press('/no/such/folder/a.mitm', '\r');
  await screen.sees('/no/such/folder/a.mitm cannot be written: there is no such file or folder.');
  screen.press('L');
  screen.press('/no/such/file', '\r');
  assert.match(await screen.sees('/no/such/file cannot be read'), /\/here +200/);
});

test('STX-08 KEY-29 CMD-32 b saves the body on show, decoded; a missing one is said to be missing', async (t) => {
  const { screen, port } = await openApp(t);
  const coded = zlib.gzipSync('read me');
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${coded.length}\r\n\r\n`;
  const origin = await startOrigin(t, ({ socket }) => socket.write(Buffer.concat([Buffer.from(head), coded])));
  const url = `http://127.0.0.1:${origin.port}`;
  await fetchThrough(port, `${url}/kept`);
  await screen.sees(/\/kept +200/);
  const file = path.join(temporaryFolder(t), 'body');
  screen.press('\r', 'l');
  await screen.sees('read me');
  screen.press('b');
  await screen.sees(': cut.save @focus response.content');
  screen.press(file, '\r');
  await screen.sees(`7 bytes saved to ${file}.`);
  assert.equal(fs.readFileSync(file, 'utf8'), 'read me');
  screen.press('q', ':', 'set stream_large_bodies 0', '\r');
  await screen.sees('stream 0b');
  await fetchThrough(port, `${url}/streamed`);
  await screen.sees(/\/streamed +200 ≈ +content missing/);
  screen.press('G', '\r');
  await screen.sees('streamed, not recorded');
  screen.press('b', file, '\r');
  await screen.sees('Response content missing.');
  assert.equal(fs.readFileSync(file, 'utf8'), 'read me');
});
