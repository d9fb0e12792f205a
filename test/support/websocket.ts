import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import type { TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import { openTunnel, secure, tunnelThrough } from '../script/scripted.js';
import { DEADLINE } from './deadline.js';
import type { RunningProxy } from './proxy.js';

import ws = require('ws');

/** A websocket server, and what was said to it. */
export interface WebSocketOrigin {
  readonly port: number;
  readonly sockets: WebSocket[];
  /** Messages as text, `binary` in front of those that are. */
  readonly heard: string[];
  /** The fields of the handshakes. */
  readonly handshakes: Record<string, string>[];
}

export interface OriginOptions {
  readonly deflate?: boolean | object;
  readonly tls?: https.ServerOptions;
  /** Answers requests without an Upgrade. */
  readonly plain?: http.RequestListener;
  /** Answers to a message; it echoes it unless told otherwise. */
  readonly answer?: (socket: WebSocket, data: Buffer, isBinary: boolean) => void;
}

/** ws gives up a connection by itself where it owes this many pongs, as it does while it compresses much of its own; 0 for never. */
const PATIENT = { maxPendingAutoPongs: 0 };

function echo(socket: WebSocket, data: Buffer, isBinary: boolean): void {
  socket.send(data, { binary: isBinary });
}

export async function startWebSocketOrigin(t: TestContext, options: OriginOptions = {}): Promise<WebSocketOrigin> {
  const { deflate = false, tls, plain, answer = echo } = options;
  const server = tls ? https.createServer(tls) : http.createServer();
  const origin = { sockets: [] as WebSocket[], heard: [] as string[], handshakes: [] as Record<string, string>[] };
  const sockets = new ws.WebSocketServer({ ...PATIENT, server, perMessageDeflate: deflate });
  if (plain) server.on('request', plain);
  sockets.on('connection', (socket, { headers }) => {
    origin.sockets.push(socket);
    origin.handshakes.push(headers);
    socket.on('error', () => {});
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      origin.heard.push(isBinary ? `binary ${data.toString()}` : data.toString());
      answer(socket, data, isBinary);
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  t.after(() => {
    for (const socket of origin.sockets) socket.terminate();
    sockets.close();
    server.close();
  });
  return { ...origin, port: (server.address() as net.AddressInfo).port };
}

/** A websocket client whose messages can be awaited. */
export class TalkingClient {
  readonly heard: string[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  private readonly waiting: { readonly isThere: () => boolean; readonly done: () => void }[] = [];

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.heard.push(isBinary ? `binary ${data.toString()}` : data.toString());
      this.look();
    });
    socket.on('close', (code: number, reason: Buffer) => {
      this.closed = { code, reason: reason.toString() };
      this.look();
    });
    socket.on('error', () => {});
  }

  /** Waits for so many messages; what was heard. */
  async hears(count: number): Promise<readonly string[]> {
    await this.until(() => this.heard.length >= count, `${count} messages`);
    return this.heard;
  }

  async closes(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(() => this.closed !== null, 'a close');
    return this.closed ?? { code: 0, reason: '' };
  }

  private until(isThere: () => boolean, what: string): Promise<void> {
    return new Promise((done, fail) => {
      const late = setTimeout(
        () => fail(new Error(`never came: ${what}; heard ${JSON.stringify(this.heard)}`)),
        DEADLINE,
      );
      const entry = {
        isThere,
        done: () => {
          clearTimeout(late);
          done();
        },
      };
      this.waiting.push(entry);
      this.look();
    });
  }

  private look(): void {
    for (const [at, one] of [...this.waiting.entries()].reverse())
      if (one.isThere()) {
        this.waiting.splice(at, 1);
        one.done();
      }
  }
}

/** Opens a websocket through the proxy, in a tunnel; over TLS for a port of a TLS origin. */
export async function openWebSocket(
  proxy: RunningProxy,
  port: number,
  options: { readonly deflate?: boolean | object; readonly isTls?: boolean; readonly path?: string } = {},
): Promise<TalkingClient> {
  const tunnel = await openTunnel(proxy, `localhost:${port}`);
  const socket = options.isTls ? await secure(proxy, tunnel) : tunnel.socket;
  const url = `${options.isTls ? 'wss' : 'ws'}://localhost:${port}${options.path ?? '/talk'}`;
  return talkOver(socket, url, options.deflate ?? false);
}

/** The same through a proxy of which only the port is known. */
export async function openWebSocketAt(proxyPort: number, port: number): Promise<TalkingClient> {
  const tunnel = await tunnelThrough(proxyPort, `localhost:${port}`);
  return talkOver(tunnel.socket, `ws://localhost:${port}/talk`, false);
}

async function talkOver(socket: net.Socket, url: string, deflate: boolean | object): Promise<TalkingClient> {
  const client = new ws.WebSocket(url, { ...PATIENT, createConnection: () => socket, perMessageDeflate: deflate });
  const talking = new TalkingClient(client);
  await new Promise<void>((done, fail) => {
    client.on('open', done);
    client.on('error', fail);
    client.on('unexpected-response', (_: unknown, response: http.IncomingMessage) =>
      fail(new Error(`answered ${response.statusCode}`)),
    );
  });
  return talking;
}
