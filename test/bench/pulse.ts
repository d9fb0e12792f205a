import net from 'node:net';
import { quantile } from './numbers.js';

/*
 * A program of its own: asks at a steady, low rate over a few kept connections and prints how long answers take, as
 * JSON in milliseconds. A request whose turn comes while its connection still waits counts from its turn.
 *
 * node pulse.js PORT TARGET HOST SECONDS [REQUESTS A SECOND]
 */

const PER_SECOND = 200;
const CONNECTIONS = 4;
/** Not counted: both sides warm up. */
const WARM_REQUESTS = 100;
/** How much longer than planned a run may take; what is not answered by then counts as an error. */
const PATIENCE_MS = 20_000;

export interface Pulse {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
  readonly errors: number;
}

class Line {
  private readonly socket: net.Socket;
  private readonly due: number[] = [];
  private since: number | null = null;
  private received = '';

  constructor(
    port: number,
    private readonly request: string,
    private readonly answered: (milliseconds: number, isGood: boolean) => void,
  ) {
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text: string) => this.take(text));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      if (this.since !== null) this.answered(0, false);
    });
  }

  ask(at: number): void {
    if (this.since !== null) {
      this.due.push(at);
      return;
    }
    this.since = at;
    this.socket.write(this.request);
  }

  close(): void {
    this.since = null;
    this.socket.destroy();
  }

  private take(text: string): void {
    this.received += text;
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.received)?.[1]);
    if (this.received.length < headEnd + 4 + length) return;
    const milliseconds = performance.now() - (this.since ?? 0);
    const isGood = this.received.startsWith('HTTP/1.1 200 ');
    this.received = '';
    this.since = null;
    this.answered(milliseconds, isGood);
    const next = this.due.shift();
    if (next !== undefined) this.ask(next);
  }
}

function measure(port: number, request: string, seconds: number, rate: number): Promise<Pulse> {
  const total = WARM_REQUESTS + seconds * rate;
  const begun = performance.now();
  const taken: number[] = [];
  let [asked, answers, errors] = [0, 0, 0];
  return new Promise((done) => {
    const lines = Array.from(
      { length: CONNECTIONS },
      () =>
        new Line(port, request, (milliseconds, isGood) => {
          answers += 1;
          if (!isGood) errors += 1;
          else if (answers > WARM_REQUESTS) taken.push(milliseconds);
          if (!isGood || answers === total) finish();
        }),
    );
    const finish = (): void => {
      clearInterval(timer);
      clearTimeout(deadline);
      for (const line of lines) line.close();
      done({ p50: quantile(taken, 0.5), p99: quantile(taken, 0.99), count: taken.length, errors });
    };
    const deadline = setTimeout(
      () => {
        errors += asked - answers;
        finish();
      },
      seconds * 1000 + PATIENCE_MS,
    );
    const timer = setInterval(() => {
      const due = Math.min(total, ((performance.now() - begun) / 1000) * rate);
      for (; asked < due; asked += 1) lines[asked % CONNECTIONS]?.ask(begun + (asked / rate) * 1000);
    }, 1);
  });
}

const [port = '', target = '', host = '', seconds = '', rate = PER_SECOND] = process.argv.slice(2);
const request = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: pulse\r\nAccept: */*\r\n\r\n`;
process.stdout.write(JSON.stringify(await measure(Number(port), request, Number(seconds), Number(rate))));
