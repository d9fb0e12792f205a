import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_MS = 30_000;

/** Ports below those that systems give to outgoing connections, so that a port stays free until it is used. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const ATTEMPTS = 100;

const given = new Set<number>();

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = net.createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** A port of the loopback address that nobody listens on, never the same twice. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} in ${ATTEMPTS} attempts`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Waits until somebody accepts connections; `ended` is the end of the process that should. */
export async function untilListening(name: string, port: number, ended: Promise<string>): Promise<void> {
  let last: string | null = null;
  void ended.then((text) => {
    last = text;
  });
  for (const until = Date.now() + READY_MS; Date.now() < until; await delay(20)) {
    const isAnswered = await answers(port);
    if (last !== null) throw new Error(`${name} did not start: ${last || 'it ended in silence'}`);
    if (isAnswered) return;
  }
  throw new Error(`${name} does not listen on port ${port} after ${READY_MS / 1000} s`);
}
