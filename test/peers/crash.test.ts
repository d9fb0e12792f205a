import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { brokenSession, openSession } from '../../src/cli/sessionfolder.js';
import { sourceOf } from '../../src/content/source.js';
import { fieldValue } from '../../src/flow/fields.js';
import { responseOf } from '../../src/flow/flow.js';
import type { FlowRow } from '../../src/flow/row.js';
import { isMistake } from '../../src/options.js';
import { type Random, randomOf } from '../flow/random.js';
import { Client } from '../support/client.js';
import { type RunningProxy, shareAuthority, startProxy } from '../support/proxy.js';
import {
  MAIN,
  makeHome,
  noPty,
  quietEnvironment,
  type RunningSluice,
  startInPty,
  startSluice,
} from '../support/pty.js';
import { readTalk, told } from '../support/talk.js';
import { openWebSocketAt, startWebSocketOrigin, type TalkingClient } from '../support/websocket.js';
import { run } from './command.js';

/*
 * The real console is killed at a random point while it has much to do, again and again; what comes back is compared
 * with what the server and the clients of this test saw.
 */

const RUNS = 50;
/** Milliseconds before the kill up to which everything that had come is there again: 200 are promised. */
const LOST = 300;
const CLIENTS = 4;

/** What was seen, and when: milliseconds on the clock of this process. */
interface Seen<Value> {
  readonly value: Value;
  readonly at: number;
}

interface Answer {
  readonly path: string;
  readonly status: number;
  readonly body: Buffer;
}

/** The body at a path: no two are the same, and every eighth is larger than what stays in memory. */
function bodyOf(path: string): Buffer {
  const number = Number(path.split('/').at(-1));
  const body = Buffer.alloc(number % 8 === 3 ? 70_000 + 1000 * (number % 300) : 20 + (number % 3000), `${path} `);
  return body;
}

/** Some bodies take a while, so that there are always some under way. */
function isSlow(path: string): boolean {
  return Number(path.split('/').at(-1)) % 16 === 11;
}

async function dribble(response: http.ServerResponse, body: Buffer): Promise<void> {
  const size = Math.ceil(body.length / 40);
  for (let at = 0; at < body.length && !response.destroyed; at += size) {
    response.write(body.subarray(at, at + size));
    await wait(5);
  }
  response.end();
}

function eventOf(number: number): string {
  return `data: event ${number} ${'.'.repeat(number % 60)}\n\n`;
}

interface Origin {
  readonly port: number;
  /** Paths that were asked for. */
  readonly asked: Set<string>;
  /** Events that were sent. */
  events: number;
}

async function startOrigin(t: TestContext): Promise<Origin> {
  const origin = { port: 0, asked: new Set<string>(), events: 0 };
  const server = http.createServer((request, response) => {
    const { url = '' } = request;
    origin.asked.add(url);
    if (url !== '/events') {
      const body = bodyOf(url);
      const status = 200 + (Number(url.split('/').at(-1)) % 3);
      response.writeHead(status, { 'Content-Length': body.length, 'X-Path': url, 'Set-Cookie': ['a=1', 'b=2'] });
      if (isSlow(url)) void dribble(response, body);
      else response.end(body);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const timer = setInterval(() => {
      response.write(eventOf(origin.events));
      origin.events += 1;
    }, 3);
    response.on('close', () => clearInterval(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  origin.port = (server.address() as net.AddressInfo).port;
  return origin;
}

/** Clients that ask one thing after the other, one that listens to events and one that talks. */
class Load {
  readonly answers: Seen<Answer>[] = [];
  /** How much of the event stream had come. */
  readonly events: Seen<number>[] = [];
  /** How many messages had come back. */
  readonly heard: Seen<number>[] = [];
  private isOver = false;
  private next = 0;
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  private talking: TalkingClient | null = null;
  private stream: Client | null = null;
  sent = 0;

  constructor(
    private readonly proxyPort: number,
    private readonly origin: Origin,
  ) {}

  async begin(talkPort: number): Promise<void> {
    const url = `http://127.0.0.1:${this.origin.port}`;
    this.stream = await Client.connect(this.proxyPort);
    const { stream } = this;
    stream.socket.on('data', () => this.events.push({ value: stream.received.length, at: performance.now() }));
    stream.send(`GET ${url}/events HTTP/1.1\r\nHost: x\r\n\r\n`);
    await stream.until('event 0');
    this.talking = await openWebSocketAt(this.proxyPort, talkPort);
    const { heard, socket } = this.talking;
    socket.on('message', () => this.heard.push({ value: heard.length, at: performance.now() }));
    void this.talk();
    for (let index = 0; index < CLIENTS; index += 1) void this.ask(url);
  }

  /** What had come of the event stream's body by that time. */
  eventsBy(at: number): string {
    const length = this.events.findLast((seen) => seen.at <= at)?.value ?? 0;
    const received = this.stream?.received.slice(0, length) ?? '';
    return unchunked(received.slice(received.indexOf('\r\n\r\n') + 4));
  }

  end(): void {
    this.isOver = true;
    this.agent.destroy();
    this.talking?.socket.terminate();
    this.stream?.socket.destroy();
  }

  private async talk(): Promise<void> {
    while (!this.isOver) {
      this.talking?.socket.send(`message ${this.sent}`);
      this.sent += 1;
      await wait(3);
    }
  }

  private async ask(url: string): Promise<void> {
    while (!this.isOver) {
      const path = `/flow/${this.next}`;
      this.next += 1;
      try {
        const answer = await this.get(`${url}${path}`, path);
        this.answers.push({ value: answer, at: performance.now() });
      } catch {
        return; // the proxy is gone
      }
    }
  }

  private get(url: string, path: string): Promise<Answer> {
    return new Promise((done, fail) => {
      const { agent, proxyPort: port } = this;
      const request = http.get({ host: '127.0.0.1', port, path: url, agent }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', fail);
        response.on('end', () => {
          if (response.complete) done({ path, status: response.statusCode ?? 0, body: Buffer.concat(pieces) });
          else fail(new Error('cut off'));
        });
      });
      request.on('error', fail);
    });
  }
}

/** The content of whole chunks (RFC 9112 7.1). */
function unchunked(text: string): string {
  let content = '';
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (line < 0 || text.length < line + 2 + size) return content;
    content += text.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}

interface Killed {
  readonly origin: Origin;
  readonly load: Load;
  readonly home: string;
  /** When. */
  readonly at: number;
}

async function killUnderLoad(t: TestContext, random: Random): Promise<Killed> {
  const home = makeHome();
  await shareAuthority(path.join(home, 'sluice'));
  const origin = await startOrigin(t);
  const talking = await startWebSocketOrigin(t);
  const { pty, port }: RunningSluice = await startSluice(t, [], { home });
  const load = new Load(port, origin);
  t.after(() => load.end());
  await load.begin(talking.port);
  await wait(random(1000));
  const at = performance.now();
  process.kill(pty.pid, 'SIGKILL');
  await pty.exited;
  load.end();
  return { origin, load, home, at };
}

/** A proxy that has taken in the session that is offered; null where none is. */
async function restore(t: TestContext, home: string): Promise<{ proxy: RunningProxy; count: number } | null> {
  const confdir = path.join(home, 'sluice');
  const session = brokenSession(confdir);
  if (!session) return null;
  const opened = openSession(confdir, 'kept', session);
  assert.ok(!isMistake(opened));
  const proxy = await startProxy(t, {}, null, { confdir, session: opened.place });
  proxy.say({ type: 'restore-session', name: session.name });
  proxy.say({ type: 'open-store' });
  const { flows: count, damage } = await proxy.event('session-restored');
  assert.ok(damage === null || /^1 damaged place/.test(damage), damage ?? '');
  await proxy.until(() => proxy.rows.size === count, `${count} rows`);
  return { proxy, count };
}

async function contents(proxy: RunningProxy, { id }: FlowRow) {
  const { flow, response: data } = await proxy.read(id);
  const response = responseOf(flow);
  const source = data && sourceOf(data);
  return { response, body: source ? Buffer.from(source.read(0, source.size)) : Buffer.alloc(0) };
}

interface Totals {
  runs: number;
  flows: number;
  answers: number;
  unfinished: number;
  events: number;
  messages: number;
}

async function compare(proxy: RunningProxy, killed: Killed, totals: Totals): Promise<void> {
  const { origin, load, at } = killed;
  const rows = proxy.list();
  const byPath = new Map(rows.map((row) => [row.path, row]));
  assert.equal(byPath.size, rows.length, 'a flow came back twice');
  for (const { value, at: seenAt } of load.answers) {
    if (seenAt > at - LOST) continue;
    const row = byPath.get(value.path);
    assert.ok(row, `${value.path} is lost: it had come ${Math.round(at - seenAt)} ms before`);
    assert.deepEqual([row.status, row.body, row.failed], [value.status, 'kept', false], value.path);
    totals.answers += 1;
  }
  for (const row of rows.filter(({ path: one }) => one.startsWith('/flow/'))) {
    assert.ok(origin.asked.has(row.path) || row.status === 0, `${row.path} was never asked for`);
    const { response, body } = await contents(proxy, row);
    if (!response) continue;
    const whole = bodyOf(row.path);
    assert.equal(response.head.status, 200 + (Number(row.path.split('/').at(-1)) % 3));
    assert.equal(fieldValue(response.head.fields, 'x-path'), row.path);
    assert.equal(fieldValue(response.head.fields, 'content-length'), String(whole.length));
    assert.equal(response.head.fields.filter(([name]) => name.toLowerCase() === 'set-cookie').length, 2);
    assert.ok(
      body.equals(whole.subarray(0, row.body === 'kept' ? whole.length : body.length)),
      `${row.path} ${row.body}`,
    );
    if (row.body !== 'kept') totals.unfinished += 1;
    totals.flows += 1;
  }
  await compareEvents(proxy, killed, byPath.get('/events'), totals);
  await compareTalk(proxy, killed, byPath.get('/talk'), totals);
}

async function compareEvents(
  proxy: RunningProxy,
  { origin, load, at }: Killed,
  row: FlowRow | undefined,
  totals: Totals,
): Promise<void> {
  const came = load.eventsBy(at - LOST);
  if (!row) return assert.equal(came, '', 'the event stream is lost');
  const text = (await contents(proxy, row)).body.toString();
  const all = Array.from({ length: origin.events }, (_, number) => eventOf(number)).join('');
  assert.ok(text.startsWith(came), `events are lost: ${came.length} bytes had come, ${text.length} are there`);
  assert.ok(all.startsWith(text), 'there are events that were never sent');
  totals.events += text.split('\n\n').length - 1;
}

async function compareTalk(
  proxy: RunningProxy,
  { load, at }: Killed,
  row: FlowRow | undefined,
  totals: Totals,
): Promise<void> {
  const heard = load.heard.findLast((seen) => seen.at <= at - LOST)?.value ?? 0;
  if (!row) return assert.equal(heard, 0, 'the conversation is lost');
  if (row.messages < 0) return assert.equal(heard, 0, 'the messages are lost');
  const lines = told(await readTalk(proxy, row.id));
  for (const sign of ['>', '<']) {
    const own = lines.filter((line) => line.startsWith(sign));
    assert.ok(own.length >= heard, `${own.length} messages of ${heard} that had come`);
    assert.ok(own.length <= load.sent);
    assert.deepEqual(
      own,
      own.map((_, number) => `${sign} text message ${number}`),
    );
  }
  totals.messages += lines.length;
}

test(`kill -9 at any point loses at most the last ${LOST} ms: ${RUNS} times under load`, { skip: noPty }, async (t) => {
  const totals: Totals = { runs: 0, flows: 0, answers: 0, unfinished: 0, events: 0, messages: 0 };
  for (let seed = 1; seed <= RUNS; seed += 1)
    await t.test(`seed ${seed}`, async (one) => {
      const killed = await killUnderLoad(one, randomOf(seed));
      const restored = await restore(one, killed.home);
      if (restored) await compare(restored.proxy, killed, totals);
      else
        assert.ok(
          killed.load.answers.every(({ at }) => at > killed.at - LOST),
          'no session is offered',
        );
      totals.runs += 1;
    });
  const { runs, flows, answers, unfinished, events, messages } = totals;
  t.diagnostic(
    `${runs} kills: ${flows} exchanges came back, ${unfinished} of them unfinished, among them all ${answers} that had to; ${events} events, ${messages} messages`,
  );
  assert.ok(answers > 0 && events > 0 && messages > 0);
});

/** A console that has captured one exchange, with the folder that it keeps it in. */
async function captureOne(t: TestContext): Promise<RunningSluice> {
  const home = makeHome();
  await shareAuthority(path.join(home, 'sluice'));
  const origin = await startOrigin(t);
  const sluice = await startSluice(t, [], { home });
  const agent = new http.Agent();
  t.after(() => agent.destroy());
  const url = `http://127.0.0.1:${origin.port}/flow/1`;
  const request = http.get({ host: '127.0.0.1', port: sluice.port, path: url, agent });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  await sluice.pty.waitFor(/\/flow\/1 +201/);
  return sluice;
}

const QUESTION = /Restore 1 flow from the session that ended \d\d:\d\d \(yes,no\)\?/;

for (const [how, end] of [
  ['SIGTERM', ({ pty }: RunningSluice) => process.kill(pty.pid, 'SIGTERM')],
  ['SIGHUP', ({ pty }: RunningSluice) => process.kill(pty.pid, 'SIGHUP')],
  ['a terminal that goes away', ({ pty }: RunningSluice) => pty.hangUp()],
] as const)
  test(`${how} is no clean end: the next start offers what was captured`, { skip: noPty }, async (t) => {
    const first = await captureOne(t);
    const { pid } = first.pty;
    end(first);
    for (let left = 1000; fs.existsSync(`/proc/${pid}/fd/0`); left -= 1) {
      assert.ok(left > 0, 'still running');
      await wait(10);
    }
    const { pty } = await startSluice(t, [], { home: first.home });
    await pty.waitFor(QUESTION);
    pty.send('y');
    await pty.waitFor(/\/flow\/1 +201/);
  });

test('a clean end says what was kept; it is not offered, sluice sessions lists it and opens it', {
  skip: noPty,
}, async (t) => {
  const first = await captureOne(t);
  first.pty.send('Q');
  assert.equal(await first.pty.end(), 0);
  const said = /^1 flow kept in session (\S+): sluice sessions lists, opens and removes\.$/m.exec(first.pty.screen());
  assert.ok(said?.[1] !== undefined, first.pty.screen());
  const env = quietEnvironment(first.home);
  const listed = await run(process.execPath, [MAIN, 'sessions'], { env });
  assert.match(listed.out, new RegExp(`^${said[1]} +1 flow +\\S+ +ended \\d\\d:\\d\\d\\n$`));
  const second = await startSluice(t, [], { home: first.home });
  await second.pty.waitFor('No traffic yet.');
  assert.doesNotMatch(second.pty.screen(), /Restore/);
  second.pty.send('Q');
  await second.pty.end();
  const opened = startInPty(t, process.execPath, [MAIN, '-p', '0', 'sessions', 'open', said[1]], { home: first.home });
  await opened.waitFor(/\/flow\/1 +201/);
});
