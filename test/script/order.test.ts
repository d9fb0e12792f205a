import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startTlsOrigin } from '../support/tlsorigin.js';
import { askInside, openTunnel, said, saidUntil, scripted, secure, stopped, tracing } from './scripted.js';

const ANSWERED = ['requestheaders', 'request', 'responseheaders', 'response'];
const ACCEPTED = ['clientconnect', 'next_layer'];
const DIALLED = ['serverconnect', 'server_connected'];

/** The order in which two sockets are closed is not sluice's to say. */
function withoutClosing(events: readonly string[]): string[] {
  return events.filter((event) => event !== 'clientdisconnect' && event !== 'serverdisconnect');
}

test('ORD-01 S2-08 S2-17 start, configure, running and done come once each, in this order, and done is the last', async (t) => {
  const names = ['start', 'configure', 'running', 'requestheaders', 'response', 'done'] as const;
  const proxy = await scripted(
    t,
    tracing({ request: "it.response = Response.make(200, 'ok')" }, [...names, 'request']),
  );
  await saidUntil(proxy, 't.mjs', 'running');
  await fetchThrough(proxy.port, 'http://127.0.0.1:1/');
  await stopped(proxy);
  const lives = ['start', 'configure', 'running'];
  assert.deepEqual(said(proxy, 't.mjs'), [...lives, 'requestheaders', 'request', 'response', 'done']);
});

test('ORD-02 S2-09 S2-16 S3-22 a plain request goes through every event once, in order', async (t) => {
  const proxy = await scripted(t, tracing());
  const origin = await startOrigin(t, answering(response('plain')));
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  await saidUntil(proxy, 't.mjs', 'serverdisconnect');
  const heard = await saidUntil(proxy, 't.mjs', 'clientdisconnect');
  const [asked, answered] = [ANSWERED.slice(0, 2), ANSWERED.slice(2)];
  assert.deepEqual(heard.slice(0, -2), [...ACCEPTED, ...asked, ...DIALLED, ...answered]);
  assert.deepEqual(heard.slice(-2).sort(), ['clientdisconnect', 'serverdisconnect']);
});

test('ORD-03 EVT-10 S3-16 HTTPS inside CONNECT: the protocol is chosen three times, TLS is set up on both sides, then HTTP', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'), ['http/1.1']);
  const proxy = await scripted(t, tracing(), { ssl_verify_upstream_trusted_ca: origin.caFile });
  const socket = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`));
  await askInside(proxy, socket, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', /secret/);
  const heard = await saidUntil(proxy, 't.mjs', 'response');
  const opening = ['http_connect', 'http_connected', 'next_layer', 'tls_clienthello'];
  const secured = ['tls_established_server', 'tls_established_client', 'next_layer'];
  assert.deepEqual(heard, [...ACCEPTED, ...opening, ...DIALLED, ...secured, ...ANSWERED]);
});

test('ORD-05 S2-10 S3-20 a kept connection has its own events once and those of HTTP for each request', async (t) => {
  const proxy = await scripted(t, tracing());
  const origin = await startOrigin(t, answering(response('kept')));
  const client = await Client.connect(proxy.port);
  for (const times of [1, 2, 3]) {
    client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
    await saidUntil(proxy, 't.mjs', 'response', times);
  }
  const first = [...ACCEPTED, 'requestheaders', 'request', ...DIALLED, 'responseheaders', 'response'];
  assert.deepEqual(said(proxy, 't.mjs'), [...first, ...ANSWERED, ...ANSWERED]);
});

test('ORD-06 EVT-20 EVT-21 a response set in request is answered without a server, and has its own two events', async (t) => {
  const proxy = await scripted(t, tracing({ request: "it.response = Response.make(201, 'made', { 'x-a': 'b' })" }));
  const answer = await fetchThrough(proxy.port, 'http://127.0.0.1:1/');
  assert.match(answer, /^HTTP\/1\.1 201 Created\r\n[\s\S]*x-a: b\r\n[\s\S]*\r\n\r\nmade$/);
  const heard = await saidUntil(proxy, 't.mjs', 'clientdisconnect');
  assert.deepEqual(heard, [...ACCEPTED, ...ANSWERED, 'clientdisconnect']);
});

test('ORD-06 a response set in requestheaders is used once the body has been read', async (t) => {
  const proxy = await scripted(t, tracing({ requestheaders: "it.response = Response.make(200, 'early')" }));
  const client = await Client.connect(proxy.port);
  client.send('POST http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\n');
  await saidUntil(proxy, 't.mjs', 'requestheaders');
  assert.equal(client.received, '');
  client.send('body');
  assert.match(await client.until('close'), /^HTTP\/1\.1 200 OK[\s\S]*early$/);
  const heard = await saidUntil(proxy, 't.mjs', 'clientdisconnect');
  assert.deepEqual(heard, [...ACCEPTED, ...ANSWERED, 'clientdisconnect']);
});

test('ORD-07 EVT-08 a server that cannot be reached: server_connect_error, then error, and 502 with the cause', async (t) => {
  const proxy = await scripted(t, tracing({ server_connect_error: 'console.log(it.error)' }));
  const answer = await fetchThrough(proxy.port, 'http://127.0.0.1:1/');
  assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway[\s\S]*127\.0\.0\.1:1 refused the connection/);
  const heard = withoutClosing(await saidUntil(proxy, 't.mjs', 'error'));
  const failed = ['serverconnect', 'server_connect_error', '127.0.0.1:1 refused the connection', 'error'];
  assert.deepEqual(heard, [...ACCEPTED, 'requestheaders', 'request', ...failed]);
});

test('ORD-13 ST-11 S3-28 a body beyond its limit is streamed rather than refused: there is no error', async (t) => {
  const reading = { response: 'console.log(String(it.response.content))' };
  const proxy = await scripted(t, tracing(reading, ['responseheaders', 'response', 'error']), {
    stream_large_bodies: 10,
  });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n${'a'.repeat(20)}\r\n0\r\n\r\n`);
  });
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /a{20}/);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'null'), ['responseheaders', 'response', 'null']);
});

test('ORD-14 S3-30 EVT-22 a streamed response has its response event after its bytes, without content', async (t) => {
  const bodies = {
    responseheaders: "it.response.stream = true; console.log('content', it.response.content)",
    response: "console.log('content', it.response.content)",
  };
  const proxy = await scripted(t, tracing(bodies, ['responseheaders', 'response']));
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('\r\n\r\nabc');
  assert.deepEqual(said(proxy, 't.mjs'), ['responseheaders', 'content null']);
  origin.visits[0]?.socket.write('def');
  await client.until('abcdef');
  const heard = await saidUntil(proxy, 't.mjs', 'content null', 2);
  assert.deepEqual(heard, ['responseheaders', 'content null', 'response', 'content null']);
});

test('ORD-14 with stream_large_bodies response.stream is true in responseheaders when the length says so', async (t) => {
  const body = { responseheaders: "console.log('stream', it.response.stream)" };
  const proxy = await scripted(t, tracing(body, ['responseheaders']), { stream_large_bodies: 3 });
  const origin = await startOrigin(t, answering(response('abcd')));
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'stream true'), ['responseheaders', 'stream true']);
});

test('ORD-15 S3-27 a streamed request is dialled for and sent before its request event, which has no content', async (t) => {
  const bodies = { requestheaders: 'it.request.stream = true', request: "console.log('content', it.request.content)" };
  const proxy = await scripted(t, tracing(bodies));
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('123456')) visit.socket.write(response('thanks'));
  });
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n123`);
  await proxy.until(() => origin.visits[0]?.received.endsWith('123'), 'the first half at the origin');
  client.send('456');
  await client.until('thanks');
  const heard = await saidUntil(proxy, 't.mjs', 'response');
  const after = ['request', 'content null', 'responseheaders', 'response'];
  assert.deepEqual(heard, [...ACCEPTED, 'requestheaders', ...DIALLED, ...after]);
});

test('ORD-15 a server that answers a streamed request early ends the flow with response; what is left of the request is not read', async (t) => {
  const proxy = await scripted(t, tracing({ requestheaders: 'it.request.stream = true' }));
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('123')) visit.socket.write(response('early'));
  });
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n123`);
  assert.match(await client.until('early'), /Connection: close\r\n/);
  client.socket.end();
  await saidUntil(proxy, 't.mjs', 'serverdisconnect');
  const heard = withoutClosing(await saidUntil(proxy, 't.mjs', 'clientdisconnect'));
  assert.deepEqual(heard, [...ACCEPTED, 'requestheaders', ...DIALLED, 'responseheaders', 'response']);
});

test('ORD-18 with a request hook sluice itself sends 100 after requestheaders and takes Expect away', async (t) => {
  const proxy = await scripted(t, tracing());
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('12345')) visit.socket.write(response('thanks'));
  });
  const client = await Client.connect(proxy.port);
  const head = `PUT http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
  client.send(head);
  assert.equal(await client.until('100 Continue\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n');
  assert.deepEqual(said(proxy, 't.mjs'), [...ACCEPTED, 'requestheaders']);
  assert.equal(origin.visits.length, 0);
  client.send('12345');
  await client.until('thanks');
  assert.doesNotMatch(origin.visits[0]?.received ?? '', /expect/i);
  const heard = await saidUntil(proxy, 't.mjs', 'response');
  assert.deepEqual(heard, [...ACCEPTED, 'requestheaders', 'request', ...DIALLED, 'responseheaders', 'response']);
});

const TELL = "console.log(it.error.msg, it.request.path, it.response?.statusCode ?? '')";
const CUT = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';

test('ORD-08 S2-13 S3-31 EVT-23 a response that is cut off while it is read whole: error, with the response, and 502', async (t) => {
  const proxy = await scripted(t, tracing({ error: TELL }));
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write(CUT, () => visit.socket.resetAndDestroy());
  });
  const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/cut`);
  assert.match(answer, /^HTTP\/1\.1 502 Bad Gateway/);
  const heard = withoutClosing(await saidUntil(proxy, 't.mjs', 'error'));
  const before = heard.slice(0, heard.indexOf('error')); // what the hook prints itself may have come, too
  assert.deepEqual(before, [...ACCEPTED, 'requestheaders', 'request', ...DIALLED, 'responseheaders']);
  const told = await proxy.until(
    () => said(proxy, 't.mjs').find((text) => text.endsWith(' /cut 200')),
    'what it tells',
  );
  assert.match(told, /^the server/);
});

test('ORD-08 a response that is cut off while it is streamed: error, and the client is cut off, too', async (t) => {
  const proxy = await scripted(t, tracing({ responseheaders: 'it.response.stream = true' }));
  const origin = await startOrigin(t, (visit) => void visit.socket.write(CUT));
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('half');
  origin.visits[0]?.socket.destroy();
  assert.match(await client.until('close'), /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\nhalf$/);
  const heard = withoutClosing(await saidUntil(proxy, 't.mjs', 'error'));
  assert.deepEqual(heard, [...ACCEPTED, 'requestheaders', 'request', ...DIALLED, 'responseheaders', 'error']);
});

test('ORD-09 a client that leaves while it waits: error, and the server is let go', async (t) => {
  const proxy = await scripted(t, tracing({ error: TELL }, ['request', 'response', 'error']));
  const origin = await startOrigin(t, () => {});
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/wait HTTP/1.1\r\nHost: x\r\n\r\n`);
  await proxy.until(() => origin.visits[0]?.received, 'the request at the origin');
  client.socket.resetAndDestroy();
  const gone = 'the client closed the connection before it had the whole response /wait ';
  assert.deepEqual(await saidUntil(proxy, 't.mjs', gone), ['request', 'error', gone]);
  await proxy.until(() => origin.visits[0]?.isClosed, 'the origin let go');
});

test('ORD-10 a kill in requestheaders, request or responseheaders: error, and the client gets no answer', async (t) => {
  const kill = "if (it.request.path === '/' + ";
  const names = ['requestheaders', 'request', 'responseheaders'] as const;
  const bodies = Object.fromEntries(names.map((name) => [name, `${kill}'${name}') it.kill()`]));
  const proxy = await scripted(t, tracing(bodies, [...names, 'response', 'error']));
  const origin = await startOrigin(t, answering(response('never')));
  for (const name of names) assert.equal(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/${name}`), '');
  const heard = await saidUntil(proxy, 't.mjs', 'error', 3);
  assert.deepEqual(heard, [...names.slice(0, 1), 'error', ...names.slice(0, 2), 'error', ...names, 'error']);
});

test('ORD-11 EVT-23 a kill in response: the client gets no answer, and there is no error beside the response', async (t) => {
  const proxy = await scripted(
    t,
    tracing({ response: "if (it.request.path === '/kill') it.kill()" }, ['response', 'error']),
  );
  const origin = await startOrigin(t, answering(response('answer')));
  assert.equal(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/kill`), '');
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/after`);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'response', 2), ['response', 'response']);
});

test('ORD-12 S2-15 a request that cannot be read has error alone, with a request, and 400; nothing is dialled', async (t) => {
  const proxy = await scripted(t, tracing({ error: 'console.log(typeof it.request.method, it.error.msg !== "")' }));
  const client = await Client.connect(proxy.port);
  client.send('GET http://127.0.0.1:1/ HTTP/1.1\r\nHost : x\r\n\r\n');
  assert.match(await client.until('close'), /^HTTP\/1\.1 400 Bad Request/);
  const heard = withoutClosing(await saidUntil(proxy, 't.mjs', 'string true'));
  assert.deepEqual(heard, [...ACCEPTED, 'error', 'string true']);
});
