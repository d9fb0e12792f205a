import type { Socket } from 'node:net';
import { type RawRequestHead, RequestReader, type Statements } from '../http/reader.js';
import type { Context } from './context.js';
import { listen } from './ears.js';
import { looksLikeTls } from './hello.js';
import { limitsOf } from './limits.js';

/** Bytes that may wait to be read before the client is asked to pause. */
const QUEUE = 65_536;

/** What an intake tells its session, besides what it reads. */
export interface IntakeUser extends Statements<RawRequestHead> {
  /** All was read that may be read now. */
  pumped(): void;
  /** The client can be written to again. */
  drained(): void;
  /** The client has closed its half. */
  ended(): void;
  /** The client is gone; nothing follows. */
  gone(error: NodeJS.ErrnoException | null): void;
  /** Nothing came from or went to the client for `idle_timeout`. */
  idle(): void;
  /** The first bytes are those of TLS. True where they are taken. */
  tls(first: Buffer): boolean;
  /** A head was begun and not finished within `head_timeout`. */
  late(): void;
}

/** What comes from a client: queues its bytes and reads them one request at a time. */
export class Intake {
  private readonly reader: RequestReader;
  private queue: Buffer | null = null;
  private hasBegun = false;
  private headTimer: NodeJS.Timeout | null = null;
  private readonly leave: () => void;
  /** What comes next has to wait: a request is complete and its exchange is not. */
  isBusy = false;
  isPumping = false;
  /** Nothing is read any more. */
  isStopped = false;
  /** The socket belongs to somebody else now. */
  isReleased = false;
  /** The client has closed its half. */
  hasEnded = false;

  constructor(
    private readonly context: Context,
    private readonly socket: Socket,
    private readonly user: IntakeUser,
  ) {
    this.reader = new RequestReader(user, limitsOf(context));
    this.leave = listen(socket, {
      data: (bytes) => this.took(bytes),
      drain: () => user.drained(),
      end: () => this.ended(),
      error: (error) => this.gone(error),
      close: () => this.gone(null),
      timeout: () => user.idle(),
    });
    socket.setTimeout(context.options.idle_timeout * 1000);
    socket.resume();
  }

  /** The client should pause. */
  get isFull(): boolean {
    return this.queue !== null && this.queue.length > QUEUE;
  }

  /** Reads what waits, as far as it may be read. */
  pump(): void {
    if (this.isPumping || this.isReleased) return;
    this.isPumping = true;
    while (this.queue && !this.isBusy && !this.isStopped) {
      const queue: Buffer = this.queue;
      const used = this.reader.push(queue);
      this.queue = used < queue.length ? queue.subarray(used) : null;
    }
    this.isPumping = false;
    this.user.pumped();
  }

  /** Gives a head that has begun its time, and takes it back when there is none. */
  watchHead(): void {
    const isWaiting = !this.isBusy && !this.isStopped && this.reader.isInHead && !this.reader.isIdle;
    if (!isWaiting) this.headRead();
    else this.headTimer ??= setTimeout(() => this.user.late(), this.context.options.head_timeout * 1000);
  }

  /** The head being read is complete, or none. */
  headRead(): void {
    if (this.headTimer) clearTimeout(this.headTimer);
    this.headTimer = null;
  }

  /** Reads nothing any more; what comes is thrown away. */
  stop(): void {
    this.isStopped = true;
    this.queue = null;
  }

  /** Gives the socket away, with what was not read of it. */
  release(): Buffer {
    this.detach();
    this.isReleased = true;
    return this.queue ?? Buffer.alloc(0);
  }

  private detach(): void {
    this.headRead();
    this.socket.setTimeout(0);
    this.leave();
  }

  private gone(error: NodeJS.ErrnoException | null): void {
    this.detach();
    this.socket.on('error', () => {}); // said already
    this.user.gone(error);
  }

  private took(bytes: Buffer): void {
    if (this.isStopped) return;
    const isFirst = !this.hasBegun;
    this.hasBegun = true;
    if (isFirst && looksLikeTls(bytes) && this.user.tls(bytes)) return;
    this.queue = this.queue ? Buffer.concat([this.queue, bytes]) : bytes;
    this.pump();
  }

  private ended(): void {
    this.hasEnded = true;
    this.user.ended();
  }
}
