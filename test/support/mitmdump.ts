import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { freePort, untilAccepted } from './nginx.js';
import { temporaryFolder } from './proxy.js';

export interface RunningMitmdump {
  readonly port: number;
  /** The certificate of its CA. */
  readonly caFile: string;
  /** What it printed so far. */
  printed(): string;
}

/** Starts mitmdump for one test, with a configuration of its own; `sets` are its options. */
export async function startMitmdump(t: TestContext, ...sets: readonly string[]): Promise<RunningMitmdump> {
  const confdir = temporaryFolder(t);
  const port = await freePort();
  const words = ['--listen-host', '127.0.0.1', '-p', String(port)];
  const options = [`confdir=${confdir}`, 'flow_detail=3', ...sets].flatMap((set) => ['--set', set]);
  const child = spawn('mitmdump', [...words, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const failed = ended.then(([code]) => {
    throw new Error(`mitmdump ended with ${code}: ${text}`);
  });
  failed.catch(() => {}); // it also ends when the test does
  await Promise.race([untilAccepted(port), failed]);
  return { port, caFile: path.join(confdir, 'mitmproxy-ca-cert.pem'), printed: () => text };
}
