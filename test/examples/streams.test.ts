import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { assertQuiet, bodyOf, example, headOf } from './copies.js';

/** How a flow's response went, as far as a user can tell. */
async function howItWent(proxy: RunningProxy) {
  const { id, status, body, carried, size } = await proxy.row((row) => row.duration >= 0);
  const { flow, response: contents } = await proxy.read(id);
  assert.ok(flow.kind === 'http' && flow.phase === 'done');
  return { status, body, carried, size, contents, left: flow.response.body.contents };
}

test('S0-15 S1-03 examples/stream.ts passes a response on before it is complete, and records nothing of it', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('stream.ts')] });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst');
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until(/\r\n\r\nfirst$/);
  origin.visits[0]?.socket.write('-last');
  await client.until(/\r\n\r\nfirst-last$/);
  const went = await howItWent(proxy);
  assert.deepEqual(went, {
    status: 200,
    body: 'missing',
    carried: 'streamed',
    size: 10,
    contents: null,
    left: { type: 'missing', why: null },
  });
  assertQuiet(proxy);
});

test('S1-04 examples/stream.ts does the same as --stream 0', async (t) => {
  const scripted = await startProxy(t, { scripts: [example('stream.ts')] });
  const flagged = await startProxy(t, { stream_large_bodies: 0 });
  const origin = await startOrigin(t, answering(response('everything')));
  const url = `http://127.0.0.1:${origin.port}/`;
  assert.equal(await fetchThrough(scripted.port, url), await fetchThrough(flagged.port, url));
  const went = await howItWent(scripted);
  assert.deepEqual(went, await howItWent(flagged));
  assert.equal(went.carried, 'streamed');
});

test('S0-13 S1-02 examples/stream-by-type.ts streams media and downloads and records the rest', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('stream-by-type.ts')] });
  const origin = await startOrigin(t, (visit) => {
    const [, type = ''] = /^GET \/(\S+)/.exec(visit.received) ?? [];
    visit.received = '';
    visit.socket.write(response('body', `Content-Type: ${type}\r\n`));
  });
  const types = ['video/mp4', 'application/zip', 'text/html', 'application/json', 'application/octet-stream'];
  for (const type of types) await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/${type}`);
  await proxy.until(() => proxy.list().filter(({ duration }) => duration >= 0).length === types.length, 'all are done');
  assert.deepEqual(
    proxy.list().map(({ path, body }) => [path.slice(1), body]),
    types.map((type) => [type, /json|html/.test(type) ? 'kept' : 'missing']),
  );
  assertQuiet(proxy);
});

test('S0-22 S1-10 S1-12 examples/stream-modify.ts finds what two chunks cut in two, while the body still comes', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('stream-modify.ts')] });
  let asked = '';
  const origin = await startOrigin(t, (visit) => {
    asked = visit.received;
    visit.socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nc\r\nbegin [.]foo\r\n',
    );
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n`);
  await client.until(/begin \[\.\]/);
  assert.doesNotMatch(client.received, /foo/, 'what could be the beginning is held back');
  origin.visits[0]?.socket.write('8\r\n bar[.] \r\n9\r\nfoo foo b\r\n4\r\nar f\r\n0\r\n\r\n');
  const answer = await client.until('\r\n0\r\n\r\n');
  assert.equal(bodyOf(answer), 'begin [.]something else[.] foo something else f');
  assert.match(asked, /\r\nAccept-Encoding: identity\r\n/);
  assert.equal((await howItWent(proxy)).carried, 'streamed');
  assertQuiet(proxy);
});

test('S1-09 examples/stream-modify.ts changes the length of a body that is not chunked: it is chunked from there on', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('stream-modify.ts')] });
  const origin = await startOrigin(t, answering(response('a foo bar, a foo bar')));
  const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  assert.match(headOf(answer), /\r\nTransfer-Encoding: chunked\r\n/);
  assert.doesNotMatch(headOf(answer), /Content-Length/i);
  assert.equal(bodyOf(answer), 'a something else, a something else');
});

test('examples/stream-modify.ts leaves what is no text alone', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('stream-modify.ts')] });
  const origin = await startOrigin(t, answering(response('foo bar', 'Content-Type: image/png\r\n')));
  const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  assert.equal(bodyOf(answer), 'foo bar');
  assert.equal((await howItWent(proxy)).body, 'kept');
});

test('S0-21 S1-07 S1-11 examples/stream-modify-lines.ts wraps all chunks in a generator and puts cut lines together', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('stream-modify-lines.ts')] });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n');
    visit.socket.write('14\r\none a@b.c\ntwo d@exam\r\n');
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('one (address)\n');
  assert.doesNotMatch(client.received, /two/, 'a line goes on when it is whole');
  origin.visits[0]?.socket.write('e\r\nple.org three\n\r\n10\r\nfour x@y.example\r\n0\r\n\r\n');
  const answer = await client.until('\r\n0\r\n\r\n');
  assert.equal(bodyOf(answer), 'one (address)\ntwo (address) three\nfour (address)');
  assertQuiet(proxy);
});

test('S1-08 S0-03 examples/modify-response-body.ts changes a compressed body as a whole, its length with it', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('modify-response-body.ts')] });
  const packed = zlib.gzipSync('{"say":"foo food"}');
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n';
  const origin = await startOrigin(
    t,
    answering(Buffer.concat([Buffer.from(`${head}Content-Length: ${packed.length}\r\n\r\n`), packed])),
  );
  const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  const body = Buffer.from(bodyOf(answer), 'latin1');
  assert.equal(zlib.gunzipSync(body).toString(), '{"say":"bar bard"}');
  assert.match(headOf(answer), new RegExp(`\r\nContent-Length: ${body.length}\r\n`));
  assertQuiet(proxy);
});

test('S0-16 examples/modify-response-body.ts passes over a body that was streamed', async (t) => {
  const proxy = await startProxy(t, { scripts: [example('modify-response-body.ts')], stream_large_bodies: 0 });
  const origin = await startOrigin(t, answering(response('foo')));
  const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  assert.equal(bodyOf(answer), 'foo');
  assert.equal((await howItWent(proxy)).body, 'missing');
  assertQuiet(proxy);
});
