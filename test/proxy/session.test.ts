import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Client } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy } from '../support/proxy.js';

test('H1-13 header order, case and duplicates reach the server and the client unchanged; hop-by-hop fields stay here', async (t) => {
  const proxy = await startProxy(t);
  let asked = '';
  const origin = await startOrigin(t, (visit) => {
    asked = visit.received;
    visit.socket.write(
      'HTTP/1.1 200 Fine\r\nSeT-cOOkie: a=1\r\nX-One: 1\r\nset-cookie: b=2\r\nConnection: X-Hop\r\nX-Hop: gone\r\nContent-Length: 0\r\n\r\n',
    );
  });
  const client = await Client.connect(proxy.port);
  client.send(
    `GET http://127.0.0.1:${origin.port}/h?a=%20b HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nx-B: 2\r\nX-a: 1\r\nX-B: 3\r\nProxy-Authorization: Basic eA==\r\nProxy-Connection: keep-alive\r\n\r\n`,
  );
  await client.until('Content-Length: 0\r\n\r\n');
  assert.equal(asked, `GET /h?a=%20b HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nx-B: 2\r\nX-a: 1\r\nX-B: 3\r\n\r\n`);
  assert.equal(
    client.received,
    'HTTP/1.1 200 Fine\r\nSeT-cOOkie: a=1\r\nX-One: 1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n',
  );
  const row = await proxy.row((one) => one.status === 200);
  const { flow } = await proxy.read(row.id);
  assert.ok(flow.kind === 'http');
  assert.ok(
    flow.request.head.fields.some(([name]) => name === 'Proxy-Authorization'),
    'shown, though not forwarded',
  );
});

test('H1-07 fifty pipelined requests are answered in order, over one reused connection (H1-06)', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    const [, path = ''] = /^GET (\S+)/.exec(visit.received) ?? [];
    visit.received = '';
    visit.socket.write(response(`[${path}]`));
  });
  const client = await Client.connect(proxy.port);
  const paths = Array.from({ length: 50 }, (_, n) => `/${n}`);
  client.send(paths.map((path) => `GET http://127.0.0.1:${origin.port}${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  await client.until('[/49]');
  assert.deepEqual(
    client.received.match(/\[\/\d+\]/g),
    paths.map((path) => `[${path}]`),
  );
  assert.equal(origin.visits.length, 1);
});

test('reliability 20: nothing after a rejected request is served', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, answering(response('ok')));
  const client = await Client.connect(proxy.port);
  const good = `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
  client.send(`${good}GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost : x\r\n\r\n${good}`);
  const answer = await client.until('close');
  assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 400']);
});

test('reliability 22: bytes behind a response never become the next answer', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    const isFirst = origin.visits.length === 1;
    visit.socket.write(isFirst ? `${response('one')}${response('poison')}` : response('two'));
  });
  const client = await Client.connect(proxy.port);
  const ask = `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
  client.send(ask + ask);
  await client.until('two');
  assert.doesNotMatch(client.received, /poison/);
});

test('a reused connection that the server has just closed is replaced once, for a request that cannot do harm', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.includes('/second') && origin.visits.length === 1) visit.socket.destroy();
    else visit.socket.write(response(visit.received.includes('/second') ? 'second' : 'first'));
    visit.received = '';
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/first HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('first');
  client.send(`GET http://127.0.0.1:${origin.port}/second HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('second');
  assert.equal(origin.visits.length, 2);
  client.send(`POST http://127.0.0.1:${origin.port}/first HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  await client.until(/second[\s\S]*first/);
});

test('Expect: 100-continue is relayed with the origin’s own answer before the body is sent', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('\r\n\r\n')) visit.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (visit.received.endsWith('12345')) visit.socket.write(response('thanks'));
  });
  const client = await Client.connect(proxy.port);
  client.send(
    `PUT http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
  );
  await client.until('100 Continue');
  client.send('12345');
  await client.until('thanks');
  assert.match(origin.visits[0]?.received ?? '', /Expect: 100-continue/);
});

test('a client that closes its half after the request still gets its answer', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    setImmediate(() => visit.socket.write(response('late')));
  });
  const client = await Client.connect(proxy.port);
  client.socket.end(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(await client.until('close'), /late$/);
});

test('reliability 26: a request the client did not finish never becomes complete at the server', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, () => {});
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/half HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345`);
  await proxy.until(() => origin.visits[0]?.received.endsWith('12345'), 'the first half at the origin');
  client.socket.destroy();
  const row = await proxy.row((one) => one.failed);
  assert.match(row.error, /the client closed the connection/);
  await proxy.until(() => origin.visits[0]?.isClosed, 'the origin let go');
  assert.ok(origin.visits[0]?.received.endsWith('12345'));
});

test('H1-11 an Upgrade the server accepts becomes a tunnel both ways, with what came in the same piece', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit, piece) => {
    if (visit.received.endsWith('\r\n\r\n'))
      visit.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello');
    else visit.socket.write(`<${piece.toString()}>`);
  });
  const client = await Client.connect(proxy.port);
  client.send(
    `GET http://127.0.0.1:${origin.port}/up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`,
  );
  await client.until('hello');
  client.send('ping');
  await client.until('<ping>');
  assert.match(
    client.received,
    /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello/,
  );
  assert.match(origin.visits[0]?.received ?? '', /Connection: Upgrade\r\nUpgrade: echo\r\n\r\nping/);
  client.socket.end();
  await proxy.row((one) => one.status === 101 && one.duration >= 0);
});

test('an HTTP/1.0 client gets a chunked answer as plain bytes up to the end of the connection', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(
    t,
    answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'),
  );
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/old HTTP/1.0\r\nHost: x\r\n\r\n`);
  assert.match(await client.until('close'), /^HTTP\/1\.1 200 OK\r\nConnection: close\r\n\r\nabcdef$/);
});

test('back-pressure: a client that does not read stops the server, and gets every byte when it does', async (t) => {
  const proxy = await startProxy(t, { stream_large_bodies: 1000 });
  const size = 64 * 1024 * 1024;
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    visit.socket.end(Buffer.alloc(size, 98));
  });
  const client = await Client.connect(proxy.port);
  client.socket.pause();
  client.send(`GET http://127.0.0.1:${origin.port}/big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const row = await proxy.row((one) => one.size > 0);
  const before = process.memoryUsage().rss;
  await proxy.until(() => origin.visits[0]?.socket.writableLength, 'the origin has to wait');
  assert.ok((proxy.rows.get(row.id)?.size ?? 0) < size / 2, 'most of it is still at the origin');
  client.socket.resume();
  const answer = await client.until('close');
  assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, size);
  t.diagnostic(
    `memory moved by ${Math.round((process.memoryUsage().rss - before) / 1024 / 1024)} MB, most of it the test's own copy`,
  );
});

test('validate_inbound_headers=false lets through what can be framed without doubt, and closes both sides', async (t) => {
  const proxy = await startProxy(t, { validate_inbound_headers: false });
  const origin = await startOrigin(t, answering('HTTP/1.1 200 OK\nContent-Length: 2\n\nok'));
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\nHost: x\n\n`);
  assert.match(await client.until('close'), /^HTTP\/1\.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok$/);
});

test('CMD-25 a body in a file is there for a copy when the flow is gone, and is readable by its owner alone', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, answering(response('b'.repeat(300_000))));
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/big HTTP/1.1\r\nHost: x\r\n\r\n`);
  const row = await proxy.row((one) => one.duration >= 0);
  const { response: data } = await proxy.read(row.id);
  assert.ok(data?.type === 'extent');
  const { file } = data.extent;
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.equal(fs.statSync(path.dirname(file)).mode & 0o777, 0o700);
  proxy.say({ type: 'duplicate', flows: [row] });
  const copy = await proxy.row((one) => one.id !== row.id);
  proxy.say({ type: 'remove', flows: [row] });
  await proxy.until(() => !proxy.rows.has(row.id), 'the first flow is gone');
  assert.ok(fs.existsSync(file), 'the copy still needs it');
  const { response: copied } = await proxy.read(copy.id);
  assert.deepEqual(copied, data);
});

test('reliability 27: a client that leaves while its response stands still lets go of the server', async (t) => {
  const proxy = await startProxy(t, { half_close_timeout: 1 });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: only one\n\n');
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('only one');
  client.socket.end();
  const row = await proxy.row((one) => one.failed);
  assert.match(row.error, /the client closed the connection/);
  await proxy.until(() => origin.visits[0]?.isClosed, 'the origin let go');
});

test('AD-05 a held response outlives its server’s connection and reaches the client when it is released', async (t) => {
  const proxy = await startProxy(t, { intercept: '~s', intercept_active: true });
  const origin = await startOrigin(t, (visit) => void visit.socket.end(response('held answer')));
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/held HTTP/1.1\r\nHost: x\r\n\r\n`);
  const row = await proxy.row((one) => one.held === 'response');
  await proxy.until(() => origin.visits[0]?.isClosed, 'the origin has closed');
  proxy.say({ type: 'resume', flows: [row] });
  assert.match(await client.until('held answer'), /^HTTP\/1\.1 200 OK/);
});
