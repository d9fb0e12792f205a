import assert from 'node:assert/strict';
import { test } from 'node:test';
import tls from 'node:tls';
import { openApp } from '../support/app.js';
import { Client, fetchThrough } from '../support/client.js';
import { startOrigin } from '../support/origin.js';

test('GAP-02 TST-10 X during a body cuts both connections at once; the row says killed and keeps what came', async (t) => {
  const { screen, port } = await openApp(t);
  let sending: NodeJS.Timeout | null = null;
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    sending = setInterval(() => visit.socket.write('x'.repeat(1000)), 5);
  });
  t.after(() => sending && clearInterval(sending));
  const client = await Client.connect(port);
  client.send(`GET http://127.0.0.1:${origin.port}/endless HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until(/x{3000}/);
  await screen.sees(/\/endless +200 {2}~/);
  const pressed = performance.now();
  screen.press('X');
  await client.until('close');
  t.diagnostic(`the client was cut off ${Math.round(performance.now() - pressed)} ms after the key`);
  await screen.sees(/\/endless +200 {2}✗.*cut .* of 95\.4m/);
  screen.press('\r');
  await screen.sees('✗ Connection killed.');
  screen.press('l');
  await screen.sees(/partial: [\d,]+ of 100,000,000 bytes, killed/);
});

test('GAP-03 STE-01 a server that hangs up in the body leaves status and error, and n of m bytes', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, (visit) => {
    visit.socket.end(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n${'y'.repeat(60_000)}`,
    );
  });
  const answer = await fetchThrough(port, `http://127.0.0.1:${origin.port}/cut`);
  assert.equal(answer.match(/y{2,}/)?.[0].length, 60_000);
  await screen.sees(/\/cut +200 {2}✗ +cut 58\.6k of 97\.7k/);
  screen.press('\r');
  await screen.sees('✗ the server closed the connection: 60000 of 100000 bytes of the body came');
  screen.press('l');
  await screen.sees('partial: 60,000 of 100,000 bytes, cut off');
  await screen.sees('yyyyyyyyyy');
});

test('TL-10 TL-11 GAP-22 a client that refuses our certificate is a row; p passes its host through for this session', async (t) => {
  const { screen, port } = await openApp(t, { columns: 140 });
  const origin = await startOrigin(t, (visit) => visit.socket.end('this is no TLS'));
  const connect = async (): Promise<Client> => {
    const client = await Client.connect(port);
    client.send(`CONNECT localhost:${origin.port} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await client.until('200 Connection established');
    return client;
  };
  const first = await connect();
  const refusing = tls.connect({ socket: first.socket, servername: 'localhost', ca: [] });
  await new Promise((done) => refusing.once('error', done));
  await screen.sees(/TLS +localhost:\d+ client (probably )?does not trust the sluice CA/);
  await screen.sees('p pass this host through');
  screen.press('p');
  await screen.sees(/localhost:\d+ is passed through untouched/);
  await screen.sees('[Ignore:1]');
  const second = await connect();
  second.send('these bytes are nobody’s business\r\n');
  await screen.sees(/TCP +localhost:\d+ ignore_hosts matches/);
});

test('H1-02 H1-04 a malformed request is answered 400 with the reason, and is a row with its head as it came', async (t) => {
  const { screen, port } = await openApp(t);
  const client = await Client.connect(port);
  client.send('GET http://127.0.0.1:1/odd HTTP/1.1\r\nHost: x\r\nBad Name: \x1b[31m\r\n\r\n');
  const answer = await client.until('close');
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(answer, /not a header line/);
  await screen.sees(/err +✗/);
  screen.press('\r');
  await screen.sees(/✗ not a header line/);
  await screen.sees('Bad Name: \\x1b[31m');
});

test('H1-12 reliability 18: a malformed response is answered 502, and is a row', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, (visit) =>
    visit.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'),
  );
  const answer = await fetchThrough(port, `http://127.0.0.1:${origin.port}/twice`);
  assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
  const [head = '', page = ''] = answer.split('\r\n\r\n');
  for (const field of ['Server: sluice', 'Connection: close', 'Content-Type: text/html; charset=utf-8'])
    assert.ok(head.split('\r\n').includes(field), `${field} in ${head}`);
  assert.match(page, /502 Bad Gateway[\s\S]*repeated Content-Length/);
  await screen.sees(/\/twice +err +✗/);
  screen.press('\r');
  await screen.sees('✗ repeated Content-Length');
});

test('ORD-07 refused, unknown and looping destinations are rows with their reasons', async (t) => {
  const { screen, port } = await openApp(t, { columns: 200 });
  assert.match(await fetchThrough(port, 'http://127.0.0.1:1/refused'), /^HTTP\/1\.1 502 /);
  assert.match(await fetchThrough(port, 'http://no-such-host.invalid/dns'), /^HTTP\/1\.1 502 /);
  assert.match(await fetchThrough(port, `http://127.1:${port}/loop`), /^HTTP\/1\.1 508 /);
  await screen.sees(/\/refused +err +✗/);
  await screen.sees(/\/dns +err +✗/);
  await screen.sees(/\/loop +err +✗/);
  screen.press('G', '\r');
  await screen.sees('is sluice itself: the request would go round in a circle');
});

test('a server that stays silent ends as a row with the time-out, and the client gets 504', async (t) => {
  const { screen, port } = await openApp(t, { options: { idle_timeout: 1 } });
  const origin = await startOrigin(t, () => {});
  assert.match(await fetchThrough(port, `http://127.0.0.1:${origin.port}/silent`), /^HTTP\/1\.1 504 /);
  await screen.sees(/\/silent +err +✗/);
});

test('ON-01 http://sluice.test/ and http://mitm.it/ hand out the certificate through the proxy', async (t) => {
  const { screen, port } = await openApp(t);
  const forms = [
    ['pem', 'application/x-x509-ca-cert', '-----BEGIN CERTIFICATE-----'],
    ['cer', 'application/x-x509-ca-cert', '0'],
    ['p12', 'application/x-pkcs12', '0'],
  ] as const;
  for (const host of ['sluice.test', 'mitm.it']) {
    const page = await fetchThrough(port, `http://${host}/`);
    for (const where of ['<h1>sluice</h1>', 'Windows', 'Linux', 'macOS', 'iOS', 'Android', 'Firefox'])
      assert.ok(page.includes(where), where);
    for (const [form, type, start] of forms) {
      const answer = await fetchThrough(port, `http://${host}/cert/${form}`);
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      assert.ok(head.includes(`\r\nContent-Type: ${type}\r\n`), head);
      assert.ok(head.includes(`filename="sluice-ca.${form}"`), head);
      assert.ok(body.startsWith(start), form);
    }
  }
  await screen.sees(/sluice\.test \/cert\/pem +200/);
});

test('a client that hangs up while its flow is held is told of, in a notice and in Detail', async (t) => {
  const { screen, port } = await openApp(t, { options: { intercept: '~m GET', intercept_active: true } });
  const client = await Client.connect(port);
  client.send('GET http://127.0.0.1:9/held HTTP/1.1\r\nHost: x\r\n\r\n');
  await screen.sees('/held');
  client.socket.end();
  await screen.sees('GET 127.0.0.1: the client closed its half of the connection while the flow was held');
  screen.press('\r', 'l', 'l');
  await screen.sees(/Notes\n +the client closed its half/);
});

test('a configuration folder that cannot be made ends the start with a sentence', async (t) => {
  const confdir = '/proc/sluice-there-is-no-such-folder';
  await assert.rejects(openApp(t, { options: { confdir } }), {
    message: new RegExp(`the folder ${confdir} cannot be used: ENOENT`),
  });
});

test('a filter with blanks may be set without quotes; esc on the list does not ask to quit', async (t) => {
  const { screen } = await openApp(t);
  await screen.sees('No traffic yet');
  screen.press('\x1b');
  screen.press(':', ...'set intercept ~m POST & ~u /x', '\r');
  await screen.sees('[i:ntercept ~m POST & ~u /x]');
  screen.press('q');
  await screen.sees('Quit');
});
