import type { Socket } from 'node:net';
import type { ReverseScheme, Target } from '../flow/mode.js';
import { failurePage } from '../http/failure.js';
import type { Authority } from '../http/target.js';
import { closeWith } from './closing.js';
import type { DialFailure } from './dialled.js';

/** Who wants a tunnel: where to, and how they hear of it. */
export interface Opener {
  readonly authority: Authority;
  /** How the server is spoken to; null where it is as the client speaks. */
  readonly scheme: ReverseScheme | null;
  /** It is open: said before anything else is sent. */
  opened(socket: Socket): void;
  /** There is no way to the server; ends the connection. */
  failed(socket: Socket, failure: DialFailure): void;
}

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** A CONNECT (RFC 9110 9.3.6); `told` hears whether the tunnel could be opened. */
export function connectOpener(authority: Authority, told: (isOpen: boolean) => void): Opener {
  return {
    authority,
    scheme: null,
    opened: (socket) => {
      socket.write(ESTABLISHED);
      told(true);
    },
    failed: (socket, failure) => {
      told(false);
      closeWith(socket, failurePage(failure));
    },
  };
}

/** A client that takes us for the server itself (MO-03). */
export function reverseOpener({ scheme, host, port }: Target<ReverseScheme>): Opener {
  return {
    authority: { host, port },
    scheme,
    opened: () => {},
    failed: (socket) => socket.destroy(),
  };
}
