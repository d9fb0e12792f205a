import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { direct, startRelay, startSluice } from './contender.js';
import { median, quantile, rotated } from './numbers.js';
import { freePort } from './port.js';
import { number } from './report.js';
import { type Run, toolOf } from './run.js';

/*
 * How much later the events of a stream come when somebody is in between. The file is also the program that measures
 * it: the origin, which writes into each event when it wrote it, and its client are one process with one clock.
 *
 * node feed.js WISH
 */

const SELF = fileURLToPath(import.meta.url);
const EVENT_MS = 20;
/** Connections before the one that counts, each with so many events: all sides warm up. */
const WARM_CONNECTIONS = 4;
const WARM_EVENTS = 10;
/** How much longer than planned a stream may take. */
const PATIENCE_MS = 20_000;

/** What the program is asked to measure. */
interface Wish {
  /** Where its origin listens, and where its client connects: to the origin itself, a relay or a proxy. */
  readonly originPort: number;
  readonly port: number;
  readonly isProxy: boolean;
  readonly seconds: number;
  /** PEM files of the origin, for HTTPS. */
  readonly identity: { readonly cert: string; readonly key: string } | null;
}

/** What came of it, in milliseconds. */
interface Feed {
  readonly first: number;
  readonly p50: number;
  readonly p99: number;
}

interface Way {
  readonly name: string;
  readonly wish: Wish;
}

/** Sends so many events as the path says, the first at once. */
const feed: http.RequestListener = (request, response) => {
  const total = Number(/\d+$/.exec(request.url ?? '')?.[0]);
  let sent = 0;
  const send = (): void => {
    sent += 1;
    response.write(`data: ${performance.now()}\n\n`);
    if (sent < total) return;
    clearInterval(timer);
    response.end();
  };
  const timer = setInterval(send, EVENT_MS);
  response.on('close', () => clearInterval(timer));
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  send();
};

async function startOrigin({ originPort, identity }: Wish): Promise<void> {
  const server =
    identity === null
      ? http.createServer(feed)
      : https.createServer({ cert: fs.readFileSync(identity.cert), key: fs.readFileSync(identity.key) }, feed);
  server.listen(originPort, '127.0.0.1');
  await once(server, 'listening');
}

/** A new connection on which the origin can be asked. */
async function connect({ port, isProxy, originPort, identity }: Wish): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  if (identity === null) return socket;
  if (isProxy) {
    socket.write(`CONNECT 127.0.0.1:${originPort} HTTP/1.1\r\nHost: 127.0.0.1:${originPort}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!/^HTTP\/1\.1 200 .*\r\n\r\n$/s.test(answer.toString('latin1'))) throw new Error(`no tunnel: ${answer}`);
  }
  const secure = tls.connect({ socket, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  return secure;
}

/** Reads a stream of so many events on a connection of its own, and gives the delay of each in milliseconds. */
async function readStream(wish: Wish, total: number): Promise<number[]> {
  const { isProxy, identity, originPort } = wish;
  const socket = await connect(wish);
  const delays: number[] = [];
  let rest = '';
  const all = new Promise<void>((done, fail) => {
    socket.setTimeout(PATIENCE_MS, () => fail(new Error('the stream stood still')));
    socket.once('error', fail);
    socket.once('close', () => fail(new Error(`the stream ended after ${delays.length} of ${total} events: ${rest}`)));
    socket.setEncoding('latin1').on('data', (text: string) => {
      const now = performance.now();
      const events = (rest + text).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) delays.push(now - Number(/data: ([\d.]+)$/.exec(event)?.[1]));
      if (delays.length >= total) done();
    });
  });
  const target = `${isProxy && identity === null ? `http://127.0.0.1:${originPort}` : ''}/events/${total}`;
  socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${originPort}\r\nAccept: text/event-stream\r\n\r\n`);
  try {
    await all;
  } finally {
    socket.destroy();
  }
  if (delays.length !== total || delays.some(Number.isNaN)) throw new Error(`not the ${total} events that were sent`);
  return delays;
}

async function measure(wish: Wish): Promise<Feed> {
  await startOrigin(wish);
  for (let at = 0; at < WARM_CONNECTIONS; at += 1) await readStream(wish, WARM_EVENTS);
  const [first = Number.NaN, ...later] = await readStream(wish, 1 + (wish.seconds * 1000) / EVENT_MS);
  return { first, p50: quantile(later, 0.5), p99: quantile(later, 0.99) };
}

async function waysOf(run: Run): Promise<Way[]> {
  const { stage, flags } = run;
  const folder = stage.makeFolder('feed');
  const identity = { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', identity.key];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await stage.run(toolOf(run, 'openssl'), ['req', '-x509', '-days', '2', ...key, ...names, '-out', identity.cert]);
  const [plainPort, securePort] = [await freePort(), await freePort()];
  const sluice = await startSluice(stage);
  const plain = [direct(plainPort), await startRelay(stage, plainPort), sluice];
  const secure = [direct(securePort), sluice];
  const { seconds } = flags;
  return [
    ...plain.map(({ name, port, isProxy }) => {
      return { name, wish: { originPort: plainPort, port, isProxy, seconds, identity: null } };
    }),
    ...secure.map(({ name, port, isProxy }) => {
      return { name: `${name}, TLS`, wish: { originPort: securePort, port, isProxy, seconds, identity } };
    }),
  ];
}

/** Milliseconds as microseconds. */
function micro(milliseconds: number): string {
  return number(milliseconds * 1000);
}

/** How much later an event comes, and the first one of a new connection, over HTTP and intercepted HTTPS. */
export async function benchFeed(run: Run): Promise<void> {
  const { stage, flags, report } = run;
  const ways = await waysOf(run);
  const feeds = new Map(ways.map((way) => [way, [] as Feed[]]));
  for (let round = 0; round < flags.rounds; round += 1)
    for (const way of rotated(ways, round)) {
      const printed = await stage.run(process.execPath, [SELF, JSON.stringify(way.wish)]);
      feeds.get(way)?.push(JSON.parse(printed) as Feed);
    }
  const middles = ways.map((way) => {
    const all = feeds.get(way) ?? [];
    const middle = (part: keyof Feed): number => median(all.map((one) => one[part]));
    return { name: way.name, wish: way.wish, first: middle('first'), p50: middle('p50'), p99: middle('p99') };
  });
  const baseOf = (isSecure: boolean): number =>
    middles.find(({ wish }) => !wish.isProxy && (wish.identity !== null) === isSecure)?.first ?? Number.NaN;
  const rows = middles.map(({ name, wish, first, p50, p99 }) => {
    const added = first - baseOf(wish.identity !== null);
    if (wish.isProxy) report.note(wish.identity === null ? 'feed' : 'feed-tls', added);
    return [name, micro(p50), micro(p99), micro(first), added === 0 ? '' : micro(added)];
  });
  const title = `Events, one every ${EVENT_MS} ms: microseconds until they arrive, median of ${flags.rounds}`;
  report.table(`${title} x ${flags.seconds} s`, ['', 'p50', 'p99', 'first', 'added first'], rows);
}

if (process.argv[1] === SELF) {
  process.stdout.write(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? '') as Wish)));
  process.exit();
}
