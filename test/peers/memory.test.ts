import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import path from 'node:path';
import { pipeline, Readable } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { residentBytes, watchGrowth } from '../bench/memory.js';
import { selfSigned } from '../support/nginx.js';
import { makeHome, noPty, type RunningSluice, startSluice } from '../support/pty.js';
import { type Ended, missing, run } from './command.js';

/*
 * What the real program keeps of bodies far larger than it should keep: 2 GiB each way by curl, while the resident
 * memory of its process is watched.
 */

const skip = noPty || missing('curl', 'openssl', 'sh', 'head') || (residentBytes(process.pid) === null && 'no /proc');

const SIZE = 2 * 1024 ** 3;
const BOUND_MB = 64;
const MB = 1024 * 1024;
const SECONDS = 240;

const PIECE = Buffer.alloc(64 * 1024);

/** What the origin was sent. */
interface Taken {
  readonly method: string;
  readonly framing: string;
  readonly bytes: number;
}

interface Origin {
  readonly url: string;
  readonly taken: Taken[];
}

/** Sends the same piece over and over, as fast as the other side takes it. */
function pour(response: http.ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': SIZE });
  let left = SIZE;
  const source = new Readable({
    highWaterMark: PIECE.length,
    read() {
      this.push(left > 0 ? PIECE : null);
      left -= PIECE.length;
    },
  });
  pipeline(source, response, () => {}); // a response cut short is seen by curl
}

function framingOf({ headers }: http.IncomingMessage): string {
  return headers['transfer-encoding'] ?? `length ${headers['content-length']}`;
}

/** A server that keeps nothing: 2 GiB for a GET of /large, a word for any other, and a count of what is put. */
async function startOrigin(t: TestContext, scheme: 'http' | 'https'): Promise<Origin> {
  const taken: Taken[] = [];
  const answer: http.RequestListener = (request, response) => {
    if (request.url === '/large') {
      pour(response);
      return;
    }
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
    });
    request.on('end', () => {
      if (request.method === 'PUT') taken.push({ method: 'PUT', framing: framingOf(request), bytes });
      response.end('small\n');
    });
  };
  const folder = makeHome();
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const server = scheme === 'http' ? http.createServer(answer) : https.createServer(identity(folder), answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `${scheme}://127.0.0.1:${(server.address() as net.AddressInfo).port}`, taken };
}

function identity(folder: string): https.ServerOptions {
  const { cert, key } = selfSigned(folder, 'localhost');
  return { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
}

interface Between {
  readonly sluice: RunningSluice;
  readonly origin: Origin;
  /** The words for curl through sluice, whose certificate it trusts. */
  words(...more: string[]): string[];
}

/** sluice that streams, warmed up by a small request. */
async function between(t: TestContext, scheme: 'http' | 'https'): Promise<Between> {
  const origin = await startOrigin(t, scheme);
  const sluice = await startSluice(t, ['--stream', '1m', '-k']);
  const way = ['--noproxy', '', '-x', sluice.proxyUrl, '--cacert', sluice.caFile];
  const words = (...more: string[]): string[] => ['-q', '-sS', '--max-time', `${SECONDS}`, ...way, ...more];
  assert.equal(succeeded(await run('curl', words(`${origin.url}/small`))), 'small\n');
  await sluice.pty.waitFor(/\/small\s+200/);
  return { sluice, origin, words };
}

function succeeded(ended: Ended): string {
  assert.equal(ended.code, 0, ended.err);
  return ended.out;
}

/** Runs something and says, in MB, by how much sluice grew at its highest. */
async function growth(sluice: RunningSluice, transfer: () => Promise<void>): Promise<number> {
  const stop = watchGrowth(sluice.pty.pid);
  try {
    await transfer();
  } finally {
    stop();
  }
  const bytes = stop();
  assert.ok(bytes !== null, 'the memory of sluice could not be read');
  return bytes / MB;
}

function bounded(t: TestContext, megabytes: number): void {
  t.diagnostic(`sluice grew by ${megabytes.toFixed(1)} MB`);
  assert.ok(megabytes < BOUND_MB, `sluice grew by ${megabytes.toFixed(1)} MB, not less than ${BOUND_MB} MB`);
}

async function downloads(t: TestContext, scheme: 'http' | 'https'): Promise<void> {
  const { sluice, origin, words } = await between(t, scheme);
  const grown = await growth(sluice, async () => {
    const form = ['-o', '/dev/null', '-w', '%{http_code} %{size_download}'];
    const ended = await run('curl', words(...form, `${origin.url}/large`), { deadline: SECONDS * 1000 });
    assert.equal(succeeded(ended), `200 ${SIZE}`);
    await sluice.pty.waitFor(/\/large\s+200/);
  });
  bounded(t, grown);
}

/** Uploads with a program that takes curl's words after its own. */
async function uploads(t: TestContext, program: readonly string[], source: string, framing: string): Promise<void> {
  const { sluice, origin, words } = await between(t, 'http');
  if (source !== '-') {
    fs.writeFileSync(path.join(sluice.home, source), '');
    fs.truncateSync(path.join(sluice.home, source), SIZE);
  }
  const [file = '', ...first] = program;
  const grown = await growth(sluice, async () => {
    const form = ['-o', '/dev/null', '-w', '%{http_code}', '-T', source];
    const settings = { cwd: sluice.home, deadline: SECONDS * 1000 };
    const ended = await run(file, [...first, ...words(...form, `${origin.url}/put`)], settings);
    assert.equal(succeeded(ended), '200');
    await sluice.pty.waitFor(/\/put\s+200/);
  });
  assert.deepEqual(origin.taken, [{ method: 'PUT', framing, bytes: SIZE }]);
  bounded(t, grown);
}

test('a 2 GB streamed download over HTTP costs less than 64 MB of memory', { skip }, (t) => downloads(t, 'http'));

test('a 2 GB streamed download over intercepted HTTPS costs less than 64 MB of memory', { skip }, (t) =>
  downloads(t, 'https'),
);

test('a 2 GB streamed upload in chunks costs less than 64 MB of memory', { skip }, (t) =>
  uploads(t, ['sh', '-c', `head -c ${SIZE} /dev/zero | exec curl "$@"`, 'sh'], '-', 'chunked'),
);

test('a 2 GB streamed upload with a length costs less than 64 MB of memory', { skip }, (t) =>
  uploads(t, ['curl'], 'zeros', `length ${SIZE}`),
);
