import type { RequestHead } from '../flow/flow.js';
import type { Framing } from './framing.js';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** How far an exchange has come with the connection to its server. */
export class Attempt {
  isConnected = false;
  /** Something of the request may have been sent, over this connection or an earlier one. */
  isSent = false;
  /** The server has sent an interim response. */
  hasInterim = false;
  private isReused = false;
  private isRetried = false;

  connected(isReused: boolean): void {
    this.isConnected = true;
    this.isSent = true;
    this.isReused = isReused;
  }

  /** Only a request that cannot do anything twice is sent again, once, and only on a connection that had been idle. */
  mayRetry({ method }: RequestHead, { type }: Framing): boolean {
    return (
      this.isSent && !this.hasInterim && this.isReused && !this.isRetried && type === 'none' && IDEMPOTENT.has(method)
    );
  }

  retried(): void {
    this.isRetried = true;
  }
}
