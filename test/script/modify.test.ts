import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import type { FlowRow } from '../../src/flow/row.js';
import type { Options } from '../../src/options.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';
import { spoken } from './scripted.js';

/** A proxy with a script whose hook streams with the function `modify`, which `lines` make. */
function modifying(t: TestContext, lines: readonly string[], options: Partial<Options> = {}): Promise<RunningProxy> {
  const file = path.join(temporaryFolder(t), 'modify.mjs');
  const hooks = [
    'export const requestheaders = ({ request }) => { if (request.method === "POST") request.stream = modify; };',
    'export const responseheaders = ({ response }) => { if (response.statusCode === 200) response.stream = modify; };',
  ];
  fs.writeFileSync(file, `${[...lines, ...hooks].join('\n')}\n`);
  return startProxy(t, { scripts: [file], ...options });
}

const done = (row: FlowRow): boolean => row.duration >= 0;
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

async function get(proxy: RunningProxy, port: number, wanted: RegExp, version = 'HTTP/1.1'): Promise<string> {
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${port}/ ${version}\r\nHost: x\r\n\r\n`);
  return client.until(wanted);
}

const END = /\r\n0\r\n\r\n$/;
const COUNT = 'const modify = (chunk) => { console.log(chunk.length); return chunk; };';

/** The chunks of an answer, apart. */
function chunksOf(answer: string): string[] {
  const chunks: string[] = [];
  for (let rest = answer.slice(answer.indexOf('\r\n\r\n') + 4); ; ) {
    const at = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, at), 16);
    if (!(size > 0)) return chunks;
    chunks.push(rest.slice(at + 2, at + 2 + size));
    rest = rest.slice(at + 4 + size);
  }
}

test('S0-19 S0-21 S1-06 S4-24 ST-06 a function gets at most 4096 bytes at a time, and an empty chunk at the end', async (t) => {
  const proxy = await modifying(t, [COUNT]);
  const body = 'x'.repeat(10_000);
  const origin = await startOrigin(t, answering(response(body)));
  const chunks = chunksOf(await get(proxy, origin.port, END));
  assert.equal(chunks.join(''), body);
  await proxy.row(done);
  const sizes = spoken(proxy).map(Number);
  assert.deepEqual(sizes, [...chunks.map((chunk) => chunk.length), 0]);
  assert.equal(Math.max(...sizes), 4096);
});

test('S0-19 stream_chunk_size is the largest piece a function gets of a body that is not chunked', async (t) => {
  const proxy = await modifying(t, [COUNT], { stream_chunk_size: 3 });
  const origin = await startOrigin(t, answering(response('abcdefgh')));
  const answer = await get(proxy, origin.port, END);
  assert.ok(chunksOf(answer).every((chunk) => chunk.length <= 3));
  assert.equal(chunksOf(answer).join(''), 'abcdefgh');
});

test('S0-20 S1-06 STW-02 a chunked body goes through a function one chunk at a time, however it arrives', async (t) => {
  const proxy = await modifying(t, [COUNT]);
  const long = 'l'.repeat(6000);
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write(`${CHUNKED}3\r\nabc\r\n1\r\nd\r\n1770\r\n${long}\r\n5\r\nhe`);
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until(`${long}\r\n`);
  origin.visits[0]?.socket.write('llo\r\n0\r\n\r\n');
  assert.deepEqual(chunksOf(await client.until(END)), ['abc', 'd', long, 'hello']);
  await proxy.row(done);
  assert.deepEqual(spoken(proxy), ['3', '1', '6000', '5', '0']);
});

test('S1-09 ST-06 STW-01 a function gives one piece, several or none, and a last one; the framing becomes chunked', async (t) => {
  const proxy = await modifying(t, [
    'const modify = (chunk) => {',
    '  switch (Buffer.from(chunk).toString()) {',
    "    case 'one': return chunk;",
    "    case 'two': return ['t', Buffer.from('wo'), null, ''];",
    "    case 'none': return undefined;",
    "    case 'empty': return [];",
    "    case '': return 'last';",
    '  }',
    '};',
  ]);
  const origin = await startOrigin(
    t,
    answering(`${CHUNKED}3\r\none\r\n4\r\nnone\r\n3\r\ntwo\r\n5\r\nempty\r\n0\r\nX-Sum: 1\r\n\r\n`),
  );
  const answer = await get(proxy, origin.port, /X-Sum: 1\r\n\r\n$/);
  assert.equal(answer, `${CHUNKED}3\r\none\r\n1\r\nt\r\n2\r\nwo\r\n4\r\nlast\r\n0\r\nX-Sum: 1\r\n\r\n`);
  const sized = await startOrigin(t, answering(response('one', 'ETag: a\r\n')));
  const framed = await get(proxy, sized.port, END);
  assert.equal(framed, `${OK}ETag: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n4\r\nlast\r\n0\r\n\r\n`);
});

test('STW-01 STW-03 an HTTP/1.0 client gets what a function gives as plain bytes up to the close', async (t) => {
  const proxy = await modifying(t, ["const modify = (chunk) => (chunk.length > 0 ? 'four' : null);"]);
  const origin = await startOrigin(t, answering(`${CHUNKED}3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n`));
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.0\r\nHost: x\r\n\r\n`);
  assert.equal(await client.until('close'), `${OK}Connection: close\r\n\r\nfourfour`);
});

test('S4-24 ORD-15 a function changes request bodies, too: the server gets chunks', async (t) => {
  const proxy = await modifying(t, ['const modify = (chunk) => Buffer.from(chunk).toString().toUpperCase();']);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('\r\n0\r\n\r\n')) visit.socket.write('HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n');
  });
  for (const [framing, body, chunks] of [
    ['Content-Length: 5', 'hello', ['HELLO']],
    ['Transfer-Encoding: chunked', '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', ['HE', 'LLO']],
  ] as const) {
    const client = await Client.connect(proxy.port);
    client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n${body}`);
    await client.until('201 Made');
    const received = origin.visits.at(-1)?.received ?? '';
    assert.match(received, /\r\nTransfer-Encoding: chunked\r\n\r\n/);
    assert.doesNotMatch(received, /content-length/i);
    assert.deepEqual(chunksOf(received), chunks);
  }
});

test('S1-11 S1-12 S0-21 an async generator wraps all chunks; what it yields is sent, over HTTPS, too', async (t) => {
  const origin = await startTlsOrigin(t, `${CHUNKED}3\r\nfoo\r\n3\r\nbaz\r\n0\r\n\r\n`, ['http/1.1']);
  const lines = [
    'async function* modify(chunks) {',
    "  for await (const chunk of chunks) yield Buffer.from(chunk).toString().replace('foo', 'bar');",
    "  yield 'end';",
    '}',
  ];
  const proxy = await modifying(t, lines, { ssl_verify_upstream_trusted_ca: origin.caFile });
  const tunnel = await Client.connect(proxy.port);
  tunnel.send(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await tunnel.until('200 Connection established\r\n\r\n');
  const ca = fs.readFileSync(proxy.caFile);
  const socket = tls.connect({ socket: tunnel.socket, servername: 'localhost', ca });
  let answer = '';
  socket.on('data', (piece: Buffer) => {
    answer += piece.toString('latin1');
  });
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await proxy.row((row) => row.scheme === 'https' && done(row));
  while (!END.test(answer)) await new Promise((read) => socket.once('data', read));
  assert.deepEqual(chunksOf(answer), ['bar', 'baz', 'end']);
});

test('AD-03 an async function is awaited, and the order of the chunks stays', async (t) => {
  const proxy = await modifying(t, [
    'let calls = 0;',
    'const modify = async (chunk) => {',
    '  calls += 1;',
    '  const call = calls;',
    '  for (let turn = call; turn < 5; turn += 1) await new Promise(setImmediate);',
    "  return call + ':' + Buffer.from(chunk) + ' ';",
    '};',
  ]);
  const origin = await startOrigin(t, answering(`${CHUNKED}1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n`));
  assert.deepEqual(chunksOf(await get(proxy, origin.port, END)), ['1:a ', '2:b ', '3:c ', '4: ']);
});

test('S4-24 a plain function* and other things that cannot be a stream are refused with a sentence', async (t) => {
  for (const [modify, sentence] of [
    ['function* modify(chunks) { yield* chunks; }', /stream takes no function\*: chunks come one after the other/],
    ["const modify = 'yes';", /stream takes true, false or a function, not "yes"/],
  ] as const) {
    const proxy = await modifying(t, [modify]);
    const origin = await startOrigin(t, answering(response('as it was')));
    assert.match(await get(proxy, origin.port, /as it was$/), /Content-Length: 9\r\n/);
    await proxy.row((row) => done(row) && row.scriptFailed);
    const [error, ...others] = spoken(proxy, 'error');
    assert.match(error ?? '', /^modify\.mjs:\d+:\d+ in responseheaders: TypeError: /);
    assert.match(error ?? '', sentence);
    assert.deepEqual(others, []);
  }
});

test('S1-10 S4-25 replacing finds text across the border of two chunks, and TextPieces keeps characters whole', async (t) => {
  const proxy = await modifying(t, [
    "import { replacing, TextPieces } from 'sluice';",
    'const pieces = new TextPieces();',
    "const modify = replacing('foobar', '[é]');",
    'export const response = () => console.log(pieces.push(Buffer.from([0xc3])), pieces.push(Buffer.from([0xa9])));',
  ]);
  const origin = await startOrigin(
    t,
    answering(`${CHUNKED}7\r\n[...]fo\r\n5\r\nobar[\r\n6\r\nfoobaz\r\n3\r\nfoo\r\n0\r\n\r\n`),
  );
  const chunks = chunksOf(await get(proxy, origin.port, END));
  assert.equal(Buffer.from(chunks.join(''), 'latin1').toString(), '[...][é][foobazfoo');
  await proxy.until(() => spoken(proxy).length > 0, 'the line');
  assert.deepEqual(spoken(proxy), [' é']);
});

test('GAP-16 ERR-06 what a function throws is told exactly once, and the rest passes unchanged', async (t) => {
  for (const modify of [
    "const modify = (chunk) => { if (String(Buffer.from(chunk)) === 'two') throw new Error('broken'); return '-'; };",
    "const modify = async (chunk) => { if (String(Buffer.from(chunk)) === 'two') throw new Error('broken'); return '-'; };",
    "const modify = (chunk) => (String(Buffer.from(chunk)) === 'two' ? 2 : '-');",
  ]) {
    const proxy = await modifying(t, [modify]);
    const origin = await startOrigin(
      t,
      answering(`${CHUNKED}3\r\none\r\n3\r\ntwo\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n`),
    );
    assert.deepEqual(chunksOf(await get(proxy, origin.port, END)), ['-', 'two', 'one', 'two']);
    const row = await proxy.row((one) => done(one) && one.scriptFailed);
    assert.equal(row.failed, false);
    const failures = proxy.events.filter((event) => event.type === 'script-failed');
    assert.equal(failures.length, 1);
    assert.equal(spoken(proxy, 'error').length, 1);
    assert.match(spoken(proxy, 'error')[0] ?? '', /^modify\.mjs(:1:\d+)? in response\.stream: .*(broken|gives bytes)/);
  }
});

test('GAP-16 what a function throws at the end is told, and the body ends as it should', async (t) => {
  const proxy = await modifying(t, [
    "const modify = (chunk) => { if (chunk.length === 0) throw new Error('at the end'); };",
  ]);
  const origin = await startOrigin(t, answering(response('gone')));
  assert.deepEqual(chunksOf(await get(proxy, origin.port, /\r\n\r\n0\r\n\r\n$/)), []);
  await proxy.row((row) => done(row) && row.scriptFailed && !row.failed);
  assert.match(spoken(proxy, 'error').join(), /^modify\.mjs:1:\d+ in response\.stream: at the end$/);
});

test('STW-05 behind a function a client that does not read stops the server, and gets every byte when it does', async (t) => {
  const proxy = await modifying(t, ['const modify = (chunk) => chunk;'], { stream_chunk_size: 65_536 });
  const piece = Buffer.alloc(262_144, 98);
  const pieces = 256;
  let sent = 0;
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.includes('/other')) return void visit.socket.end(response('other', 'X-A: b\r\n', '404 No'));
    const pour = (): void => {
      while (sent < pieces) {
        sent += 1;
        if (!visit.socket.write(piece)) return void visit.socket.once('drain', pour);
      }
      visit.socket.end();
    };
    visit.socket.write(`${OK}\r\n`);
    pour();
  });
  const client = await Client.connect(proxy.port);
  client.socket.pause();
  client.send(`GET http://127.0.0.1:${origin.port}/big HTTP/1.0\r\nHost: x\r\n\r\n`);
  await proxy.row((row) => row.size > 0);
  // Nothing may have moved while so many other requests went through the same proxy.
  for (let before = -1; before !== sent; ) {
    before = sent;
    for (let n = 0; n < 20; n += 1) await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/other`);
  }
  assert.ok(origin.visits[0]?.socket.writableNeedDrain, 'the origin has to wait');
  assert.ok(sent < pieces / 2, `most of it is still at the origin: ${sent} of ${pieces} pieces went`);
  client.socket.resume();
  const answer = await client.until('close');
  assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, pieces * piece.length);
});

test('STW-07 EVT-20 EVT-22 request and response fire after the function had its last, empty chunk', async (t) => {
  const proxy = await modifying(t, [
    'const modify = async (chunk) => {',
    '  await new Promise(setImmediate);',
    "  console.log(chunk.length === 0 ? 'end' : 'piece');",
    '  return chunk;',
    '};',
    "export const request = () => console.log('request');",
    "export const response = () => console.log('response');",
  ]);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('\r\n0\r\n\r\n')) visit.socket.write(response('download'));
  });
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nupload`);
  await client.until(END);
  await proxy.row(done);
  assert.deepEqual(spoken(proxy), ['piece', 'end', 'request', 'piece', 'end', 'response']);
});
