import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../support/app.js';
import { Client } from '../support/client.js';
import { type Origin, startOrigin } from '../support/origin.js';

const FEED = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n';
const PLAIN = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n';

async function asked(origin: Origin, port: number): Promise<Client> {
  const client = await Client.connect(port);
  client.send(`GET http://127.0.0.1:${origin.port}/feed HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('200 OK');
  return client;
}

test('events of a stream are shown with their times and the gaps, followed until one moves', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, (visit) => visit.socket.write(FEED));
  await asked(origin, port);
  const say = (text: string): void => void origin.visits[0]?.socket.write(`event: tick\ndata: ${text}\n\n`);
  await screen.sees('/feed');
  screen.press('\r', 'l', 'f');
  await screen.sees('following: any move pauses');
  for (let n = 0; n < 40; n += 1) say(`n${n}`);
  await screen.sees('data: n39');
  say('late');
  const shown = await screen.sees('data: late');
  assert.match(shown, /── \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}\+\d+ms\n event: tick\n data: late/);
  screen.press('k');
  await screen.losesSight('following: any move pauses');
  await screen.losesSight('data: late');
  say('unseen');
  screen.press('f');
  await screen.sees('data: unseen');
});

test('the tail of an unrecorded body can be watched while its flow is open, and is gone after that', async (t) => {
  const { screen, port } = await openApp(t, { options: { stream_large_bodies: 0, stream_tail: 64 } });
  const origin = await startOrigin(t, (visit) => visit.socket.write(PLAIN));
  await asked(origin, port);
  const [visit] = origin.visits;
  visit?.socket.write('before anybody looked\n');
  await screen.sees(/\/feed +200/);
  screen.press('\r', 'l');
  await screen.sees('content missing, still going by');
  visit?.socket.write(`${'x'.repeat(100)}\nwhile it is watched\n`);
  const shown = await screen.sees('while it is watched');
  assert.match(shown, /watching the last 64b as they pass: in memory while this is open, never recorded/);
  assert.doesNotMatch(shown, /before anybody looked/);
  assert.doesNotMatch(shown, /x{65}/, 'no more than stream_tail is kept');
  screen.press('q');
  await screen.sees('1 flow');
  screen.press('\r');
  await screen.sees('content missing, still going by');
  await screen.losesSight('while it is watched');
});
