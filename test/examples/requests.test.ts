import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy } from '../support/proxy.js';
import { adapted, assertQuiet, bodyOf, example, headOf } from './copies.js';

test('S2-01 examples/redirect-requests.ts sends the requests for one host to another', async (t) => {
  const asked: string[] = [];
  const origin = await startOrigin(t, (visit) => {
    asked.push(visit.received);
    visit.socket.end(response('here'));
  });
  const file = adapted(t, 'redirect-requests.ts', { 'port: 3000': `port: ${origin.port}` });
  const proxy = await startProxy(t, { scripts: [file] });
  const answer = await fetchThrough(proxy.port, 'http://api.example.com/v1?q=1');
  assert.equal(bodyOf(answer), 'here');
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/direct`);
  assert.equal(asked.length, 2);
  assert.match(asked[0] ?? '', /^GET \/v1\?q=1 HTTP\/1\.1\r\n/);
  assert.match(asked[0] ?? '', new RegExp(`\r\nHost: 127\\.0\\.0\\.1:${origin.port}\r\n`));
  assert.match(asked[0] ?? '', /\r\nX-Original-URL: http:\/\/api\.example\.com\/v1\?q=1\r\n/);
  assert.doesNotMatch(asked[1] ?? '', /X-Original-URL/);
  assertQuiet(proxy);
});

test('EVT-20 examples/answer-locally.ts answers without a server, and lets the others go to theirs', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('answer-locally.ts')] });
  const origin = await startOrigin(t, answering(response('from the server')));
  const answer = await fetchThrough(proxy.port, 'http://api.example.com/v1/user');
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(headOf(answer), /\r\ncontent-type: application\/json\r\n/i);
  assert.deepEqual(JSON.parse(bodyOf(answer)), { id: 1, name: 'Ada' });
  const row = await proxy.row((one) => one.host === 'api.example.com' && one.duration >= 0);
  assert.equal((await proxy.read(row.id)).flow.server, null);
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/v1/user`), /from the server$/);
  assertQuiet(proxy);
});

test('CTX-09 examples/serve-page.ts serves a page of counts; other pages of that host are not there', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('serve-page.ts')] });
  const origin = await startOrigin(t, answering(response('from the server')));
  for (const path of ['/a', '/b']) await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${path}`);
  const page = await fetchThrough(proxy.port, 'http://sluice.test/');
  assert.match(headOf(page), /^HTTP\/1\.1 200 OK\r\n[\s\S]*content-type: text\/plain\r\n/i);
  assert.equal(bodyOf(page), '2 127.0.0.1\n');
  assert.match(await fetchThrough(proxy.port, 'http://sluice.test/other'), /^HTTP\/1\.1 404 /);
  assertQuiet(proxy);
});

test('EVT-19 examples/kill-trackers.mjs cuts the client off without an answer, and no server hears of it', async (t) => {
  const origin = await startOrigin(t, answering(response('page')));
  const file = adapted(t, 'kill-trackers.mjs', { "'tracker.example'": "'localhost'" });
  const proxy = await startProxy(t, { scripts: [file] });
  assert.equal(await fetchThrough(proxy.port, `http://localhost:${origin.port}/`), '');
  assert.equal(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/pixel.gif?x`), '');
  assert.equal(origin.visits.length, 0);
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/pixels`), /page$/);
  const rows = await proxy.until(() => proxy.list().length === 3 && proxy.list(), 'three rows');
  assert.deepEqual(
    rows.map(({ failed, error }) => [failed, error]),
    [
      [true, 'Connection killed.'],
      [true, 'Connection killed.'],
      [false, ''],
    ],
  );
});

test('DMR-07 S4-37 examples/rewrite-query.ts changes one parameter, drops others, and leaves other queries as they were', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('rewrite-query.ts')] });
  const asked: string[] = [];
  const origin = await startOrigin(t, (visit) => {
    asked.push(visit.received.split(' ')[1] ?? '');
    visit.socket.end(response('x'));
  });
  for (const path of ['/a?lang=de&utm_source=x&q=a%20b&gclid=2&utm_x=3', '/b?x=%20y&&z', '/c?fbclid=1', '/d'])
    await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${path}`);
  assert.deepEqual(asked, ['/a?lang=en&q=a+b', '/b?x=%20y&&z', '/c', '/d']);
  assertQuiet(proxy);
});

test('DMR-10 examples/change-form.ts changes one field of a form, its length with it', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('change-form.ts')] });
  const asked: string[] = [];
  const origin = await startOrigin(t, (visit) => {
    if (!/\r\n\r\n./.test(visit.received)) return;
    asked.push(visit.received);
    visit.received = '';
    visit.socket.write(response('done'));
  });
  const post = async (type: string, body: string): Promise<void> => {
    const client = await Client.connect(proxy.port);
    const fields = `Host: x\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n`;
    client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\n${fields}\r\n${body}`);
    await client.until(/done$/);
  };
  await post('application/x-www-form-urlencoded', 'name=a%20b&email=a%40b.c&flag');
  await post('text/plain', 'email=a%40b.c');
  const changed = 'name=a+b&email=test%2Bform%40example.com&flag';
  assert.ok(asked[0]?.endsWith(`\r\n\r\n${changed}`), asked[0]);
  assert.match(asked[0] ?? '', new RegExp(`\r\nContent-Length: ${changed.length}\r\n`));
  assert.ok(asked[1]?.endsWith('\r\n\r\nemail=a%40b.c'), asked[1]);
  assertQuiet(proxy);
});

test('examples/fake-status.mjs answers every tenth request with 503', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('fake-status.mjs')] });
  const origin = await startOrigin(t, answering(response('ok\n')));
  const client = await Client.connect(proxy.port);
  const ask = `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
  client.send(ask.repeat(21));
  const answer = await client.until(/^(?:HTTP[\s\S]*?\r\n\r\n(?:ok|try again)\n){21}$/);
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  assert.deepEqual(
    statuses,
    Array.from({ length: 21 }, (_, at) => ((at + 1) % 10 === 0 ? 503 : 200)),
  );
  assert.match(answer, /503 Service Unavailable\r\n(?:[^\r]+\r\n)*Retry-After: 1\r\n/);
  assertQuiet(proxy);
});

test('examples/add-cors.mjs answers a preflight by itself and lets the page read the answer', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('add-cors.mjs')] });
  const asked: string[] = [];
  const origin = await startOrigin(t, (visit) => {
    asked.push(visit.received);
    visit.received = '';
    visit.socket.write(response('data', 'Access-Control-Allow-Origin: https://old.example\r\n'));
  });
  const url = `http://127.0.0.1:${origin.port}/`;
  const client = await Client.connect(proxy.port);
  client.send(
    `OPTIONS ${url} HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-token\r\n\r\n`,
  );
  const preflight = await client.until('\r\n\r\n');
  assert.match(preflight, /^HTTP\/1\.1 204 No Content\r\n/);
  assert.match(preflight, /\r\nAccess-Control-Allow-Origin: https:\/\/app\.example\r\n/);
  assert.match(preflight, /\r\nAccess-Control-Allow-Methods: PUT\r\n/);
  assert.match(preflight, /\r\nAccess-Control-Allow-Headers: x-token\r\n/);
  assert.doesNotMatch(preflight, /Content-Length/i);
  assert.equal(asked.length, 0);
  const answer = await fetchThrough(proxy.port, url, 'Origin: https://app.example\r\n');
  assert.deepEqual(headOf(answer).match(/Access-Control-Allow-Origin: .*/g), [
    'Access-Control-Allow-Origin: https://app.example',
  ]);
  assert.equal(bodyOf(answer), 'data');
  assert.doesNotMatch(headOf(await fetchThrough(proxy.port, url)), /Allow-Credentials/);
  assertQuiet(proxy);
});

test('DM-17 AD-05 examples/hold-matching.ts holds a login before it is sent and a refusal before it arrives', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('hold-matching.ts')] });
  const origin = await startOrigin(t, answering(response('no', '', '401 Unauthorized')));
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/login HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  const login = await proxy.row((row) => row.held === 'request');
  assert.equal(origin.visits.length, 0);
  proxy.say({ type: 'resume', flows: [login] });
  const refusal = await proxy.row((row) => row.held === 'response');
  assert.equal(refusal.id, login.id);
  assert.equal(refusal.status, 401);
  assert.equal(client.received, '');
  proxy.say({ type: 'resume', flows: [refusal] });
  assert.match(await client.until(/no$/), /^HTTP\/1\.1 401 Unauthorized\r\n/);
  assertQuiet(proxy);
});
