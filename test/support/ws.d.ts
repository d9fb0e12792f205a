/* What the tests use of ws, beside what sluice does. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';
  import type { Server } from 'node:http';
  import type { Duplex } from 'node:stream';

  export class WebSocket extends EventEmitter {
    constructor(
      url: string,
      options: {
        createConnection?: () => Duplex;
        perMessageDeflate?: boolean | object;
        maxPendingAutoPongs?: number;
        headers?: Readonly<Record<string, string>>;
      },
    );
    readonly readyState: number;
    readonly extensions: string;
    send(data: string | Uint8Array, options?: { compress?: boolean; fin?: boolean; binary?: boolean }): void;
    ping(data?: string): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
  }

  export class WebSocketServer extends EventEmitter {
    constructor(options: {
      server: Server;
      perMessageDeflate?: boolean | object;
      maxPayload?: number;
      maxPendingAutoPongs?: number;
    });
    on(event: 'connection', listener: (socket: WebSocket, request: { headers: Record<string, string> }) => void): this;
    close(): void;
  }
}
