import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { CONNECTIONS } from './load.js';

/*
 * A process of its own: meets one host after the other that nobody met before, each over a connection of its own.
 */

const PATIENCE_MS = 10_000;
/** Not counted: until then it is this process that is slow. */
const WARM_MS = 1000;

/** What came of it. */
export interface Visits {
  readonly hosts: number;
  readonly errors: number;
  readonly perSecond: number;
}

/** One tunnel, one handshake, one answer. */
function visit(port: number, authority: string, servername: string, target: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const end = (isGood: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      done(isGood);
    };
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    socket.on('error', () => end(false));
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    socket.once('data', (bytes: Buffer) => {
      if (bytes.toString('latin1', 9, 12) === '200') ask(socket, servername, target, end);
      else end(false);
    });
  });
}

function ask(socket: Socket, servername: string, target: string, end: (isGood: boolean) => void): void {
  const secured = tls.connect({ socket, servername, rejectUnauthorized: false, secureContext: context });
  secured.on('error', () => end(false));
  secured.once('secureConnect', () => secured.write(`GET ${target} HTTP/1.1\r\nHost: ${servername}\r\n\r\n`));
  secured.once('data', (bytes: Buffer) => end(bytes.toString('latin1', 9, 12) === '200'));
}

const context = tls.createSecureContext();

async function measure(port: number, authority: string, target: string, seconds: number): Promise<Visits> {
  const run = `${process.pid}-${Date.now()}`;
  const begun = performance.now() + WARM_MS;
  const end = begun + seconds * 1000;
  let [asked, hosts, errors] = [0, 0, 0];
  const line = async (): Promise<void> => {
    while (performance.now() < end) {
      asked += 1;
      const isGood = await visit(port, authority, `host-${asked}.${run}.test`, target);
      if (!isGood) errors += 1;
      else if (performance.now() >= begun) hosts += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, line));
  return { hosts, errors, perSecond: hosts / ((performance.now() - begun) / 1000) };
}

const [port = '', authority = '', target = '', seconds = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await measure(Number(port), authority, target, Number(seconds))));
