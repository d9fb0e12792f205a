import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openApp } from '../support/app.js';
import { Client, fetchThrough } from '../support/client.js';
import { startOrigin } from '../support/origin.js';

const MEGABYTE = 1024 * 1024;

test('S0-08 ST-02 with --stream 3m a body of 3,145,728 bytes is kept and one more is streamed', async (t) => {
  const { screen, port } = await openApp(t, { options: { stream_large_bodies: 3 * MEGABYTE } });
  const origin = await startOrigin(t, (visit) => {
    const size = visit.received.includes('/exact') ? 3 * MEGABYTE : 3 * MEGABYTE + 1;
    visit.socket.end(
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), Buffer.alloc(size, 97)]),
    );
  });
  const exact = await fetchThrough(port, `http://127.0.0.1:${origin.port}/exact`);
  const more = await fetchThrough(port, `http://127.0.0.1:${origin.port}/more`);
  assert.equal(exact.length - exact.indexOf('\r\n\r\n') - 4, 3 * MEGABYTE);
  assert.equal(more.length - more.indexOf('\r\n\r\n') - 4, 3 * MEGABYTE + 1);
  const shown = await screen.sees(/\/more +200 ≈ +content missing +3\.0m/);
  assert.match(shown, /\/exact +200 {4,}\? +3\.0m/);
  assert.match(shown, /\/more +200 ≈ +content missing +3\.0m/);
});

test('S0-10 S1-04 with --stream 0 every body that is not empty is streamed, and leaves no trace', async (t) => {
  const app = await openApp(t, { options: { stream_large_bodies: 0 } });
  const mark = 'UNMISTAKABLE-STREAMED-MARK';
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.includes('/empty')) visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    else visit.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${mark.length}\r\n\r\n${mark}`);
  });
  await fetchThrough(app.port, `http://127.0.0.1:${origin.port}/full`);
  await fetchThrough(app.port, `http://127.0.0.1:${origin.port}/empty`);
  await app.screen.sees(/\/empty +200 +no content/);
  await app.screen.sees(/\/full +200 ≈ +content missing/);
  app.screen.press('\r', 'l');
  const shown = await app.screen.sees('streamed, not recorded');
  assert.match(shown, /26 bytes/);
  assert.match(shown, /because +larger than stream_large_bodies \(0b\)/);
  assert.match(shown, /:set store_streamed_bodies true/);
  assert.ok(!app.screen.raw.includes(mark));
});

test('ST-03 a body of unknown length that passes SIZE is erased at once, from disk, memory picture and screen', async (t) => {
  const { screen, port, confdir } = await openApp(t, { options: { stream_large_bodies: 300_000 } });
  const piece = (mark: string): string => `${mark}${'-'.repeat(50_000 - mark.length)}`;
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = (text: string): void => void visit.socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    chunk(piece('MARK-AT-THE-START'));
    for (let n = 0; n < 9; n += 1) chunk(piece('MARK-IN-THE-MIDDLE'));
    chunk(piece('MARK-AT-THE-END'));
    visit.socket.end('0\r\n\r\n');
  });
  const answer = await fetchThrough(port, `http://127.0.0.1:${origin.port}/grow`);
  assert.equal(answer.match(/MARK-IN-THE-MIDDLE/g)?.length, 9);
  assert.equal(answer.match(/\r\nc350\r\n/g)?.length, 11, 'chunk boundaries are preserved');
  await screen.sees(/\/grow +200 ≈ +content missing +537k/);
  screen.press('\r', 'l');
  const shown = await screen.sees('streamed, not recorded');
  assert.match(shown, /550,000 bytes · .* · 11 chunks/);
  assert.match(shown, /because +it grew larger than stream_large_bodies/);
  for (const entry of fs.readdirSync(confdir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = fs.readFileSync(path.join(entry.parentPath, entry.name), 'latin1');
    assert.doesNotMatch(text, /MARK-(AT-THE-START|IN-THE-MIDDLE|AT-THE-END)/, entry.name);
  }
  assert.doesNotMatch(screen.raw, /MARK-(AT-THE-START|IN-THE-MIDDLE|AT-THE-END)/);
});

test('UI-FL2-06 a streamed body shows live counters while it runs; S0-01 its bytes are with the client at once', async (t) => {
  const { screen, port } = await openApp(t, { options: { stream_large_bodies: 1000 } });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n${'a'.repeat(1000)}`);
  });
  const client = await Client.connect(port);
  client.send(`GET http://127.0.0.1:${origin.port}/slow HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until(/a{1000}$/);
  await screen.sees(/\/slow +200 ≈~ +content missing +1000b/);
  screen.press('\r', 'l');
  await screen.sees('content missing, still going by');
  await screen.sees('25 %');
  origin.visits[0]?.socket.write('b'.repeat(2000));
  await screen.sees('75 %');
  await screen.sees('3,000 bytes');
  origin.visits[0]?.socket.write('c'.repeat(1000));
  await client.until(/c{1000}$/);
  await screen.losesSight('still going by');
  await screen.sees('4,000 bytes');
});

test('GAP-23 events of a stream pass as they come and can be read while it runs', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n');
  });
  const client = await Client.connect(port);
  client.send(`GET http://127.0.0.1:${origin.port}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('data: first');
  screen.press('\r');
  await screen.sees('/events');
  screen.press('\r', 'l');
  await screen.sees('data: first');
  origin.visits[0]?.socket.write('data: second\n\n');
  await client.until('data: second');
  await screen.sees('data: second');
  await screen.sees('receiving');
});

test('OPT body_handling=buffer reads a body whole before it is sent, as mitmproxy does', async (t) => {
  const { screen, port } = await openApp(t, { options: { body_handling: 'buffer' } });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
  });
  const client = await Client.connect(port);
  client.send(`GET http://127.0.0.1:${origin.port}/held-back HTTP/1.1\r\nHost: x\r\n\r\n`);
  await screen.sees(/\/held-back +200 ▫~/);
  assert.equal(client.received, '');
  origin.visits[0]?.socket.write('3\r\ndef\r\n0\r\n\r\n');
  const answer = await client.until(/0\r\n\r\n$/);
  assert.match(answer, /\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n$/);
});

test('ST-04 streaming acts on requests too, and can be limited to responses', async (t) => {
  const { screen, port } = await openApp(t, { options: { stream_large_bodies: 10 } });
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('z'.repeat(50))) visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  const post = async (name: string): Promise<void> => {
    const client = await Client.connect(port);
    client.send(
      `POST http://127.0.0.1:${origin.port}/${name} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n${'z'.repeat(50)}`,
    );
    await client.until('200 OK');
  };
  await post('both');
  await screen.sees('/both');
  screen.press('\r');
  await screen.sees('streamed, not recorded');
  screen.press('r');
  await screen.sees('Its request body was not kept');
  screen.press('q', ':', ...'set stream_direction responses', '\r');
  await screen.sees('stream_direction: responses');
  await post('kept');
  await screen.sees('/kept');
  screen.press('G', '\r');
  await screen.sees('zzzzzzzzzz');
});
