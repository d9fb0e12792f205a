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

/** Reads the messages of one direction. It alters the bytes that it is given. */
export class MessageReader {
  private readonly extensions: Record<string, PerMessageDeflate>;
  private receiver: Receiver;
  private isBroken = false;

  constructor(
    private readonly fromClient: boolean,
    deflate: Deflate,
    /** Bytes of the largest message that is read. */
    private readonly limit: number,
    private readonly listener: MessageListener,
  ) {
    this.extensions = extensionsOf(deflate, fromClient, limit);
    this.receiver = this.open();
  }

  push(bytes: Buffer): void {
    if (!this.isBroken) this.receiver.write(bytes);
  }

  /** Forgets a message that has begun. */
  restart(): void {
    if (!this.isBroken) this.receiver = this.open();
  }

  close(): void {
    this.isBroken = true;
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
    receiver.on('message', (content, isBinary) => this.listener.message(content, !isBinary));
    receiver.on('conclude', (code, reason) => this.listener.concluded(code, reason.toString()));
    receiver.on('error', (error) => {
      if (this.isBroken || receiver !== this.receiver) return;
      this.isBroken = true;
      this.listener.broken(isTooLarge(error) ? tooLarge(this.limit) : error.message);
    });
    return receiver;
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

  constructor(
    private readonly toServer: boolean,
    deflate: Deflate,
    write: (bytes: Uint8Array) => void,
  ) {
    this.extensions = extensionsOf(deflate, !toServer, 0);
    const socket: SenderSocket = {
      write: (bytes, done) => {
        write(bytes);
        done?.();
      },
      cork: () => {},
      uncork: () => {},
    };
    this.sender = new (ws().Sender)(socket, this.extensions);
  }

  /** `done` is called when all of it has been written. */
  send(content: Uint8Array, isText: boolean, isCompressed: boolean, done: () => void): void {
    const compress = isCompressed && DEFLATE in this.extensions;
    this.sender.send(content, { binary: !isText, compress, fin: true, mask: this.toServer }, done);
  }

  close(): void {
    this.extensions[DEFLATE]?.cleanup();
  }
}
