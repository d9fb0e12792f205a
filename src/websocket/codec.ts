import { createRequire } from 'node:module';
import type * as Package from 'ws';
import type { PerMessageDeflate, Receiver, Sender, SenderSocket } from 'ws';

/*
 * Frames to messages and back. The one file that knows the package ws.
 */

const require = createRequire(import.meta.url);

/** Loaded by the first websocket: it takes a tenth of the start of a thread that may never see one. */
function ws(): typeof Package {
  return require('ws');
}

const DEFLATE = 'permessage-deflate';

/** The parameters of permessage-deflate as negotiated (RFC 7692 7.1); null where it is not used. */
export type Deflate = Readonly<Record<string, readonly unknown[]>> | null;

export interface Extensions {
  readonly deflate: Deflate;
  /** Names of extensions that sluice cannot take off. */
  readonly unknown: readonly string[];
}

/** What the server agreed to in Sec-WebSocket-Extensions (RFC 6455 9.1). */
export function negotiated(field: string): Extensions {
  if (field === '') return { deflate: null, unknown: [] };
  try {
    const { [DEFLATE]: [deflate = null] = [], ...others } = ws().extension.parse(field);
    extensionsOf(deflate, false, 0); // throws for parameters that mean nothing
    return { deflate, unknown: Object.keys(others) };
  } catch {
    return { deflate: null, unknown: [field] };
  }
}

/** Whether a message may refer to the ones before it in that direction (RFC 7692 7.1.1). */
export function keepsContext(deflate: Deflate, fromClient: boolean): boolean {
  if (!deflate) return false;
  return deflate[`${fromClient ? 'client' : 'server'}_no_context_takeover`] === undefined;
}

export interface MessageListener {
  /** What has been read waits: nothing more is read until it calls `resume`. */
  readonly isFull: boolean;
  message(content: Buffer, isText: boolean): void;
  /** A close frame; 1005 stands for one without a code. */
  concluded(code: number, reason: string): void;
  /** The frames break the protocol, or cannot be decoded: nothing more is read. */
  broken(why: string): void;
}

function extensionsOf(deflate: Deflate, isServer: boolean, limit: number): Record<string, PerMessageDeflate> {
  if (!deflate) return {};
  const one = new (ws().PerMessageDeflate)({ isServer, maxPayload: limit, threshold: 0 });
  one.accept([{ ...deflate }]);
  return { [DEFLATE]: one };
}

/** A new beginning that waits until what came before it has been read. */
interface Anew {
  /** Messages that will have been given by then. */
  readonly given: number;
  /** What comes behind it. */
  readonly bytes: Buffer[];
}

/** Reads the messages of one direction. It alters the bytes that it is given. */
export class MessageReader {
  private extensions: Record<string, PerMessageDeflate>;
  private receiver: Receiver;
  private isBroken = false;
  private isClosed = false;
  /** Pieces that the receiver has not done with. */
  private underway = 0;
  /** Pieces that it has not got yet: what is small may inflate to a thousand times its size. */
  private readonly pieces: Buffer[] = [];
  private given = 0;
  private readonly beginnings: Anew[] = [];

  constructor(
    private readonly fromClient: boolean,
    private readonly deflate: Deflate,
    /** Bytes of the largest message that is read. */
    private readonly limit: number,
    private readonly listener: MessageListener,
  ) {
    this.extensions = extensionsOf(deflate, fromClient, limit);
    this.receiver = this.open();
  }

  push(bytes: Buffer): void {
    if (this.isBroken || this.isClosed) return;
    const last = this.beginnings.at(-1);
    if (last) last.bytes.push(bytes);
    else this.take(bytes);
  }

  /** Reads on after the listener was full. */
  resume(): void {
    if (this.isBroken || this.isClosed) return;
    while (this.underway === 0 && !this.listener.isFull) {
      const bytes = this.pieces.shift();
      if (!bytes) return;
      this.write(bytes);
    }
  }

  /** Forgets a message that has begun; so many that came whole before it have yet to be given. */
  restart(expected: number): void {
    if (this.isBroken || this.isClosed) return;
    this.beginnings.push({ given: this.given + expected, bytes: [] });
    if (this.isIdle) this.begin();
  }

  /** Tells nothing more. What inflates is let go once it rests: until then it may not be touched. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.receiver.destroy();
    if (this.underway === 0) this.cleanUp();
  }

  /** Everything that came has been read. */
  private get isIdle(): boolean {
    return this.underway === 0 && this.pieces.length === 0;
  }

  private take(bytes: Buffer): void {
    if (this.isIdle && !this.listener.isFull) this.write(bytes);
    else this.pieces.push(bytes);
  }

  private write(bytes: Buffer): void {
    this.underway += 1;
    this.receiver.write(bytes, (error) => {
      this.underway -= 1;
      if (error) this.failed(error);
      if (this.underway > 0) return;
      if (this.isClosed) this.cleanUp();
      else if (this.pieces.length > 0) this.resume();
      else if (!this.isBroken) this.begin();
    });
  }

  private begin(): void {
    const next = this.beginnings.shift();
    if (!next) return;
    if (!keepsContext(this.deflate, this.fromClient)) this.renew();
    this.receiver = this.open();
    for (const bytes of next.bytes) this.take(bytes);
    if (this.isIdle) this.begin();
  }

  /** Without a context nothing of the message that is forgotten may be left. */
  private renew(): void {
    this.cleanUp();
    this.extensions = extensionsOf(this.deflate, this.fromClient, this.limit);
  }

  private cleanUp(): void {
    this.extensions[DEFLATE]?.cleanup();
  }

  private open(): Receiver {
    const receiver = new (ws().Receiver)({
      isServer: this.fromClient,
      extensions: this.extensions,
      maxPayload: this.limit,
      allowSynchronousEvents: true,
      skipUTF8Validation: false,
    });
    receiver.on('message', (content, isBinary) => {
      this.given += 1;
      if (!this.isClosed) this.listener.message(content, !isBinary);
    });
    receiver.on('conclude', (code, reason) => {
      if (!this.isClosed) this.listener.concluded(code, reason.toString());
    });
    receiver.on('error', () => {}); // the piece that it is about says it
    return receiver;
  }

  private failed(error: Error): void {
    if (this.isBroken || this.isClosed) return;
    const [next] = this.beginnings;
    if (next && this.given >= next.given) return; // in the message that is to be forgotten
    this.isBroken = true;
    this.pieces.length = 0;
    this.listener.broken(isTooLarge(error) ? tooLarge(this.limit) : error.message);
  }
}

function isTooLarge(error: Error): boolean {
  return 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}

function tooLarge(limit: number): string {
  return `a message has more than ${limit} bytes, the most that is read`;
}

/** Writes whole messages of one direction as frames. */
export class MessageWriter {
  private readonly sender: Sender;
  private readonly extensions: Record<string, PerMessageDeflate>;
  private isClosed = false;

  constructor(
    private readonly toServer: boolean,
    deflate: Deflate,
    write: (bytes: Uint8Array) => void,
  ) {
    this.extensions = extensionsOf(deflate, !toServer, 0);
    const isClosed = (): boolean => this.isClosed;
    const socket: SenderSocket = {
      get destroyed() {
        return isClosed();
      },
      write: (bytes, done) => {
        write(bytes);
        done?.();
      },
      cork: () => {},
      uncork: () => {},
    };
    this.sender = new (ws().Sender)(socket, this.extensions);
  }

  /** `done` is called when all of it has been written; never, where the writer is closed before. */
  send(content: Uint8Array, isText: boolean, isCompressed: boolean, done: () => void): void {
    if (this.isClosed) return;
    const compress = isCompressed && DEFLATE in this.extensions;
    this.sender.send(content, { binary: !isText, compress, fin: true, mask: this.toServer }, () => {
      if (this.isClosed) this.extensions[DEFLATE]?.cleanup();
      else done();
    });
  }

  close(): void {
    this.isClosed = true;
    this.extensions[DEFLATE]?.cleanup();
  }
}
