import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';
import { adapted, assertQuiet, example, headOf, line, linesOf } from './copies.js';

async function stop(proxy: RunningProxy): Promise<void> {
  proxy.say({ type: 'stop' });
  await proxy.event('stopped');
}

test('S0-04 S2-04 examples/add-header.ts adds a header to every response before it is returned', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('add-header.ts')] });
  const origin = await startOrigin(t, answering(response('x')));
  for (const number of [1, 2]) {
    const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
    assert.match(headOf(answer), new RegExp(`\r\nX-Sluice: flow ${number}\r\n`));
  }
  assertQuiet(proxy);
});

test('S2-04 the one line that examples/add-header.ts names for -e works', async (t) => {
  const source = fs.readFileSync(example('add-header.ts'), 'utf8');
  const [, text = ''] = /sluice -e '([^\n]+)'\n/.exec(source) ?? [];
  const proxy = await startProxy(t, { eval: text });
  const origin = await startOrigin(t, answering(response('x')));
  const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  assert.match(headOf(answer), /\r\nX-Sluice: seen\r\n/);
  assertQuiet(proxy);
});

test('S3-11 examples/boot-class.ts boots into an instance that gets the later events, done among them', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('boot-class.ts')] });
  const origin = await startOrigin(t, (visit) => {
    const status = visit.received.includes('/none') ? '404 Not Found' : '200 OK';
    visit.socket.end(response('x', '', status));
  });
  for (const at of ['/', '/none', '/']) await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${at}`);
  await stop(proxy);
  assert.deepEqual(linesOf(proxy, 'boot-class.ts'), [
    'info status 200: 1 so far',
    'info status 404: 1 so far',
    'info status 200: 2 so far',
    'info status 200: 2 in all',
    'info status 404: 1 in all',
  ]);
  assertQuiet(proxy);
});

test('S3-12 examples/count-hosts.ts prints the requests for each host from its tick', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('count-hosts.ts')] });
  const origin = await startOrigin(t, answering(response('x')));
  for (const host of ['127.0.0.1', 'localhost', 'localhost', 'localhost'])
    await fetchThrough(proxy.port, `http://${host}:${origin.port}/`);
  await line(proxy, 'count-hosts.ts', /^info localhost 3, 127\.0\.0\.1 1$/);
  assertQuiet(proxy);
});

test('DMR-08 DMR-09 examples/list-cookies.mjs lists what a live client sends and what the server sets', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('list-cookies.mjs')] });
  const origin = await startOrigin(
    t,
    answering(response('x', 'Set-Cookie: id=3; Path=/; Secure\r\nSet-Cookie: lang=en\r\n')),
  );
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`, 'Cookie: a=1; b=2\r\n');
  await stop(proxy);
  assert.deepEqual(linesOf(proxy, 'list-cookies.mjs'), [
    'info 127.0.0.1 sends a=1',
    'info 127.0.0.1 sends b=2',
    'info 127.0.0.1 sets id=3',
    'info 127.0.0.1 sets lang=en',
    'info 2 cookies set',
  ]);
});

test('S2-20 S2-21 examples/redact-json.mjs runs once on a finished flow, and the flow can be reverted', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, answering(response('{"user":"a","token":"t"}')));
  const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  assert.match(answer, /"token":"t"/);
  const row = await proxy.row((one) => one.duration >= 0);
  proxy.say({ type: 'run-script', flows: [row], path: example('redact-json.mjs') });
  const { report } = await proxy.event('script-finished');
  assert.deepEqual(report.failures, []);
  const changed = await proxy.row((one) => one.changed);
  const { response: after } = await proxy.read(row.id);
  assert.ok(after?.type === 'bytes');
  assert.equal(Buffer.from(after.bytes).toString(), '{"user":"a","token":"(redacted)"}');
  proxy.say({ type: 'revert', flows: [changed] });
  await proxy.row((one) => !one.changed);
  const { response: before } = await proxy.read(row.id);
  assert.ok(before?.type === 'bytes');
  assert.equal(Buffer.from(before.bytes).toString(), '{"user":"a","token":"t"}');
});

test('examples/log-slow.ts warns of a slow response, says which part was slow, and is silent about the others', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('log-slow.ts')] });
  const origin = await startOrigin(t, (visit) => {
    const [, at = ''] = /^GET (\S+)/.exec(visit.received) ?? [];
    visit.received = '';
    if (at === '/fast') return void visit.socket.end(response('x'));
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
    setTimeout(() => visit.socket.end('cd'), 1100); // the slow server itself
  });
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/fast`);
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/slow`);
  await line(proxy, 'log-slow.ts', /^warn slow: http:\/\/127\.0\.0\.1:\d+\/slow 0\.\d{3} s, body 1\.\d{3} s$/);
  assert.equal(linesOf(proxy, 'log-slow.ts').length, 1);
});

test('examples/mark-interesting.ts marks flows and says why in their comment', async (t) => {
  const folder = temporaryFolder(t);
  const reader = path.join(folder, 'reader.mjs');
  fs.writeFileSync(reader, 'export function response(flow) { console.log(flow.request.path, flow.comment); }');
  const proxy = await startProxy(t, { scripts: [example('mark-interesting.ts'), reader] });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.end(response('x', '', visit.received.includes('/bad') ? '502 Bad Gateway' : '200 OK'));
  });
  const url = `http://127.0.0.1:${origin.port}`;
  await fetchThrough(proxy.port, `${url}/bad?token=1`, 'Authorization: Basic eA==\r\n');
  await fetchThrough(proxy.port, `${url}/good`);
  await line(proxy, 'reader.mjs', /\/good $/);
  await line(proxy, 'reader.mjs', /\/bad\?token=1 status 502; a token in the URL; a password without TLS$/);
  await proxy.until(() => proxy.list().filter(({ duration }) => duration >= 0).length === 2, 'both are done');
  assert.deepEqual(
    proxy.list().map(({ path, marked }) => [path, marked]),
    [
      ['/bad?token=1', true],
      ['/good', false],
    ],
  );
  assertQuiet(proxy);
});

test('S3-04 S3-06 EVT-02 examples/guard-options.ts rolls one option back and hears of others', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('guard-options.ts')] });
  await line(proxy, 'guard-options.ts', /^info held from now on: nothing$/);
  proxy.say({ type: 'set-option', name: 'ssl_insecure', value: true });
  const refused = await proxy.event('refused');
  assert.match(refused.reason, /ssl_insecure stays as it was: the certificates of servers stay verified here/);
  const values = proxy.events.flatMap((event) => (event.type === 'option-changed' ? [event.value] : []));
  assert.deepEqual(values, [true, false]);
  proxy.say({ type: 'set-option', name: 'intercept', value: '~m PUT' });
  await line(proxy, 'guard-options.ts', /^info held from now on: ~m PUT$/);
});

test('EVT-02 examples/guard-options.ts leaves another option alone that was set just before', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('add-header.ts'), example('guard-options.ts')] });
  proxy.say({ type: 'set-option', name: 'idle_timeout', value: 77 });
  proxy.say({ type: 'set-option', name: 'ssl_insecure', value: true });
  const last = (name: string) =>
    proxy.events.findLast((event) => event.type === 'option-changed' && event.name === name);
  await proxy.until(() => {
    const changed = last('ssl_insecure');
    return changed?.type === 'option-changed' && changed.value === false;
  }, 'ssl_insecure is rolled back');
  const kept = last('idle_timeout');
  assert.ok(kept?.type === 'option-changed');
  assert.equal(kept.value, 77);
});

test('CTX-01 OPT-01 examples/set-options.mjs sets options when the proxy is up, and flows are held from then on', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('set-options.mjs')] });
  const set = (name: string) =>
    proxy.until(
      () => proxy.events.find((event) => event.type === 'option-changed' && event.name === name),
      `${name} is set`,
    );
  assert.deepEqual(await set('stream_large_bodies'), {
    type: 'option-changed',
    name: 'stream_large_bodies',
    value: 3 * 1024 * 1024,
  });
  await set('intercept');
  await set('intercept_active');
  const origin = await startOrigin(t, answering(response('x')));
  const client = await Client.connect(proxy.port);
  client.send(`PUT http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  const held = await proxy.row((row) => row.held === 'request');
  proxy.say({ type: 'resume', flows: [held] });
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  assertQuiet(proxy);
});

test('S3-07 S2-17 examples/save-json.ts saves JSON bodies, and done waits until they are written', async (t) => {
  const folder = path.join(temporaryFolder(t), 'deep', 'json');
  const slowDisk = 'await new Promise((ready) => setTimeout(ready, 300)); await mkdir(';
  const file = adapted(t, 'save-json.ts', { "'saved-json'": JSON.stringify(folder), 'await mkdir(': slowDisk });
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startOrigin(t, (visit) => {
    const isJson = visit.received.includes('.json');
    visit.socket.end(
      response(isJson ? '{"a":1}' : 'no', `Content-Type: ${isJson ? 'application/json' : 'text/plain'}\r\n`),
    );
  });
  for (const at of ['/a.json', '/page', '/b/c.json?x=/../1'])
    await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${at}`);
  await stop(proxy);
  const names = fs.readdirSync(folder).sort();
  assert.deepEqual(names, ['0001_127.0.0.1_a.json.json', '0002_127.0.0.1_b_c.json_x_.._1.json']);
  for (const name of names) assert.equal(fs.readFileSync(path.join(folder, name), 'utf8'), '{"a":1}');
  assert.deepEqual(linesOf(proxy, 'save-json.ts'), [`info 2 saved to ${folder}`]);
  assertQuiet(proxy);
});
