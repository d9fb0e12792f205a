import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import zlib from 'node:zlib';
import { errorOf } from '../../src/flow/flow.js';
import type { FlowRow } from '../../src/flow/row.js';
import { Decoding } from '../../src/script/decoding.js';
import { Looker } from '../../src/script/looker.js';
import { Client, fetchThrough } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';

/** A proxy with a script that streams every body with `modify`, which `lines` make, and tells what the head says then. */
function modifying(t: TestContext, ...lines: readonly string[]): Promise<RunningProxy> {
  const file = path.join(temporaryFolder(t), 'plain.mjs');
  const hooks = [
    "import { decoded } from 'sluice';",
    'export const requestheaders = ({ request }) => { if (request.method === "POST") request.stream = decoded(modify); };',
    'export const responseheaders = ({ response }) => { response.stream = decoded(modify); };',
    "export const response = (flow) => console.log('coding:', flow.response.headers.get('content-encoding') ?? 'none');",
  ];
  fs.writeFileSync(file, `${[...hooks, ...lines].join('\n')}\n`);
  return startProxy(t, { scripts: [file] });
}

function said(proxy: RunningProxy, level = 'info'): string[] {
  const entries = proxy.events.flatMap((event) => (event.type === 'logged' ? [event.entry] : []));
  const lines = entries.filter((entry) => entry.level === level && entry.text.startsWith('plain.mjs'));
  return lines.map(({ text }) => text.replace(/^plain\.mjs: /, ''));
}

const done = (row: FlowRow): boolean => row.duration >= 0;
const END = /\r\n0\r\n\r\n$/;
const UPPER = "const modify = (piece) => Buffer.from(piece).toString('latin1').toUpperCase();";
const TEXT = 'all of this is said in plain words, '.repeat(400);

function head(...fields: readonly string[]): string {
  return ['HTTP/1.1 200 OK', ...fields, '', ''].join('\r\n');
}

/** What the chunks of a message hold. */
function bodyOf(message: string): string[] {
  const chunks: string[] = [];
  for (let rest = message.slice(message.indexOf('\r\n\r\n') + 4); ; ) {
    const at = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, at), 16);
    if (!(size > 0)) return chunks;
    chunks.push(rest.slice(at + 2, at + 2 + size));
    rest = rest.slice(at + 4 + size);
  }
}

function chunked(bytes: Buffer, size: number): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    out.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...out, Buffer.from('0\r\n\r\n')]);
}

function sized(coding: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(head(`Content-Encoding: ${coding}`, `Content-Length: ${body.length}`)), body]);
}

/** A client that has asked an origin which answers with `answer`. */
async function asked(t: TestContext, proxy: RunningProxy, answer: Buffer): Promise<Client> {
  const origin = await startOrigin(t, ({ socket }) => socket.write(answer));
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  return client;
}

test('S4-24 S4-25 a gzip body in chunks of any size comes to a decoded function plain, and goes on without coding', async (t) => {
  const proxy = await modifying(t, UPPER);
  const fields = head('Content-Encoding: gzip', 'Transfer-Encoding: chunked');
  for (const size of [1, 7, 100_000]) {
    const answer = Buffer.concat([Buffer.from(fields), chunked(zlib.gzipSync(TEXT), size)]);
    const got = await (await asked(t, proxy, answer)).until(END);
    assert.ok(got.startsWith(head('Transfer-Encoding: chunked')), got.slice(0, 200));
    assert.equal(bodyOf(got).join(''), TEXT.toUpperCase(), `chunks of ${size}`);
  }
  await proxy.until(() => said(proxy).length === 3, 'three answers');
  assert.deepEqual(said(proxy), ['coding: none', 'coding: none', 'coding: none']);
});

test('S4-24 S0-19 br, deflate with and without wrapper, and several codings in a row are taken off a sized body', async (t) => {
  const proxy = await modifying(t, UPPER);
  const cases: readonly (readonly [coding: string, body: Buffer])[] = [
    ['br', zlib.brotliCompressSync(TEXT)],
    ['deflate', zlib.deflateSync(TEXT)],
    ['deflate', zlib.deflateRawSync(TEXT)],
    ['X-GZIP', zlib.gzipSync(TEXT)],
    ['gzip, identity, br', zlib.brotliCompressSync(zlib.gzipSync(TEXT))],
    ['identity', Buffer.from(TEXT)],
    ['gzip', Buffer.concat([zlib.gzipSync(TEXT.slice(0, 99)), zlib.gzipSync(TEXT.slice(99)), Buffer.alloc(9)])],
    ['br', Buffer.concat([zlib.brotliCompressSync(TEXT), Buffer.from('what is behind the end is no part of it')])],
  ];
  for (const [coding, body] of cases) {
    const got = await (await asked(t, proxy, sized(coding, body))).until(END);
    assert.ok(got.startsWith(head('Transfer-Encoding: chunked')), got.slice(0, 200));
    assert.equal(bodyOf(got).join(''), TEXT.toUpperCase(), coding);
    assert.ok(bodyOf(got).every((piece) => piece.length <= 4096));
  }
});

test('S4-24 a decoded generator gets plain pieces as soon as they can be told', async (t) => {
  const proxy = await modifying(
    t,
    'async function* modify(pieces) {',
    "  for await (const piece of pieces) yield '<' + Buffer.from(piece) + '>';",
    "  yield 'end';",
    '}',
  );
  const gzip = zlib.createGzip();
  const origin = await startOrigin(t, ({ socket }) => {
    socket.write(head('Content-Encoding: gzip', 'Connection: close'));
    gzip.on('data', (bytes: Buffer) => socket.write(bytes));
    gzip.on('end', () => socket.end());
    gzip.write('one');
    gzip.flush(zlib.constants.Z_SYNC_FLUSH);
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.0\r\nHost: x\r\n\r\n`);
  await client.until('<one>');
  gzip.end('two');
  assert.match(await client.until('close'), /\r\n\r\n<one><two>end$/);
});

test('S4-24 ORD-15 a request body is decoded for a function, too', async (t) => {
  const proxy = await modifying(t, UPPER);
  const origin = await startOrigin(t, (visit) => {
    if (END.test(visit.received)) visit.socket.write('HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n');
  });
  const body = zlib.gzipSync('hello there');
  const client = await Client.connect(proxy.port);
  client.send(
    `POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n${body.toString('latin1')}`,
  );
  await client.until('201 Made');
  const received = origin.visits[0]?.received ?? '';
  assert.doesNotMatch(received, /content-(encoding|length)/i);
  assert.equal(bodyOf(received).join(''), 'HELLO THERE');
});

test('S4-24 GAP-16 an unknown coding passes as it is, without the function, and is named once', async (t) => {
  const proxy = await modifying(t, "const modify = () => { throw new Error('asked'); };");
  for (const coding of ['zstd', 'gzip, rot13']) {
    const answer = sized(coding, Buffer.from('coded'));
    const got = await (await asked(t, proxy, answer)).until(/coded$/);
    assert.equal(got, answer.toString('latin1'));
  }
  await proxy.until(() => said(proxy).length === 2, 'two answers');
  const warnings = said(proxy, 'warn');
  assert.equal(warnings.length, 2, warnings.join('\n'));
  assert.match(warnings[0] ?? '', /response\.stream: the content coding zstd cannot be taken off/);
  assert.match(warnings[1] ?? '', /response\.stream: the content coding rot13 cannot be taken off/);
  assert.deepEqual(said(proxy, 'error'), []);
});

test('GAP-16 ERR-06 what cannot be decoded is told once, and the body ends as incomplete', async (t) => {
  const good = zlib.gzipSync(TEXT, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  const cases: readonly (readonly [rest: Buffer, ends: boolean])[] = [
    [Buffer.alloc(5000, 0x07), false],
    [Buffer.alloc(0), true],
  ];
  for (const [rest, ends] of cases) {
    const proxy = await modifying(t, UPPER);
    const fields = ends ? ['Connection: close'] : [`Content-Length: ${good.length + rest.length + 9}`];
    const begun = Buffer.concat([Buffer.from(head('Content-Encoding: gzip', ...fields)), good]);
    const origin = await startOrigin(t, ({ socket }) => socket.write(begun));
    const client = await Client.connect(proxy.port);
    client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.until('ALL OF THIS');
    const socket = origin.visits[0]?.socket;
    if (ends) socket?.end();
    else socket?.write(rest);
    const got = await client.until('close');
    assert.doesNotMatch(got, END);
    assert.ok(TEXT.toUpperCase().startsWith(bodyOf(got).join('')));
    const failed = await proxy.row((row) => row.failed && row.scriptFailed);
    const error = errorOf((await proxy.read(failed.id)).flow);
    assert.equal(error?.kind, 'cut-off');
    assert.match(error?.message ?? '', /^the response cannot be decoded: the body is not valid gzip: /);
    const errors = said(proxy, 'error');
    assert.equal(errors.length, 1, errors.join('\n'));
    assert.match(errors[0] ?? '', /in response\.stream: the body is not valid gzip: /);
  }
});

test('GAP-16 what a decoded function throws lets the rest pass plain', async (t) => {
  const proxy = await modifying(t, "const modify = () => { throw new Error('broken'); };");
  const got = await (await asked(t, proxy, sized('gzip', zlib.gzipSync(TEXT)))).until(END);
  assert.equal(bodyOf(got).join(''), TEXT);
  await proxy.row((row) => done(row) && row.scriptFailed && !row.failed);
});

/** A gibibyte of zeros, coded. */
async function gibibyte(): Promise<Buffer> {
  const coder = zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } });
  const parts: Buffer[] = [];
  coder.on('data', (bytes: Buffer) => parts.push(bytes));
  const zeros = Buffer.alloc(16 * 1024 * 1024);
  for (let n = 0; n < 64; n += 1) await new Promise((next) => coder.write(zeros, next));
  await new Promise<void>((resolve) => coder.on('end', resolve).end());
  return Buffer.concat(parts);
}

test('S4-24 a gibibyte made of little comes in small pieces, and nothing of it is kept', async () => {
  const size = 1024 * 1024 * 1024;
  const body = await gibibyte();
  assert.ok(body.length < 1024 * 1024, `${body.length} bytes`);
  let seen = 0;
  let longest = 0;
  let most = 0;
  const before = process.memoryUsage().rss;
  const looker = new Looker(
    (piece: Uint8Array) => {
      seen += piece.length;
      longest = Math.max(longest, piece.length);
      most = Math.max(most, process.memoryUsage.rss());
      return null;
    },
    4096,
    new Decoding(['br']),
  );
  assert.deepEqual(await looker.look(body, [body.length], true), []);
  assert.equal(looker.failure, null);
  assert.equal(seen, size);
  assert.ok(longest <= 65_536, `a piece of ${longest} bytes`);
  assert.ok(most - before < 200 * 1024 * 1024, `${most - before} bytes more`);
});

test('S4-24 GAP-16 a gibibyte that a function would pass on at once is refused before it fills the memory', async () => {
  const looker = new Looker((piece: Uint8Array) => piece, 4096, new Decoding(['br']));
  const out = await looker.look(await gibibyte(), null, true);
  const size = out.reduce((sum, piece) => sum + piece.length, 0);
  assert.ok(size < 130 * 1024 * 1024, `${size} bytes`);
  assert.match(String(looker.failure), /more than 128\S* came at once/);
  assert.ok(looker.isBroken);
  assert.deepEqual(await looker.look(Buffer.from('more'), null, true), []);
});

test('GAP-16 a thread that dies while it decodes ends the body: coded bytes never follow without their header', async (t) => {
  const proxy = await modifying(t, 'const modify = () => { while (true); };');
  const coded = zlib.gzipSync('plain text '.repeat(1000));
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${coded.length}\r\n\r\n`;
  const origin = await startOrigin(t, (visit) => visit.socket.write(Buffer.concat([Buffer.from(head), coded])));
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('close');
  assert.match(client.received.slice(client.received.indexOf('\r\n\r\n')), /^(\r\n\r\n)?$/, 'no byte of the body');
  const row = await proxy.row((one) => one.failed);
  assert.ok(row.scriptFailed);
  const error = errorOf((await proxy.read(row.id)).flow);
  assert.equal(error?.kind, 'cut-off');
  assert.match(error?.message ?? '', /^the response cannot be decoded: it did not answer within 2 s and was stopped$/);
});

test('S4-24 GAP-16 where a later script says how a body goes on, its coding and its head still belong together', async (t) => {
  const coded = zlib.gzipSync(TEXT);
  const cases: readonly (readonly [stream: string, isPlain: boolean, text: string])[] = [
    ['true', false, TEXT],
    ['false', false, TEXT],
    ['(piece) => piece', false, TEXT],
    ["decoded((piece) => Buffer.from(piece).toString('latin1').replaceAll('i', '!'))", true, TEXT.replaceAll('i', '!')],
    ['undefined', true, TEXT.toUpperCase()],
  ];
  for (const [stream, isPlain, text] of cases) {
    const folder = temporaryFolder(t);
    const [first, second] = [path.join(folder, 'first.mjs'), path.join(folder, 'second.mjs')];
    const upper = `${UPPER}\nexport const responseheaders = ({ response }) => { response.stream = decoded(modify); };`;
    fs.writeFileSync(first, `import { decoded } from 'sluice';\n${upper}\n`);
    const later = `if (stream !== undefined) response.stream = stream; response.headers.set('x-later', 'yes');`;
    const hook = `export const responseheaders = ({ response }) => { ${later} };`;
    fs.writeFileSync(second, `import { decoded } from 'sluice';\nconst stream = ${stream};\n${hook}\n`);
    const proxy = await startProxy(t, { scripts: [first, second] });
    const origin = await startOrigin(t, ({ socket }) => socket.write(sized('gzip', coded)));
    const got = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
    assert.match(got, /\r\nx-later: yes\r\n/, stream);
    assert.equal(/\r\nContent-Encoding: gzip\r\n/.test(got), !isPlain, stream);
    const body = /\r\nTransfer-Encoding: chunked\r\n/i.test(got)
      ? bodyOf(got).join('')
      : got.slice(got.indexOf('\r\n\r\n') + 4);
    const bytes = Buffer.from(body, 'latin1');
    assert.equal((isPlain ? bytes : zlib.gunzipSync(bytes)).toString(), text, stream);
  }
});
