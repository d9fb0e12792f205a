import type { Socket } from 'node:net';
import { modeName } from '../flow/mode.js';
import type { Mistake } from '../options.js';
import type { ProxyEvent } from '../protocol.js';
import type { Context, Listening } from './context.js';
import type { Entrance } from './entrance.js';
import { Listener } from './listener.js';
import { receive } from './reception.js';

/** Resolves once everybody has heard of the close. */
function cutOff(socket: Socket): Promise<void> {
  return new Promise((done) => {
    socket.once('close', () => done());
    socket.destroy();
  });
}

/** All open ports, and the clients that came in by them. */
export class Listeners implements Listening {
  private listeners: readonly Listener[] = [];
  private readonly clients = new Set<Socket>();
  /** It runs: the command line has been read. */
  private hasOpened = false;

  constructor(
    private readonly context: () => Context,
    private readonly say: (event: ProxyEvent) => void,
  ) {}

  get entrances(): readonly Entrance[] {
    return this.listeners.map(({ entrance, address }) => ({ ...entrance, host: address }));
  }

  async change(asked: readonly Entrance[]): Promise<Mistake | null> {
    const kept = new Map<Entrance, Listener>();
    const left = [...this.listeners];
    for (const entrance of asked) {
      const at = left.findIndex((one) => one.asked.host === entrance.host && one.asked.port === entrance.port);
      const [listener] = at < 0 ? [] : left.splice(at, 1);
      if (listener) kept.set(entrance, listener);
    }
    const mistake = await this.open(asked, kept, left);
    if (mistake) return mistake;
    this.listeners = asked.flatMap((entrance) => kept.get(entrance) ?? []);
    for (const [{ mode }, listener] of kept) listener.entrance = { ...listener.entrance, mode };
    for (const listener of left) listener.close();
    const places = this.listeners.map(({ entrance: { mode, host, port } }) => ({ mode: modeName(mode), host, port }));
    this.hasOpened = true;
    this.say({ type: 'listening', places });
    return null;
  }

  /** Cuts every client off; resolves when all are gone. */
  async close(): Promise<void> {
    for (const listener of this.listeners) listener.close();
    await Promise.all([...this.clients].map(cutOff));
  }

  /** Opens what is asked for and not there; `left` may hold its address, and gives it back where that fails. */
  private async open(
    asked: readonly Entrance[],
    kept: Map<Entrance, Listener>,
    left: readonly Listener[],
  ): Promise<Mistake | null> {
    const missing = asked.filter((entrance) => !kept.has(entrance));
    const inTheWay = left.filter(({ entrance }) => missing.some(({ port }) => port === entrance.port));
    for (const listener of inTheWay) listener.close();
    try {
      for (const entrance of missing) kept.set(entrance, await this.openOne(entrance));
      return null;
    } catch (error) {
      for (const entrance of missing) kept.get(entrance)?.close();
      await this.reopen(inTheWay);
      return { mistake: (error as Error).message };
    }
  }

  private async reopen(closed: readonly Listener[]): Promise<void> {
    const again: Listener[] = [];
    for (const { entrance } of closed) {
      try {
        again.push(await this.openOne(entrance));
      } catch (error) {
        this.context().log('error', `a port could not be opened again: ${(error as Error).message}`);
      }
    }
    this.listeners = [...this.listeners.filter((listener) => !closed.includes(listener)), ...again];
  }

  private openOne(entrance: Entrance): Promise<Listener> {
    const fault = (error: Error): void => this.context().log('error', `the listening port: ${error.message}`);
    return Listener.open(entrance, this.hasOpened, (socket, by) => this.enter(socket, by), fault);
  }

  private enter(socket: Socket, entrance: Entrance): void {
    this.clients.add(socket);
    socket.on('close', () => this.clients.delete(socket));
    receive(this.context(), entrance, socket);
  }
}
