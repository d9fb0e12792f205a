import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { openApp } from '../support/app.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';

test('UI-FV-02 UI-FV-04 a flow opens with its tabs; JSON is decoded and indented; Detail names who decided', async (t) => {
  const { screen, port } = await openApp(t);
  const body = zlib.gzipSync('{"page":2,"big":12345678901234567890,"items":[{"id":71},[]]}');
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  const origin = await startOrigin(t, answering(Buffer.concat([Buffer.from(head), body])));
  await fetchThrough(
    port,
    `http://127.0.0.1:${origin.port}/items?page=2`,
    'X-Odd: \xe9\x01'.slice(0, 8).concat('\r\n'),
  );
  await screen.sees('/items?page=2');
  screen.press('\r');
  await screen.sees('Request  Response  Detail');
  await screen.sees(/Host: +127\.0\.0\.1/);
  await screen.sees(/X-Odd: +\\xe9/);
  screen.press('\t');
  const shown = await screen.sees('"big": 12345678901234567890,');
  assert.match(shown, / {3}"items": \[\n {5}\{\n {7}"id": 71/);
  assert.match(shown, /JSON, decoded gzip/);
  screen.press('\t');
  const detail = await screen.sees('Response body');
  assert.match(detail, /carried +passed/);
  assert.match(detail, /decided by +the default/);
  assert.match(detail, /recorded +kept whole/);
  screen.press('\t');
  await screen.sees(/Host: +127\.0\.0\.1/);
  screen.press('q');
  await screen.sees(/>> .*\/items/);
});

test('UI-FV-14 a long body scrolls by line, by page, to its end and back', async (t) => {
  const { screen, port } = await openApp(t);
  const body = Array.from({ length: 5000 }, (_, n) => `line ${n}`).join('\n');
  const origin = await startOrigin(t, answering(response(body)));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/long`);
  await screen.sees('/long');
  screen.press('\r', 'l');
  await screen.sees('line 0\n');
  screen.press('G');
  await screen.sees('line 4999');
  screen.press('k');
  await screen.losesSight('line 4999');
  screen.press('g');
  await screen.sees('line 0\n');
  screen.press('\x06', '\x06');
  await screen.losesSight('line 0\n');
  screen.press('%', '5', '0', '%', '\r');
  await screen.sees(/line 25\d\d/);
});

test('UI-FV-05 space and p step through the flows without leaving the view', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, answering(response('x')));
  for (const name of ['one', 'two', 'three']) await fetchThrough(port, `http://127.0.0.1:${origin.port}/${name}`);
  await screen.sees('/three');
  screen.press('\r');
  await screen.sees(/GET http:.*\/one HTTP/);
  screen.press(' ');
  await screen.sees(/GET http:.*\/two HTTP/);
  screen.press(' ', ' ', ' ');
  await screen.sees(/GET http:.*\/three HTTP/);
  screen.press('p');
  await screen.sees(/GET http:.*\/two HTTP/);
});

test('GAP-20 trailers are shown, GAP-30 interim answers are no responses, H1-09 and both go on to the client', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(
    t,
    answering(
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 42\r\n\r\n',
    ),
  );
  const answer = await fetchThrough(port, `http://127.0.0.1:${origin.port}/chunks`);
  assert.match(answer, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 42\r\n\r\n$/);
  await screen.sees(/\/chunks +200/);
  screen.press('\r', 'l');
  await screen.sees(/X-Sum: +42/);
  await screen.sees('abcde');
  screen.press('l');
  await screen.sees(/chunks +2/);
  await screen.sees('interim 103 Early Hints');
});

test('UI-CB-03 help lists the keys of the screen and of everywhere, and filters', async (t) => {
  const { screen } = await openApp(t, { rows: 90 });
  await screen.sees('No traffic yet');
  screen.press('?');
  const help = await screen.sees('Flow list');
  assert.match(help, /r {2,}Send requests again/);
  assert.match(help, /Everywhere/);
  assert.match(help, /ctrl w, ctrl u, ctrl k/);
  assert.match(help, /~u REX/);
  screen.press('?');
  await screen.sees('No traffic yet');
});

test('UI-EV-01 the event log tells what happened, and clears on request', async (t) => {
  const { screen, port } = await openApp(t);
  const client = await Client.connect(port);
  client.send('CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n');
  await client.until('200 Connection established');
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until('502');
  await screen.sees(/err +✗/);
  screen.press(':', ...'set nonsense 1', '\r');
  await screen.sees('There is no option "nonsense".');
  screen.press('|');
  await screen.sees(': script.run @focus');
  screen.press(...'/nowhere/at/all.ts', '\r');
  await screen.sees('No such script: /nowhere/at/all.ts');
  screen.press('E');
  await screen.sees(' Events');
  screen.press('z');
  await screen.sees('Clear event log (yes,no)?');
  screen.press('y', 'q');
  await screen.sees(/>> /);
});
