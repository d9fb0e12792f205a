import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../support/app.js';
import { fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';

test('UI-FL-09 an empty list says how to connect, and the first flow takes its place (UI-FL-05)', async (t) => {
  const { screen, port, caFile } = await openApp(t, { columns: 140 });
  const empty = await screen.sees('No traffic yet');
  assert.match(empty, new RegExp(`listening on http://127.0.0.1:${port}`));
  assert.ok(empty.includes(caFile), 'the CA file is named');
  assert.match(empty, new RegExp(`export https_proxy=http://127.0.0.1:${port}`));
  const origin = await startOrigin(t, answering(response('{"a":1}', 'Content-Type: application/json\r\n')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/first?x=1`);
  const shown = await screen.sees(/\/first\?x=1 +200/);
  assert.match(shown, />> \d\d:\d\d:\d\d HTTP {2}GET .*127\.0\.0\.1:\d+ \/first\?x=1 +200 +json +7b +\d+ms/);
  assert.match(shown, /1 flow/);
  assert.doesNotMatch(shown, /No traffic yet/);
});

test('UI-COL-04 the method column is wide enough for DELETE; UI-COL-01 the focused row is marked and inverse', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, answering(response('')));
  const { Client } = await import('../support/client.js');
  const client = await Client.connect(port);
  client.send(`DELETE http://127.0.0.1:${origin.port}/item HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('200 OK');
  await screen.sees(/HTTP {2}DELETE .*\/item +200 +no content/);
  assert.equal(screen.cell(0, 1).text, '>');
  assert.ok(screen.cell(40, 1).isInverse);
});

test('UI-FL-01 narrow terminals show two lines a flow, wide ones a table; a resize changes over', async (t) => {
  const { screen, port } = await openApp(t, { columns: 80, rows: 24 });
  const origin = await startOrigin(t, answering(response('hi')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/narrow`);
  await screen.sees(/>> GET {5}http:\/\/127\.0\.0\.1:\d+\/narrow/);
  await screen.sees(/← 200 .*plain .*2b/);
  screen.resize(140, 24);
  await screen.sees(/HTTP {2}GET .*\/narrow +200/);
  for (const [columns, rows] of [
    [1, 1],
    [2, 1],
    [5, 3],
    [300, 80],
  ] as const)
    screen.resize(columns, rows);
  screen.resize(120, 30);
  await screen.sees(/HTTP {2}GET .*\/narrow +200/);
  assert.equal(screen.lines().length, 30);
});

test('UI-FL-04 following moves the focus to each new flow; without it the focus stays', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, answering(response('x')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/one`);
  await screen.sees('/one');
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/two`);
  await screen.sees(/>> .*\/one[\s\S]* {3}\d.*\/two/);
  screen.press('F');
  await screen.sees(/>> .*\/two/);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/three`);
  await screen.sees(/>> .*\/three/);
  await screen.sees('following');
});

test('wide characters, emoji and combining marks in a path keep the columns aligned', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(
    t,
    answering(response('日本語 👍 e\u0301x\n', 'Content-Type: text/plain; charset=utf-8\r\n')),
  );
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/plain`);
  await screen.sees('/plain');
  screen.press('\r', 'l');
  await screen.sees('日本語 👍');
  const y = screen.lines().findIndex((line) => line.includes('日本語'));
  assert.deepEqual(screen.cell(1, y), { text: '日', width: 2, color: -1, isInverse: false });
  assert.equal(screen.cell(8, y).text, '👍');
  assert.equal(screen.cell(11, y).text, 'e');
  assert.equal(screen.cell(12, y).text, 'x');
});

test('NO_COLOR leaves every cell in the default colour', async (t) => {
  const { screen, port } = await openApp(t, { env: { NO_COLOR: '1' } });
  const origin = await startOrigin(t, answering(response('x')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/grey`);
  await screen.sees('/grey');
  for (let y = 0; y < 30; y += 1) for (let x = 0; x < 120; x += 1) assert.equal(screen.cell(x, y).color, -1);
});

test('UI-08 q on the list asks before it quits, and only yes quits; Q quits at once', async (t) => {
  const { screen, console } = await openApp(t);
  await screen.sees('No traffic yet');
  screen.press('q');
  await screen.sees('Quit (yes,no)?');
  screen.press('n');
  await screen.losesSight('Quit (yes,no)?');
  screen.press('\x03');
  await screen.sees('Quit (yes,no)?');
  screen.press('y');
  assert.equal(await console.program.quit, null);
  console.restore();
  assert.equal(screen.isRawMode, false);
});

test('OPT-07 listening beyond loopback shows a lasting warning', async (t) => {
  const { screen } = await openApp(t, { options: { listen_host: '0.0.0.0' } });
  await screen.sees('open to the network');
});
