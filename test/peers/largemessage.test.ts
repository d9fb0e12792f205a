import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { residentBytes, watchGrowth } from '../bench/memory.js';
import { Client } from '../support/client.js';
import { headOf, RawWebSocket } from '../support/frames.js';
import { noPty, startSluice } from '../support/pty.js';
import { startSpeaker } from '../support/speaker.js';

/*
 * A websocket message far larger than what sluice keeps passes in its frames, while the resident memory of its process
 * is watched.
 */

const skip = noPty || (residentBytes(process.pid) === null && 'no /proc');

const SIZE = 1024 ** 3;
const PIECE = Buffer.alloc(1024 * 1024, 7);
const BOUND_MB = 64;
const MB = 1024 * 1024;
const BINARY = 2;

/** Writes with back-pressure. */
async function write(socket: Socket, bytes: Buffer): Promise<void> {
  if (!socket.write(bytes)) await once(socket, 'drain');
}

/** Sends a message of 1 GiB as so many frames; the bytes that it takes on the wire. */
async function sendLarge(socket: Socket, frames: number, isMasked: boolean): Promise<number> {
  let bytes = 0;
  for (let at = 0; at < frames; at += 1) {
    const head = headOf({ opcode: at === 0 ? BINARY : 0, fin: at === frames - 1, isMasked }, SIZE / frames);
    await write(socket, head);
    for (let sent = 0; sent < SIZE / frames; sent += PIECE.length) await write(socket, PIECE);
    bytes += head.length + SIZE / frames;
  }
  return bytes;
}

interface Shape {
  readonly frames: number;
  readonly toServer: boolean;
  readonly extensions: string;
}

async function passes(t: TestContext, { frames, toServer, extensions }: Shape): Promise<void> {
  let opened = false;
  let received = 0;
  const agreed = extensions === '' ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  const speaker = await startSpeaker(t, {
    answer: (heard, piece) => {
      if (opened) received += piece.length;
      else if (heard.received.endsWith('\r\n\r\n')) {
        opened = true;
        heard.socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${agreed}\r\n`,
        );
      }
      heard.received = opened ? '' : heard.received;
    },
  });
  const sluice = await startSluice(t);
  const { socket, until } = await tunnelTo(sluice.port, speaker.port);
  await new RawWebSocket(socket).open('localhost', agreed);
  await sluice.pty.waitFor(/\/raw\s+101/);
  socket.removeAllListeners('data');
  let told = 0;
  socket.on('data', (piece: Buffer) => {
    told += piece.length;
  });
  const server = speaker.visits[0]?.socket;
  assert.ok(server);
  const stop = watchGrowth(sluice.pty.pid);
  const bytes = await sendLarge(toServer ? socket : server, frames, toServer);
  await until(() => (toServer ? received : told) >= bytes);
  const grown = (stop() ?? Number.POSITIVE_INFINITY) / MB;
  assert.equal(toServer ? received : told, bytes);
  t.diagnostic(`sluice grew by ${grown.toFixed(1)} MB`);
  assert.ok(grown < BOUND_MB, `sluice grew by ${grown.toFixed(1)} MB, not less than ${BOUND_MB} MB`);
}

async function tunnelTo(proxyPort: number, port: number) {
  const client = await Client.connect(proxyPort);
  client.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await client.until('\r\n\r\n');
  client.socket.removeAllListeners('data');
  const until = async (isThere: () => boolean): Promise<void> => {
    while (!isThere()) await new Promise((done) => setTimeout(done, 20));
  };
  return { socket: client.socket, until };
}

const DEFLATE = 'permessage-deflate';

const SHAPES: readonly (readonly [what: string, shape: Shape])[] = [
  ['one frame of the client', { frames: 1, toServer: true, extensions: '' }],
  ['1024 frames of the client', { frames: 1024, toServer: true, extensions: '' }],
  ['one frame of the server', { frames: 1, toServer: false, extensions: '' }],
  [
    '64 frames of the client, not compressed although deflate is agreed',
    { frames: 64, toServer: true, extensions: DEFLATE },
  ],
];

for (const [what, shape] of SHAPES)
  test(`WS-02 a websocket message of 1 GB costs less than 64 MB of memory: ${what}`, { skip, timeout: 60_000 }, (t) =>
    passes(t, shape),
  );
