import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import zlib from 'node:zlib';
import type { Fields } from '../../src/flow/fields.js';
import type { Finished } from '../../src/flow/image.js';
import { bytes, flowId, httpFlow, type Parts, readerOf, talkOf } from '../store/flows.js';
import { type App, type AppSettings, openApp } from '../support/app.js';
import { fetchThrough } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { giveStore } from '../support/store.js';
import { openWebSocketAt, startWebSocketOrigin } from '../support/websocket.js';

interface Answer {
  readonly path: string;
  readonly fields?: Fields;
  readonly body: string | Buffer;
}

/** Fetches each of these, and lets the store read the same flows. */
async function capture(t: TestContext, answers: readonly Answer[], settings: AppSettings = {}): Promise<App> {
  const app = await openApp(t, settings);
  const origin = await startOrigin(t, (visit) => {
    const path = /^GET (\S+) /.exec(visit.received)?.[1];
    const answer = answers.find((one) => one.path === path);
    if (!answer || !visit.received.includes('\r\n\r\n')) return;
    visit.received = '';
    const length = Buffer.byteLength(answer.body);
    const fields = [...(answer.fields ?? []), ['Content-Length', length]].map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    visit.socket.write(`HTTP/1.1 200 OK\r\n${fields.join('')}\r\n`);
    visit.socket.write(answer.body);
  });
  const flows: Finished[] = [];
  for (const { path, fields = [], body } of answers) {
    await fetchThrough(app.port, `http://127.0.0.1:${origin.port}${path}`);
    await app.screen.sees(path);
    const row = app.console.program.current.rows.row(flows.length);
    const parts: Parts = {
      request: { host: '127.0.0.1', port: origin.port, path },
      response: { fields, body: bytes(body) },
    };
    if (row) flows.push(httpFlow(row.id, parts));
  }
  giveStore(t, app, readerOf(flows));
  return app;
}

/** The line of the screen with that text, and whether it stands out. */
function lineWith({ screen }: App, text: string): { readonly line: string; readonly isMarked: boolean } {
  const lines = screen.lines();
  const y = lines.findIndex((one) => one.includes(text));
  return { line: lines[y] ?? '', isMarked: screen.cell(1, y).isInverse };
}

const JSON_TYPE: Fields = [
  ['Content-Type', 'application/json'],
  ['Content-Encoding', 'gzip'],
];

function items(count: number, named: Readonly<Record<number, string>>): Buffer {
  const list = Array.from({ length: count }, (_, id) => ({ id, name: named[id] ?? 'hay', tags: ['a b', '{'] }));
  return zlib.gzipSync(JSON.stringify({ list }));
}

test('PX-17 TOP-04 a search lists hits over all flows with their lines; enter jumps to the place, and q comes back', async (t) => {
  const app = await capture(t, [
    { path: '/one', body: 'nothing here' },
    { path: '/items', fields: JSON_TYPE, body: items(500, { 211: 'Needle \u00e9', 400: 'needles' }) },
    {
      path: '/needle?a=1',
      fields: [
        ['X-Long', 'y'],
        ['X-Needle', 'here'],
      ],
      body: 'x',
    },
  ]);
  const { screen } = app;
  screen.press('/');
  await screen.sees(/^: search$/m);
  screen.press('needle', '\r');
  const list = await screen.sees('4 hits · 3 flows');
  assert.match(list, /^ Search needle +4 hits/m);
  assert.match(list, /^>> GET 127\.0\.0\.1:\d+\/items +response body +.*"name":"Needle é","tags"/m);
  assert.match(list, /^ {3} +response body +.*"name":"needles","tags"/m);
  assert.match(list, /^ {3}GET 127\.0\.0\.1:\d+\/needle\?a=1 +URL +GET http:\/\/127\.0\.0\.1:\d+\/needle\?a=1/m);
  assert.match(list, /^ {3} +response head +X-Needle: here/m);
  screen.press('\r');
  const shown = await screen.sees('"name": "Needle é",');
  assert.match(shown, /"id": 211,\n.*"name": "Needle é",/);
  assert.ok(lineWith(app, '"Needle é"').isMarked);
  assert.ok(!lineWith(app, '"id": 211').isMarked);
  screen.press('n');
  await screen.sees('"name": "needles",');
  assert.ok(lineWith(app, '"needles"').isMarked);
  screen.press('n');
  await screen.sees(/Host: +127/);
  screen.press('n');
  await screen.sees(/X-Needle: +here/);
  assert.ok(lineWith(app, 'X-Needle').isMarked);
  screen.press('n');
  await screen.sees('This is the last hit.');
  screen.press('N', 'N');
  await screen.sees('"name": "needles",');
  screen.press('q');
  assert.match(await screen.sees('4 hits · 3 flows'), /^>> GET .*\/items +response body +.*needles/m);
  screen.press('q');
  await screen.sees(' Flows');
  screen.press(':', 'search', '\r');
  assert.match(await screen.sees('4 hits · 3 flows'), /^>> GET .*needles/m);
});

test('PX-17 a search takes some flows only, by their specification or by a filter', async (t) => {
  const app = await capture(t, [
    { path: '/first', body: 'needle and thread' },
    { path: '/second', body: 'needle alone' },
  ]);
  const { screen } = app;
  screen.press(':', 'search needle ~b thread', '\r');
  const filtered = await screen.sees('1 hit · 2 flows');
  assert.match(filtered, /Search needle {2}~b thread/);
  assert.match(filtered, /\/first/);
  screen.press('q', ':', 'set view_filter /second', '\r');
  await screen.sees('1 of 2 flows');
  screen.press(':', 'search @shown needle alone', '\r');
  const some = await screen.sees('1 hit · 1 flow ');
  assert.match(some, /needle alone {2}@shown/);
  screen.press('/');
  await screen.sees(/^: search$/m);
  screen.press('nothing at all', '\r');
  await screen.sees('Nothing found.');
});

test('PX-17 a hit in a message opens that message at the place', async (t) => {
  const app = await openApp(t);
  const { screen } = app;
  const origin = await startWebSocketOrigin(t, { answer: () => {} });
  const client = await openWebSocketAt(app.port, origin.port);
  const long = `${'hay\n'.repeat(200)}the needle\n${'hay\n'.repeat(200)}`;
  for (const content of ['first', long, 'last']) client.socket.send(content);
  await screen.sees(/3 messages/);
  const row = app.console.program.current.rows.row(0);
  const talk = talkOf('websocket', [
    ['client', 'first'],
    ['client', long],
    ['client', 'last'],
  ]);
  giveStore(t, app, readerOf(row ? [httpFlow(row.id, { response: { status: 101 }, talk })] : []));
  screen.press('/', 'needle', '\r');
  await screen.sees(/message 2 +the needle/);
  screen.press('\r');
  assert.match(await screen.sees('→ to the server'), /Message .*2\/3/);
  await screen.sees('the needle');
  assert.ok(lineWith(app, 'the needle').isMarked);
  screen.press('q');
  await screen.sees('Messages 3');
  screen.press('q');
  await screen.sees(/message 2 +the needle/);
});

test('PX-17 esc stops a search and keeps its hits; an expression that does not end is named', async (t) => {
  const app = await capture(t, [{ path: '/one', body: 'needle' }]);
  const { screen } = app;
  const flow = httpFlow(1, { response: { body: bytes('needle') } });
  const other = httpFlow(1, { response: { body: bytes(`hay ${'a'.repeat(60)}!`) } });
  const read = (id: number): Finished => (id === 1 ? flow : other);
  const ids = Array.from({ length: 2_000_000 }, (_, at) => flowId(at + 1));
  giveStore(t, app, { ids: () => ids, read });
  screen.press('/', 'needle', '\r');
  await screen.sees(/1 hit · [\d,]+ of 2,000,000 flows · esc stops/);
  screen.press('\x1b');
  assert.match(await screen.sees(/1 hit · [\d,]+ of 2,000,000 flows · stopped/), /needle$/m);
  screen.press('/', '"hay (a+)+$"', '\r');
  await screen.sees('The search stopped: the expression hay (a+)+$ did not end within 1 s on one text.');
  screen.press('/', 'needle', '\r');
  await screen.sees(/1 hit · .* esc stops/);
  screen.press('\x1b');
  await screen.sees(/flows · stopped/);
  screen.press('\x1b');
  await screen.sees(' Flows');
});

test('UI-15 what cannot be searched for is refused, and where nothing can be read that is said', async (t) => {
  const { screen } = await openApp(t);
  await screen.sees('No traffic yet');
  screen.press('/', '(', '\r');
  await screen.sees('Invalid regular expression: /(/gim: Unterminated group.');
  screen.press('/', 'a ~nothing', '\r');
  await screen.sees('Invalid filter expression: unknown operator ~nothing (column 1)');
  screen.press('/', '\r');
  await screen.sees('What is to be searched for? For example: search token');
  screen.press('/', 'a', '\r');
  await screen.sees('There are no flows that are over to be looked through.');
});

test('foreign text in a hit stays harmless on the screen', async (t) => {
  const app = await capture(t, [{ path: '/odd', body: 'a \x1b[31mred\x07 needle\u202e \u009b0m' }], { columns: 140 });
  const { screen } = app;
  screen.press('/', 'red. needle.', '\r');
  await screen.sees('␛[31mred␇ needle· ·0m');
  assert.ok(!screen.raw.includes('\x1b[31mred'));
  assert.ok(!screen.raw.includes('\u202e'));
});
