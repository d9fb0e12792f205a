/* What sluice uses of ws; the package brings no types, and those of @types/ws leave these classes out. */
declare module 'ws' {
  import type { Writable } from 'node:stream';

  export interface DeflateParameters {
    server_no_context_takeover?: boolean;
    client_no_context_takeover?: boolean;
    server_max_window_bits?: number;
    client_max_window_bits?: number | boolean;
  }

  export class PerMessageDeflate {
    constructor(options: { isServer?: boolean; maxPayload?: number; threshold?: number });
    accept(parameters: readonly Record<string, readonly unknown[]>[]): DeflateParameters;
    cleanup(): void;
  }

  type Extensions = Readonly<Record<string, PerMessageDeflate>>;

  export class Receiver extends Writable {
    constructor(options: {
      isServer: boolean;
      extensions: Extensions;
      maxPayload: number;
      allowSynchronousEvents: boolean;
      skipUTF8Validation: boolean;
    });
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
    on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    on(event: string, listener: (...values: never[]) => void): this;
  }

  /** What a Sender does with its socket. */
  export interface SenderSocket {
    /** What is being compressed is then given up. */
    readonly destroyed: boolean;
    write(bytes: Uint8Array, done?: () => void): unknown;
    cork(): void;
    uncork(): void;
  }

  export class Sender {
    constructor(socket: SenderSocket, extensions: Extensions);
    send(
      content: Uint8Array,
      options: { binary: boolean; compress: boolean; fin: boolean; mask: boolean },
      done: (error?: Error) => void,
    ): void;
  }

  export const extension: {
    parse(header: string): Record<string, readonly Record<string, readonly unknown[]>[]>;
  };
}
