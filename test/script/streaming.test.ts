import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import { responseOf } from '../../src/flow/flow.js';
import type { FlowRow } from '../../src/flow/row.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin, type Visit } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';
import { scriptOf, speaking, spoken } from './scripted.js';

/** A client that has asked for `http://127.0.0.1:port/path`. */
async function asking(proxy: RunningProxy, port: number, target: string): Promise<Client> {
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${port}${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return client;
}

/** Resolves once a connection to the origin is gone. */
function closed(visit: Visit | undefined): Promise<unknown> {
  return visit?.isClosed === false ? new Promise((gone) => visit.socket.once('close', gone)) : Promise.resolve();
}

const done = (row: FlowRow): boolean => row.duration >= 0;

const TELLING = [
  "export const requestheaders = () => console.log('requestheaders');",
  "export const request = (flow) => console.log('request', flow.request.content?.length);",
  'export function responseheaders(flow) {',
  "  console.log('responseheaders', flow.response.stream, flow.response.content);",
  '  flow.response.stream = true;',
  "  console.log('stream', flow.response.stream);",
  '}',
  "export const response = (flow) => console.log('response', flow.response.content);",
];

test('S0-01 S0-14 S1-03 S4-23 ORD-14 stream = true in responseheaders sends every piece on as it comes, and response follows the last', async (t) => {
  const proxy = await startProxy(t, { scripts: [scriptOf(t, 'tag.mjs', ...TELLING)] });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcd');
  });
  const client = await asking(proxy, origin.port, '/');
  assert.equal(await client.until('abcd'), 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcd');
  const before = ['requestheaders', 'request 0', 'responseheaders false null', 'stream true'];
  assert.deepEqual(await speaking(proxy, 'stream true'), before);
  origin.visits[0]?.socket.write('efgh');
  await client.until('abcdefgh');
  assert.deepEqual(await speaking(proxy, 'response null'), [...before, 'response null']);
  const row = await proxy.row(done);
  assert.deepEqual([row.carried, row.body, row.size], ['streamed', 'missing', 8]);
  const { flow, response: bytes } = await proxy.read(row.id);
  assert.equal(bytes, null);
  const message = responseOf(flow);
  assert.equal(message?.body.carriage.why, 'tag.mjs set stream');
  assert.ok((message?.endedAt ?? 0) >= (message?.startedAt ?? Number.POSITIVE_INFINITY), 'the end is known');
});

test('STW-09 the end of a streamed body is when its last byte came: unset in responseheaders, known in response', async (t) => {
  const file = scriptOf(
    t,
    'times.mjs',
    'export function responseheaders({ response }) {',
    '  response.stream = true;',
    "  console.log('head', response.timestamp_end);",
    '}',
    "export const response = ({ response }) => console.log('end', response.timestamp_end);",
  );
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabcd');
  });
  const client = await asking(proxy, origin.port, '/');
  await client.until('abcd');
  await speaking(proxy, 'head null');
  const before = Date.now() / 1000;
  origin.visits[0]?.socket.write('efgh');
  await client.until('abcdefgh');
  const row = await proxy.row(done);
  const last = await proxy.until(() => spoken(proxy).find((text) => text.startsWith('end ')), 'the end');
  const end = Number(last.slice('end '.length));
  assert.ok(end >= before - 0.001 && end <= Date.now() / 1000 + 0.001, `${before} ${end}`);
  const message = responseOf((await proxy.read(row.id)).flow);
  assert.equal((message?.endedAt ?? 0) / 1000, end);
});

test('S1-02 S0-13 a script customizes which responses are streamed; over HTTPS, too', async (t) => {
  const origin = await startTlsOrigin(t, response('0123456789'), ['http/1.1']);
  const file = scriptOf(
    t,
    'pick.mjs',
    'export function responseheaders(flow) {',
    "  if (flow.request.path === '/video') flow.response.stream = true;",
    '}',
    'export const response = ({ request, response }) => console.log(request.path, String(response.text));',
  );
  const proxy = await startProxy(t, { scripts: [file], ssl_verify_upstream_trusted_ca: origin.caFile });
  const tunnel = await Client.connect(proxy.port);
  tunnel.send(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await tunnel.until('200 Connection established\r\n\r\n');
  const ca = fs.readFileSync(proxy.caFile);
  const socket = tls.connect({ socket: tunnel.socket, servername: 'localhost', ca });
  socket.resume();
  socket.write('GET /video HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await speaking(proxy, '/video null');
  socket.write('GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await speaking(proxy, '/page 0123456789');
  const video = await proxy.row((row) => row.path === '/video' && done(row));
  const page = await proxy.row((row) => row.path === '/page' && done(row));
  assert.deepEqual([video.scheme, video.carried, video.body], ['https', 'streamed', 'missing']);
  assert.deepEqual([page.scheme, page.carried, page.body], ['https', 'buffered', 'kept']);
});

test('S1-04 stream = true for all responses is what --stream 0 does', async (t) => {
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write(visit.received.includes('/empty') ? response('') : response('full'));
  });
  const shown = async (proxy: RunningProxy): Promise<unknown[]> => {
    for (const target of ['/full', '/empty'])
      await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${target}`);
    await proxy.until(() => proxy.list().filter(done).length === 2, 'both flows');
    return proxy.list().map(({ path: target, carried, body, size }) => ({ target, carried, body, size }));
  };
  const all = scriptOf(t, 'all.mjs', 'export const responseheaders = (flow) => { flow.response.stream = true; };');
  const scripted = await shown(await startProxy(t, { scripts: [all] }));
  assert.deepEqual(
    scripted,
    await shown(await startProxy(t, { stream_large_bodies: 0, stream_direction: 'responses' })),
  );
  assert.deepEqual(scripted[0], { target: '/full', carried: 'streamed', body: 'missing', size: 4 });
});

test('S4-26 S4-27 ST-05 set too late, stream changes nothing and a warning names script and line', async (t) => {
  const file = scriptOf(
    t,
    'late.mjs',
    'export function request(flow) {',
    '  flow.request.stream = true;',
    "  console.log('still', flow.request.stream);",
    '}',
    'export function responseheaders(flow) {',
    '  flow.request.stream = true;',
    '}',
    'export function response(flow) {',
    '  flow.response.stream = true;',
    "  console.log('got', flow.response.stream, flow.response.text);",
    '}',
  );
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startOrigin(t, answering(response('whole')));
  await (await asking(proxy, origin.port, '/')).until('whole');
  const row = await proxy.row(done);
  assert.deepEqual([row.carried, row.body], ['buffered', 'kept']);
  assert.deepEqual(spoken(proxy), ['still false', 'got false whole']);
  const [first, second, third, ...others] = spoken(proxy, 'warn');
  assert.match(
    first ?? '',
    /^late\.mjs:2:\d+ in request: request\.stream was set too late: it works in requestheaders/,
  );
  assert.match(second ?? '', /^late\.mjs:6:\d+ in responseheaders: request\.stream was set too late/);
  assert.match(third ?? '', /^late\.mjs:9:\d+ in response: response\.stream was set too late.* responseheaders/);
  assert.deepEqual(others, []);
});

test('S4-21 S4-22 ST-07 stream = false reads a body whole, above stream_large_bodies and of an event stream, too', async (t) => {
  const file = scriptOf(
    t,
    'whole.mjs',
    'export const responseheaders = (flow) => { flow.response.stream = false; };',
    "export const response = ({ response }) => { response.text = response.text.replaceAll('foo', 'quux'); };",
  );
  const proxy = await startProxy(t, { scripts: [file], stream_large_bodies: 4 });
  const origin = await startOrigin(t, (visit) => {
    const isFeed = visit.received.includes('/feed');
    if (isFeed) visit.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: foo\n\n');
    else visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfoo-');
  });
  const big = await asking(proxy, origin.port, '/big');
  await proxy.row((row) => row.path === '/big' && row.size === 4);
  assert.equal(big.received, '');
  origin.visits[0]?.socket.write('f-foo');
  assert.equal(await big.until('quux-f-quux'), 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nquux-f-quux');
  const feed = await asking(proxy, origin.port, '/feed');
  const growing = await proxy.row((row) => row.path === '/feed' && row.size === 11);
  assert.deepEqual([growing.carried, growing.body], ['buffered', 'growing']);
  assert.equal(feed.received, '');
  origin.visits[1]?.socket.end();
  assert.match(await feed.until('quux'), /\r\n\r\ndata: quux\n\n$/);
  assert.ok(proxy.list().every((row) => row.carried === 'buffered'));
});

test('S0-03 S0-04 S1-01 ST-01 STC-07 a response hook holds back a body whose end is known, by length or chunks, until it has seen it', async (t) => {
  const file = scriptOf(t, 'redact.mjs', "export const response = ({ response }) => { response.text = 'redacted'; };");
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.includes('/length')) visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsec');
    else visit.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n');
  });
  for (const [target, rest, answer] of [
    ['/length', 'ret', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nredacted'],
    [
      '/chunked',
      '3\r\nret\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nredacted\r\n0\r\n\r\n',
    ],
  ] as const) {
    const client = await asking(proxy, origin.port, target);
    const growing = await proxy.row((row) => row.path === target && row.size === 3);
    assert.deepEqual([growing.carried, growing.body], ['buffered', 'growing']);
    const { flow, response: soFar } = await proxy.read(growing.id);
    assert.equal(responseOf(flow)?.body.carriage.why, 'response hook of redact.mjs');
    assert.equal(soFar?.type === 'bytes' && Buffer.from(soFar.bytes).toString(), 'sec');
    assert.equal(client.received, '');
    origin.visits.at(-1)?.socket.write(rest);
    await client.until('redacted');
    assert.equal(await client.until(answer), answer);
  }
});

test('S0-05 ST-01 event streams and bodies up to the close pass a response hook at once; it gets the recording at the end', async (t) => {
  const file = scriptOf(t, 'see.mjs', "export const response = ({ response }) => console.log('saw', response.text);");
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startOrigin(t, (visit) => {
    const fields = visit.received.includes('/close')
      ? ''
      : 'Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n';
    visit.socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n${fields === '' ? 'one' : '3\r\none\r\n'}`);
  });
  for (const [target, rest, end] of [
    ['/close', '+two', ''],
    ['/feed', '4\r\n+two\r\n', '0\r\n\r\n'],
  ] as const) {
    const client = await asking(proxy, origin.port, target);
    await client.until('one');
    const { socket } = origin.visits.at(-1) ?? assert.fail('no visit');
    socket.write(rest);
    await client.until('+two');
    assert.ok(!spoken(proxy).includes(`saw ${target}`));
    const before = spoken(proxy).length;
    socket.end(end);
    await proxy.row((row) => row.path === target && done(row));
    assert.deepEqual(spoken(proxy).slice(before), ['saw one+two']);
  }
  assert.ok(proxy.list().every((row) => row.carried === 'passed' && row.body === 'kept'));
});

test('GAP-23 a row that waits for a hook says so, naming hook and file, until it goes on', async (t) => {
  const file = scriptOf(
    t,
    'slow.mjs',
    'let go;',
    'const told = new Promise((resolve) => { go = resolve; });',
    'export async function response(flow) {',
    "  if (flow.request.path === '/slow') await told;",
    '  else go();',
    '}',
  );
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startOrigin(t, answering(response('body')));
  const slow = await asking(proxy, origin.port, '/slow');
  const waiting = await proxy.row((row) => row.error !== '');
  assert.equal(waiting.error, 'waits for the response hook of slow.mjs');
  assert.deepEqual([waiting.path, waiting.failed, slow.received], ['/slow', false, '']);
  await (await asking(proxy, origin.port, '/go')).until('body');
  await slow.until('body');
  const row = await proxy.row((one) => one.path === '/slow' && done(one));
  assert.equal(row.error, '');
});

test('ORD-15 S4-23 a streamed request goes on as it comes, and request fires after its body was sent', async (t) => {
  const names = ['serverconnect', 'server_connected', 'responseheaders', 'response'];
  const file = scriptOf(
    t,
    'upload.mjs',
    "export const requestheaders = ({ request }) => { request.stream = true; console.log('requestheaders'); };",
    "export const request = ({ request }) => console.log('request', request.content);",
    ...names.map((name) => `export const ${name} = () => console.log('${name}');`),
  );
  const proxy = await startProxy(t, { scripts: [file] });
  let tellHalf = (): void => {};
  const half = new Promise<void>((came) => {
    tellHalf = came;
  });
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('\r\n\r\nabcd')) tellHalf();
    if (visit.received.endsWith('abcdefgh')) visit.socket.write(response('thanks'));
  });
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nabcd`);
  await half;
  await proxy.row((row) => row.size === 4);
  const before = ['requestheaders', 'serverconnect', 'server_connected'];
  assert.deepEqual(await speaking(proxy, 'server_connected'), before);
  client.send('efgh');
  await client.until('thanks');
  assert.deepEqual(await speaking(proxy, 'response'), [...before, 'request null', 'responseheaders', 'response']);
  const { flow } = await proxy.read((await proxy.row(done)).id);
  assert.deepEqual(flow.kind === 'http' && flow.request.body.contents, { type: 'missing', why: null });
});

test('ORD-15 a server may begin to answer a streamed request before it is complete; request follows responseheaders', async (t) => {
  const file = scriptOf(
    t,
    'early.mjs',
    'export const requestheaders = ({ request }) => { request.stream = true; };',
    ...['request', 'responseheaders', 'response', 'error'].map(
      (name) => `export const ${name} = () => console.log('${name}');`,
    ),
  );
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('abcd')) visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ntha');
    if (visit.received.endsWith('efgh')) visit.socket.write('nks');
  });
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nabcd`);
  await speaking(proxy, 'responseheaders');
  client.send('efgh');
  assert.match(await client.until('thanks'), /^HTTP\/1\.1 200 OK\r\n/);
  await proxy.row(done);
  assert.deepEqual(spoken(proxy), ['responseheaders', 'request', 'response']);
});

test('ST-09 a response set in requestheaders of a streamed request is sent, and no server is asked', async (t) => {
  for (const stream of [true, false]) {
    const file = scriptOf(
      t,
      'given.mjs',
      "import { Response } from 'sluice';",
      'export function requestheaders(flow) {',
      `  flow.request.stream = ${stream};`,
      "  flow.response = Response.make(418, 'given');",
      '}',
    );
    const proxy = await startProxy(t, { scripts: [file] });
    const origin = await startOrigin(t, (visit) => {
      if (visit.received.endsWith('body')) visit.socket.write(response('from the server'));
    });
    const client = await Client.connect(proxy.port);
    client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody`);
    await proxy.row(done);
    assert.match(await client.until(/given|server$/), /^HTTP\/1\.1 418 .*given$/s);
    assert.equal(origin.visits.length, 0);
  }
});

test('ST-08 messages without a body are never streamed: their content is empty, not missing, and no function is called', async (t) => {
  const file = scriptOf(
    t,
    'all.mjs',
    "export const requestheaders = ({ request }) => { request.stream = () => 'never'; };",
    "export const responseheaders = ({ response }) => { response.stream = () => 'never'; };",
    'export const response = ({ request, response }) => console.log(request.content.length, response.content.length);',
  );
  const proxy = await startProxy(t, { scripts: [file] });
  const heads = [
    '204 No Content\r\n\r\n',
    '304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    '200 OK\r\nContent-Length: 0\r\n\r\n',
  ];
  const left = [...heads];
  const origin = await startOrigin(t, (visit) => void visit.socket.write(`HTTP/1.1 ${left.shift()}`));
  const client = await Client.connect(proxy.port);
  for (const [at, head] of heads.entries()) {
    client.received = '';
    client.send(`GET http://127.0.0.1:${origin.port}/${at} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.until('\r\n\r\n');
    const row = await proxy.row((one) => one.path === `/${at}` && done(one));
    assert.equal(client.received, `HTTP/1.1 ${head}`);
    assert.deepEqual([row.carried, row.body, row.size], ['passed', 'empty', 0]);
  }
  assert.deepEqual(spoken(proxy), ['0 0', '0 0', '0 0']);
  assert.match(origin.visits[0]?.received ?? '', /^GET \/0 HTTP\/1\.1\r\nHost: [^\r]*\r\n\r\nGET/);
});

test('ST-10 the event log says which requests and responses are streamed', async (t) => {
  const file = scriptOf(
    t,
    'both.mjs',
    'export const requestheaders = ({ request }) => { request.stream = true; };',
    'export const responseheaders = ({ response }) => { response.stream = true; };',
  );
  const proxy = await startProxy(t, { scripts: [file] });
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('abcd')) visit.socket.write(response('thanks'));
  });
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd`);
  await client.until('thanks');
  await proxy.row(done);
  const lines = proxy.events.flatMap((event) => (event.type === 'logged' ? [event.entry.text] : []));
  assert.deepEqual(lines, ['Streaming request to 127.0.0.1.', 'Streaming response from 127.0.0.1.']);
});

test('STE-07 ORD-10 a kill in a headers hook cuts the client off without an answer, and error follows', async (t) => {
  for (const hook of ['requestheaders', 'responseheaders']) {
    const file = scriptOf(
      t,
      'kill.mjs',
      `export const ${hook} = (flow) => { flow.kill(); };`,
      "export const response = () => console.log('response');",
      'export const error = ({ error }) => console.log(error.kind, error.msg);',
    );
    const proxy = await startProxy(t, { scripts: [file] });
    const origin = await startOrigin(t, answering(response('never')));
    const client = await asking(proxy, origin.port, '/');
    assert.equal(await client.until('close'), '');
    assert.deepEqual(await speaking(proxy, 'killed Connection killed.'), ['killed Connection killed.']);
    assert.equal(origin.visits.length, hook === 'requestheaders' ? 0 : 1);
    const row = await proxy.row(done);
    assert.deepEqual([row.error, row.failed], ['Connection killed.', true]);
  }
});

test('STE-06 a kill in the middle of a stream, by a stream function or by the user, cuts both connections at once', async (t) => {
  const file = scriptOf(
    t,
    'stop.mjs',
    'export function responseheaders(flow) {',
    '  flow.response.stream = (chunk) => {',
    "    if (String(Buffer.from(chunk)) === 'stop') flow.kill();",
    '    return chunk;',
    '  };',
    '}',
    "export const response = () => console.log('response');",
    'export const error = ({ error }) => console.log(error.kind);',
  );
  for (const byUser of [false, true]) {
    const proxy = await startProxy(t, { scripts: [file] });
    const origin = await startOrigin(t, (visit) => {
      visit.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngoes\r\n');
    });
    const client = await asking(proxy, origin.port, '/');
    await client.until('goes\r\n');
    if (byUser) proxy.say({ type: 'kill', flows: [await proxy.row((row) => row.size > 0)] });
    else origin.visits[0]?.socket.write('4\r\nstop\r\n');
    assert.doesNotMatch(await client.until('close'), /\r\n0\r\n\r\n$/);
    await closed(origin.visits[0]);
    assert.deepEqual(await speaking(proxy, 'killed'), ['killed']);
    const row = await proxy.row(done);
    assert.deepEqual([row.status, row.body, row.error], [200, 'missing', 'Connection killed.']);
  }
});

const LOOKING = [
  'export const requestheaders = () => {};',
  'export const responseheaders = () => {};',
  "export const error = ({ error }) => console.log('error', error.msg);",
];

test('S1-03 a server that closes behind its response has answered, also while a hook has the head', async (t) => {
  const proxy = await startProxy(t, { scripts: [scriptOf(t, 'looking.mjs', ...LOOKING)] });
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.includes('/length')) visit.socket.end(response('complete'));
    else visit.socket.end('HTTP/1.1 200 OK\r\n\r\ncomplete');
  });
  for (const target of ['/length', '/close']) {
    const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${target}`);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*complete$/s);
  }
  assert.deepEqual(spoken(proxy), []);
});

test('S1-03 a client that closes its half behind its request gets its answer, also while a hook has the head', async (t) => {
  const proxy = await startProxy(t, { scripts: [scriptOf(t, 'looking.mjs', ...LOOKING)] });
  const origin = await startOrigin(t, answering(response('complete')));
  const client = await Client.connect(proxy.port);
  client.socket.end(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(await client.until('close'), /^HTTP\/1\.1 200 OK\r\n.*complete$/s);
  assert.deepEqual(spoken(proxy), []);
});
