import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { sourceOf } from '../../src/content/source.js';
import { readFlows } from '../../src/store/savedfile.js';
import { residentBytes } from '../bench/memory.js';
import { noPty, startSluice } from '../support/pty.js';

/*
 * More than fits into memory: 20,000 flows with 4 GB of bodies pass the real program, or as many as SLUICE_VOLUME says
 * (100,000 are 20 GB). Some of them, filtered out of all by their URL and saved, hold what was sent.
 */

const FLOWS = Number(process.env.SLUICE_VOLUME ?? 20_000);
const SIZE = 200_000;
const CLIENTS = 8;
const SAMPLES = 50;
const BOUND_MB = 350;
const MB = 1024 * 1024;
const MINUTES = 12 * 60_000;

/** For a test's `skip`: false, or that the disk has too little room. */
function noRoom(): string | false {
  const { bavail, bsize } = fs.statfsSync(os.tmpdir());
  const needed = 1.5 * FLOWS * SIZE;
  return bavail * bsize < needed && `less than ${Math.ceil(needed / 1e9)} GB free in ${os.tmpdir()}`;
}

const skip = noPty || noRoom() || (residentBytes(process.pid) === null && 'no /proc');

/** Bytes that do not repeat; each body is a part of them. */
const BYTES = randomFillSync(Buffer.alloc(2 * SIZE));

function bodyOf(number: number): Buffer {
  const from = (number * 7919) % SIZE;
  return BYTES.subarray(from, from + SIZE);
}

async function startOrigin(t: TestContext): Promise<number> {
  const server = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'application/octet-stream');
    response.end(bodyOf(Number(request.url?.slice(1))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as net.AddressInfo).port;
}

async function fetchThrough(proxy: number, url: string, agent: http.Agent): Promise<void> {
  const request = http.get({ host: '127.0.0.1', port: proxy, path: url, agent, headers: { Host: 'origin' } });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let bytes = 0;
  for await (const piece of response) bytes += (piece as Buffer).length;
  assert.equal(bytes, SIZE);
}

/** Fetches every number with some clients; the highest resident memory of the program meanwhile, in bytes. */
async function fetchAll(proxy: number, origin: number, pid: number): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  let highest = 0;
  const watching = setInterval(() => {
    highest = Math.max(highest, residentBytes(pid) ?? 0);
  }, 50);
  let next = 0;
  const client = async (): Promise<void> => {
    for (let number = next++; number < FLOWS; number = next++)
      await fetchThrough(proxy, `http://127.0.0.1:${origin}/${number}`, agent);
  };
  try {
    await Promise.all(Array.from({ length: CLIENTS }, client));
  } finally {
    clearInterval(watching);
    agent.destroy();
  }
  return highest;
}

test(`the bodies of ${FLOWS} flows, ${(FLOWS * SIZE) / 1e9} GB, are kept in little memory, and what a disk in time has taken is what was sent`, {
  skip,
  timeout: MINUTES,
}, async (t) => {
  const origin = await startOrigin(t);
  const { pty, port, home } = await startSluice(t, ['--set', 'sessions_size=100g']);
  const begun = performance.now();
  const highest = await fetchAll(port, origin, pty.pid);
  const seconds = (performance.now() - begun) / 1000;
  t.diagnostic(
    `${Math.round(highest / MB)} MB resident at most, ${Math.round((FLOWS * SIZE) / seconds / 1e6)} MB/s recorded`,
  );
  await pty.waitFor(`/${FLOWS}]`);
  const numbers = Array.from({ length: SAMPLES }, (_, at) => Math.floor(((at + 0.5) * FLOWS) / SAMPLES));
  pty.send(`:set view_filter '~u "/(${numbers.join('|')})$"'\r`);
  await pty.waitFor(`${SAMPLES} of `);
  const file = path.join(home, 'some.mitm');
  pty.send(`:save.file @shown ${file}\r`);
  await pty.waitFor(`${SAMPLES} flows saved`, 60_000);
  let [count, missing] = [0, 0];
  for await (const { flow } of readFlows(file, ({ text }) => assert.fail(text))) {
    assert.ok('request' in flow && flow.response);
    count += 1;
    if (flow.response.body) {
      const source = sourceOf(flow.response.body);
      assert.ok(bodyOf(Number(flow.request.path.slice(1))).equals(source.read(0, source.size)), flow.request.path);
    } else missing += 1;
  }
  assert.equal(count, SAMPLES);
  if (missing > 0) t.diagnostic(`the disk was too slow for ${missing} of ${SAMPLES} bodies`);
  assert.ok(missing <= SAMPLES / 2);
  fs.rmSync(file);
  assert.ok(highest < BOUND_MB * MB, `${Math.round(highest / MB)} MB resident`);
});
