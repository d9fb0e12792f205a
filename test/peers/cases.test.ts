import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { CASES, naughtyStrings, noCases } from '../support/cases.js';
import { freePort } from '../support/nginx.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';
import { noPty, type RunningSluice, startSluice } from '../support/pty.js';
import { strangers } from '../support/stream.js';
import { run } from './command.js';

/*
 * Public test suites of others, run against the proxy at its socket and against the console at its terminal.
 */

// --- HTTP/1

const ABSENT = 'names a host that is not there, so 502 is the right answer';
const EMPTY_PATH = 'an empty path becomes "/" (RFC 9112 3.2.1), which the runner takes for another meaning';

/** Cases the runner counts as failed although what the proxy does is right, by mode. */
const EXPECTED: Readonly<Record<'forward' | 'connect', Readonly<Record<string, string>>>> = {
  forward: { 'llhttp-req-uri-L55': ABSENT, 'llhttp-req-uri-L78': ABSENT, 'llhttp-req-uri-L128': ABSENT },
  connect: { 'llhttp-req-uri-L55': EMPTY_PATH, 'llhttp-req-uri-L78': EMPTY_PATH },
};

interface Result {
  readonly id: string;
  readonly ok: boolean;
  readonly skip: boolean;
  readonly why: string;
}

async function runCases(t: TestContext, proxy: RunningProxy, mode: string, delivery: string): Promise<Result[]> {
  const file = path.join(temporaryFolder(t), 'results.json');
  const where = ['--proxy', `127.0.0.1:${proxy.port}`, '--mode', mode, '--upstream', String(await freePort())];
  const how = ['--delivery', delivery, '--out', file];
  const script = path.join(CASES, 'tools/run_h1.mjs');
  const ended = await run(process.execPath, [script, ...where, ...how], { deadline: 120_000 });
  assert.ok(fs.existsSync(file), `the runner did not finish (${ended.code}): ${ended.out}${ended.err}`);
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { results: Result[] }).results;
}

/** The whole answer to raw bytes on a connection of their own; ends with the connection. */
async function rawExchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = net.connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {}); // the close that follows ends the answer
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks);
}

test('the HTTP/1 cases of llhttp, node and h11 pass', { skip: noCases, concurrency: 6 }, async (t) => {
  const runs = (['forward', 'connect'] as const).flatMap((mode) =>
    ['whole', 'random', 'bytes'].map((delivery) => {
      return t.test(`${mode}, delivered ${delivery}: no smuggling, no lost message (H1-01 to H1-07)`, async (one) => {
        const proxy = await startProxy(one);
        const results = await runCases(one, proxy, mode, delivery);
        assert.ok(results.length > 300, `only ${results.length} cases were run`);
        const failed = results.filter(({ ok, skip }) => !ok && !skip);
        const surprises = failed.filter(({ id }) => !Object.hasOwn(EXPECTED[mode], id));
        assert.deepEqual(surprises, []);
        assert.deepEqual(failed.map(({ id }) => id).sort(), Object.keys(EXPECTED[mode]).sort());
        const answer = await rawExchange(proxy.port, Buffer.from('GET / HTTP/1.1\r\nHost: sluice.test\r\n\r\n'));
        assert.match(answer.toString('latin1'), /^HTTP\/1\.1 \d\d\d /, 'the proxy does not answer any more');
      });
    }),
  );
  await Promise.all(runs);
});

// --- the terminal

const skip = noCases || noPty;

/** A server that answers `/response/N` with string N wherever a response has room for it, and all else with "ok". */
async function startEcho(t: TestContext, strings: readonly Buffer[]): Promise<number> {
  const server = net.createServer((socket) => {
    let seen = '';
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      seen += bytes.toString('latin1');
      if (!seen.includes('\r\n\r\n')) return;
      const at = /^\S+ \/response\/(\d+) /.exec(seen)?.[1];
      const text = (at === undefined ? undefined : strings[Number(at)]) ?? Buffer.from('ok');
      const type = 'Content-Type: text/plain; charset=utf-8\r\nConnection: close';
      const head = `HTTP/1.1 200 ${onLine(text)}\r\nX-Naughty: ${onLine(text)}\r\n${type}\r\n`;
      socket.end(Buffer.concat([latin(`${head}Content-Length: ${text.length}\r\n\r\n`), text]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

function latin(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Bytes that stay on their line; everything else in them is left as it is. */
function onLine(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\r\n]/g, ' ');
}

/** Types a command at the prompt. */
function command(sluice: RunningSluice, text: string): void {
  sluice.pty.send(`:${text}\r`);
}

test('naughty strings in path, header, body and reason never reach the terminal as control sequences (UI-FV-07)', {
  skip,
}, async (t) => {
  const strings = naughtyStrings().map(({ bytes }) => bytes);
  assert.ok(strings.length > 500, `only ${strings.length} strings`);
  const upstream = await startEcho(t, strings);
  const sluice = await startSluice(t, ['--console-focus-follow']);
  const { pty } = sluice;
  const origin = `127.0.0.1:${upstream}`;
  const exchange = (method: string, rest: string, fields = '', body: Buffer = Buffer.alloc(0)): Promise<Buffer> => {
    const length = body.length > 0 ? `Content-Length: ${body.length}\r\n` : '';
    const head = `${method} http://${origin}/${rest} HTTP/1.1\r\nHost: ${origin}\r\n${fields}${length}`;
    return rawExchange(sluice.port, Buffer.concat([latin(`${head}Connection: close\r\n\r\n`), body]));
  };
  for (const text of strings) await exchange('GET', onLine(text));
  for (const [at, text] of strings.entries())
    await exchange('POST', `request/${at}`, `X-Naughty: ${onLine(text)}\r\n`, text);
  for (const at of strings.keys()) await exchange('GET', `response/${at}`);
  const total = strings.length * 3;
  await pty.waitFor(`[${total}/${total}]`);
  command(sluice, 'set console_focus_follow false');
  pty.send('g');
  await pty.waitFor(`[1/${total}]`);
  for (let at = 1; at < strings.length; ) {
    pty.send(' ');
    const before = at;
    at = await pty.until((screen) => {
      const now = Number(/\[(\d+)\//.exec(screen)?.[1]);
      return now > before && now;
    }, `a page after ${before}`);
  }
  for (const [side, first] of [
    ['request', strings.length],
    ['response', strings.length * 2],
  ] as const) {
    command(sluice, `view.focus.go ${first}`);
    await pty.waitFor(`[${first + 1}/${total}]`);
    pty.send(side === 'request' ? '\r' : '\r\t');
    for (const at of strings.keys()) {
      const isOpen = (screen: string): boolean =>
        screen.includes(`[${first + at + 1}/`) && screen.includes(`/${side}/${at}`) && !screen.includes('reading …');
      await pty.until(isOpen, `the ${side} of string ${at}`);
      if (at < strings.length - 1) pty.send(' ');
    }
    pty.send('q');
    await pty.waitFor(/^ Flows/);
  }
  assert.deepEqual(strangers(pty.output), []);
  pty.send('Q');
  assert.equal(await pty.end(), 0);
});

test('naughty strings pasted into the prompt are drawn as harmless glyphs and run as nothing (UI-PR-03)', {
  skip,
}, async (t) => {
  const { pty } = await startSluice(t);
  pty.send(':');
  await pty.waitFor(/^: /m);
  for (const [at, { bytes }] of naughtyStrings().entries()) {
    const text = bytes.toString('utf8').replaceAll('\x1b[201~', '');
    pty.send(`\x15\x1b[200~${text} end of ${at}.\x1b[201~`);
    await pty.waitFor(` end of ${at}.`);
  }
  assert.deepEqual(strangers(pty.output), []);
  pty.send('\x1b');
  await pty.until((screen) => !/^: /m.test(screen), 'the prompt gone');
  pty.send('Q');
  assert.equal(await pty.end(), 0);
});
