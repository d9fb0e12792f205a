import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Contender, direct, startMitmdump, startRelay, startSluice } from './contender.js';
import { median, rotated } from './numbers.js';
import { freePort } from './port.js';
import { number, ratio } from './report.js';
import type { Run } from './run.js';

/*
 * How many small websocket messages are echoed in a second. The file is also the program that measures it: the origin
 * and its clients are one process that does no more for a message than to count its bytes.
 *
 * node websocket.js WISH
 */

const SELF = fileURLToPath(import.meta.url);
const CLIENTS = 8;
const IN_FLIGHT = 16;
const BYTES = 32;
const WARM_SECONDS = 1;
const PATIENCE_MS = 20_000;

/** What the program is asked to measure. */
interface Wish {
  readonly originPort: number;
  readonly port: number;
  readonly isProxy: boolean;
  readonly seconds: number;
}

const BINARY = 0x82;
const MASKED = 0x80;
/** A mask of zeros leaves the payload as it is. */
const QUESTION = Buffer.concat([Buffer.from([BINARY, MASKED | BYTES, 0, 0, 0, 0]), Buffer.alloc(BYTES, 7)]);
const ANSWER = Buffer.concat([Buffer.from([BINARY, BYTES]), Buffer.alloc(BYTES, 7)]);

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Calls back with how many frames of that size came whole. */
function count(socket: Socket, size: number, heard: (frames: number) => void): void {
  let bytes = 0;
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length;
    const frames = Math.floor(bytes / size);
    bytes -= frames * size;
    if (frames > 0) heard(frames);
  });
}

function many(frame: Buffer, frames: number): Buffer {
  return Buffer.alloc(frame.length * frames, frame);
}

async function startEcho(port: number): Promise<void> {
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', (head: Buffer) => {
      const key = /^sec-websocket-key: (\S+)/im.exec(head.toString('latin1'))?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
      count(socket, QUESTION.length, (frames) => socket.write(many(ANSWER, frames)));
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function answered(socket: Socket, request: string, wanted: RegExp): Promise<void> {
  socket.write(request);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!wanted.test(answer.toString('latin1'))) throw new Error(`refused: ${answer}`);
}

async function openClient({ port, isProxy, originPort }: Wish): Promise<Socket> {
  const host = `127.0.0.1:${originPort}`;
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  if (isProxy)
    await answered(socket, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, /^HTTP\/1\.1 200 .*\r\n\r\n$/s);
  const key = Buffer.alloc(16, 1).toString('base64');
  const fields = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n`;
  await answered(socket, `GET /echo HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`, /^HTTP\/1\.1 101 .*\r\n\r\n$/s);
  return socket;
}

/** Messages echoed per second. */
async function measure(wish: Wish): Promise<number> {
  await startEcho(wish.originPort);
  let echoed = 0;
  const failed = new Promise<never>((_, fail) => {
    setTimeout(() => fail(new Error('the echoes stood still')), PATIENCE_MS + wish.seconds * 1000).unref();
    void Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        const socket = await openClient(wish);
        socket.on('close', () => fail(new Error('a websocket was closed')));
        count(socket, ANSWER.length, (frames) => {
          echoed += frames;
          socket.write(many(QUESTION, frames));
        });
        socket.write(many(QUESTION, IN_FLIGHT));
      }),
    ).catch(fail);
  });
  const rate = async (): Promise<number> => {
    await delay(WARM_SECONDS * 1000);
    const [before, since] = [echoed, performance.now()];
    await delay(wish.seconds * 1000);
    return ((echoed - before) / (performance.now() - since)) * 1000;
  };
  return Promise.race([rate(), failed]);
}

/** Small messages, many of them. */
export async function benchWebSocket(run: Run): Promise<void> {
  const { stage, flags, report, tools } = run;
  const originPort = await freePort();
  const mitmdump = tools.get('mitmdump');
  const contenders: Contender[] = [
    direct(originPort),
    await startRelay(stage, originPort),
    await startSluice(stage),
    ...(mitmdump === undefined ? [] : [await startMitmdump(stage, mitmdump)]),
  ];
  const rates = new Map(contenders.map((contender) => [contender, [] as number[]]));
  for (let round = 0; round < flags.rounds; round += 1)
    for (const contender of rotated(contenders, round)) {
      const { port, isProxy } = contender;
      const wish: Wish = { originPort, port, isProxy, seconds: flags.seconds };
      rates.get(contender)?.push(Number(await stage.run(process.execPath, [SELF, JSON.stringify(wish)])));
    }
  const middles = [...rates].map(([{ name }, all]) => ({ name, all, middle: median(all) }));
  const of = (name: string): number | null => middles.find((one) => one.name === name)?.middle ?? null;
  const rows = middles.map(({ name, all, middle }) => {
    const ratios = [ratio(middle, of('direct')), ratio(middle, of('mitmdump'))];
    return [name, number(middle), ...ratios, all.map((one) => number(one)).join(' ')];
  });
  const [sluice, peer] = [of('sluice'), of('mitmdump')];
  report.note('websocket', sluice !== null && peer !== null ? sluice / peer : null);
  const how = `${CLIENTS} clients with ${IN_FLIGHT} in flight, median of ${flags.rounds} x ${flags.seconds} s`;
  const title = `Websocket, ${BYTES} bytes: messages/s echoed, ${how}`;
  report.table(title, ['', 'median', 'of direct', 'of mitmdump', 'rounds'], rows);
}

if (process.argv[1] === SELF) {
  process.stdout.write(String(await measure(JSON.parse(process.argv[2] ?? '') as Wish)));
  process.exit();
}
