import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { fetchThrough } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { temporaryFolder } from '../support/proxy.js';

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => done(port));
    });
  });
}

let made: Promise<Buffer> | null = null;

/** A dump with three flows, /one, /two and a failed one, made once and then put where it is wanted. */
async function dumpFile(t: TestContext): Promise<string> {
  made ??= makeDump(t);
  const file = path.join(temporaryFolder(t), 'a.mitm');
  fs.writeFileSync(file, await made);
  return file;
}

async function makeDump(t: TestContext): Promise<Buffer> {
  const file = path.join(temporaryFolder(t), 'made.mitm');
  const origin = await startOrigin(t, answering(response('answer')));
  const port = await freePort();
  const command = await runCommand(t, 'dump', '-p', String(port), '-w', file, '--until', '~e');
  await reachable(port);
  for (const url of [`${origin.port}/one`, `${origin.port}/two`, '9/refused'])
    await fetchThrough(port, `http://127.0.0.1:${url}`);
  assert.equal(await command.code, 0, command.complaints());
  assert.match(command.out(), /GET http:\/\/127\.0\.0\.1:\d+\/one « 200 OK 6b .*\n.*\/two « 200 OK/);
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  return fs.readFileSync(file);
}

async function reachable(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const isOpen = await new Promise<boolean>((done) => {
      const socket = net.connect(port, '127.0.0.1', () => done(true));
      socket.on('error', () => done(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error('the port never opened');
}

test('OPT-18 OPT-91 dump prints flows as they finish and writes them to a file that it reads again, filtered', async (t) => {
  const file = await dumpFile(t);
  const all = await runCommand(t, 'dump', '--no-server', '-r', file);
  assert.equal(await all.code, 0);
  assert.deepEqual(all.out().match(/\/(one|two|refused)/g), ['/one', '/two', '/refused']);
  const some = await runCommand(t, 'dump', '--no-server', '-r', file, '--flow-detail', '3', '/two');
  assert.equal(await some.code, 0);
  assert.match(some.out(), /\/two « 200[\s\S]*Content-Length: 6[\s\S]*\n {4}answer\n/);
  assert.doesNotMatch(some.out(), /\/one/);
});

test('HAR-01 HAR-02 dump converts a dump to HAR and back; JSON is one flow a line', async (t) => {
  const file = await dumpFile(t);
  const har = path.join(temporaryFolder(t), 'b.har');
  assert.equal(await (await runCommand(t, 'dump', '--no-server', '-r', file, '-w', har, '--flow-detail', '0')).code, 0);
  assert.equal(JSON.parse(fs.readFileSync(har, 'utf8')).log.entries.length, 3);
  const lines = await runCommand(t, 'dump', '--no-server', '-r', har, '--json');
  assert.equal(await lines.code, 0);
  const flows = lines
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    flows.map(({ response: answer }) => answer?.status ?? null),
    [200, 200, null],
  );
});

test('GAP-03 GAP-06 HAR-01 HAR-02 a body that was cut off stays partial in a dump and in a HAR', async (t) => {
  const folder = temporaryFolder(t);
  const [first, har, last] = ['a.mitm', 'b.har', 'c.mitm'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  const origin = await startOrigin(
    t,
    ({ socket }) => void socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun`),
  );
  const port = await freePort();
  const proxy = await runCommand(t, 'dump', '-p', String(port), '-w', first, '--until', '~e');
  await reachable(port);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/cut`).catch(() => {}); // it sees the cut, too
  assert.equal(await proxy.code, 0, proxy.complaints());
  for (const [from, to] of [
    [first, har],
    [har, last],
  ] as const) {
    const command = await runCommand(t, 'dump', '-r', from, '-w', to, '--flow-detail', '3');
    assert.equal(await command.code, 0, command.complaints());
    assert.match(command.out(), / {4}content partial: 5 of 10 bytes, .*\n\n {4}begun\n/);
  }
  const [entry] = JSON.parse(fs.readFileSync(har, 'utf8')).log.entries;
  assert.equal(entry.response.content.text, 'begun');
  assert.match(entry.response.content.comment, /^partial: 5 of 10 bytes, /);
  const lines = await runCommand(t, 'dump', '-r', last, '--json', '~b begun');
  assert.equal(await lines.code, 0);
  const { response: answer, error } = JSON.parse(lines.out());
  assert.deepEqual([answer.content, answer.size, error.kind], ['partial', 5, 'cut-off']);
});

test('GAP-06 a request that was answered before it ended stays partial in a file', async (t) => {
  const file = path.join(temporaryFolder(t), 'a.mitm');
  const origin = await startOrigin(
    t,
    ({ socket }) => void socket.end(response('no').replace('\r\n', '\r\nConnection: close\r\n')),
  );
  const port = await freePort();
  const proxy = await runCommand(t, 'dump', '-p', String(port), '-w', file, '--until', '~s', '--count', '1');
  await reachable(port);
  const target = `http://127.0.0.1:${origin.port}/early`;
  const client = net.connect(port, '127.0.0.1');
  client.write(`POST ${target} HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\nContent-Length: 10\r\n\r\nabc`);
  await new Promise((done) => client.on('error', done).on('close', done).resume());
  assert.equal(await proxy.code, 0, proxy.complaints());
  const lines = await runCommand(t, 'dump', '-r', file, '--json');
  assert.equal(await lines.code, 0);
  const { request } = JSON.parse(lines.out());
  assert.deepEqual([request.content, request.size], ['partial', 3]);
});

test('dump prints a flow of a file whose clock went back', async (t) => {
  const file = path.join(temporaryFolder(t), 'a.har');
  const request = { method: 'GET', url: 'http://a.test/back', httpVersion: 'HTTP/1.1', headers: [] };
  const answer = { status: 200, statusText: 'OK', httpVersion: 'HTTP/1.1', headers: [], content: { size: 0 } };
  const own = { request: { startedAt: 2000, endedAt: 2001 }, response: { startedAt: 1000, endedAt: 1001 } };
  const entry = { startedDateTime: '2023-01-02T03:04:05Z', time: 1, timings: {}, request, response: answer };
  fs.writeFileSync(file, JSON.stringify({ log: { version: '1.2', entries: [{ ...entry, _sluice: own }] } }));
  const command = await runCommand(t, 'dump', '-r', file);
  assert.equal(await command.code, 0, command.complaints());
  assert.match(command.out(), /GET http:\/\/a\.test\/back « 200 OK/);
});

test('ORD-19 S2-01 flows that are read pass through the loaded scripts, and what these change is written', async (t) => {
  const file = await dumpFile(t);
  const folder = temporaryFolder(t);
  const script = path.join(folder, 't.mjs');
  fs.writeFileSync(script, "export function response(flow) { flow.response.text = 'changed'; }\n");
  const changed = path.join(folder, 'changed.mitm');
  const words = ['--no-server', '-r', file, '-s', script, '-w', changed, '--flow-detail', '0'];
  assert.equal(await (await runCommand(t, 'dump', ...words)).code, 0);
  const read = await runCommand(t, 'dump', '--no-server', '-r', changed, '--flow-detail', '3');
  assert.equal(await read.code, 0);
  assert.equal(read.out().match(/\n {4}changed\n/g)?.length, 2);
});

test('NF-09 NF-11 what cannot be read is a sentence that names the file, and a code for it', async (t) => {
  const folder = temporaryFolder(t);
  const file = await dumpFile(t);
  const damaged = path.join(folder, 'damaged.mitm');
  fs.writeFileSync(damaged, fs.readFileSync(file).subarray(0, -100));
  const half = await runCommand(t, 'dump', '--no-server', '-r', damaged);
  assert.equal(await half.code, 1);
  assert.match(half.out(), /\/one[\s\S]*\/two/);
  assert.match(half.complaints(), /damaged\.mitm: /);
  const missing = await runCommand(t, 'dump', '--no-server', '-r', path.join(folder, 'none'));
  assert.equal(await missing.code, 1);
  assert.match(missing.complaints(), /^sluice: \S+\/none cannot be read: there is no such file or folder\n$/);
});

test('FO-18 NF-10 OPT-91 dump of a file is no proxy: it ends beside one that runs, and its filters look into bodies', async (t) => {
  const file = await dumpFile(t);
  const port = await freePort();
  const running = await runCommand(t, 'dump', '-p', String(port));
  await reachable(port);
  const found = await runCommand(t, 'dump', '-r', file, '~bs ^answer$', '&', '~u two');
  assert.equal(await found.code, 0);
  assert.match(found.out(), /^\S+ GET \S+\/two « 200 OK [^\n]*\n$/);
  const none = await runCommand(t, 'dump', '-r', file, '~bs nothing');
  assert.equal(await none.code, 0);
  assert.equal(none.out(), '');
  const awaited = await runCommand(
    t,
    'dump',
    '-r',
    file,
    '--flow-detail',
    '0',
    '--until',
    '~bs ^answer$',
    '--count',
    '2',
  );
  assert.equal(await awaited.code, 0);
  assert.equal(awaited.complaints(), '');
  running.child.kill('SIGTERM');
});

test('dump ends with code 1 when what --until waits for has not come in time, and quietly when nobody reads on', async (t) => {
  const file = await dumpFile(t);
  const late = await runCommand(t, 'dump', '-p', String(await freePort()), '--until', '~c 418', '--timeout', '1');
  assert.equal(await late.code, 1);
  const never = await runCommand(t, 'dump', '--no-server', '-r', file, '--until', '~c 418');
  assert.equal(await never.code, 1);
  const cut = await runCommand(t, 'dump', '--no-server', '-r', file, '--flow-detail', '4');
  cut.child.stdout?.destroy();
  assert.equal(await cut.code, 0);
  assert.equal(cut.complaints(), '');
});
