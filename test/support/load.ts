import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from './client.js';
import { openWebSocketAt, type TalkingClient } from './websocket.js';

/*
 * Traffic of every kind at once, of which is known when what had come.
 */

const CLIENTS = 4;

/** What was seen, and when: milliseconds on the clock of this process. */
export interface Seen<Value> {
  readonly value: Value;
  readonly at: number;
}

export interface Answer {
  readonly path: string;
  readonly status: number;
  readonly body: Buffer;
}

/** The body at a path: no two are the same, and every eighth is larger than what stays in memory. */
export function bodyOf(path: string): Buffer {
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

export function eventOf(number: number): string {
  return `data: event ${number} ${'.'.repeat(number % 60)}\n\n`;
}

export interface NumberedOrigin {
  readonly port: number;
  /** Paths that were asked for. */
  readonly asked: Set<string>;
  /** Events that were sent. */
  events: number;
}

/** A server whose answers tell by their numbers what they are. */
export async function startNumberedOrigin(t: TestContext): Promise<NumberedOrigin> {
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
export class Load {
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
    private readonly origin: NumberedOrigin,
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
