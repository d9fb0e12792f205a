import net, { type Socket } from 'node:net';
import { DEADLINE } from './deadline.js';

/** A raw client connection that gathers what it is sent. */
export class Client {
  received = '';
  isClosed = false;
  private readonly waiting = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    socket.on('data', (piece: Buffer) => {
      this.received += piece.toString('latin1');
      this.look();
    });
    socket.on('error', () => {}); // resets are part of what is tested
    socket.on('close', () => {
      this.isClosed = true;
      this.look();
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<Client> {
    const socket = net.connect({ port, host, noDelay: true });
    await new Promise<void>((done, fail) => {
      socket.once('connect', done);
      socket.once('error', fail);
    });
    return new Client(socket);
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits until what was received matches, or, for 'close', until the connection is gone. */
  until(wanted: RegExp | string | 'close'): Promise<string> {
    const isThere = (): boolean => {
      if (wanted === 'close') return this.isClosed;
      return typeof wanted === 'string' ? this.received.includes(wanted) : wanted.test(this.received);
    };
    return new Promise((done, fail) => {
      const look = (): void => {
        if (!isThere()) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        done(this.received);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        fail(new Error(`the client never got ${wanted}; it got ${JSON.stringify(this.received.slice(0, 2000))}`));
      }, DEADLINE);
      this.waiting.add(look);
      look();
    });
  }

  private look(): void {
    for (const look of [...this.waiting]) look();
  }
}

/** One request through the proxy on a connection of its own; the whole answer once the connection is closed. */
export async function fetchThrough(port: number, url: string, fields = ''): Promise<string> {
  const client = await Client.connect(port);
  const host = new URL(url).host;
  client.send(`GET ${url} HTTP/1.1\r\nHost: ${host}\r\n${fields}Connection: close\r\n\r\n`);
  return client.until('close');
}
