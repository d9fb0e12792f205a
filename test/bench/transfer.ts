import type { Contender } from './contender.js';
import { watchGrowth } from './memory.js';
import { LARGE_BYTES, LARGE_PATH } from './origin.js';
import { type Run, toolOf } from './run.js';

export interface Download {
  /** Bytes per second. */
  readonly speed: number;
  /** Bytes by which the process in between grew, where there is one. */
  readonly growth: number | null;
}

/** Loads 1 GiB by one connection. */
export async function download(run: Run, contender: Contender, scheme: 'http' | 'https' = 'http'): Promise<Download> {
  const { stage, origin } = run;
  const port = contender.isProxy ? (scheme === 'http' ? origin.port : origin.tlsPort) : contender.port;
  const way = contender.isProxy ? ['-x', `http://127.0.0.1:${contender.port}`] : [];
  const form = ['-w', '%{speed_download} %{size_download} %{http_code}'];
  const url = `${scheme}://127.0.0.1:${port}${LARGE_PATH}`;
  const args = ['-q', '-k', '-sS', '--max-time', '300', ...way, '-o', '/dev/null', ...form, url];
  const growth = contender.pid === null ? () => null : watchGrowth(contender.pid);
  try {
    const [speed, size, status] = (await stage.run(toolOf(run, 'curl'), args)).split(' ').map(Number);
    if (speed === undefined || size !== LARGE_BYTES || status !== 200)
      throw new Error(`${contender.name} gave ${size} bytes and status ${status}`);
    return { speed, growth: growth() };
  } finally {
    growth();
  }
}
