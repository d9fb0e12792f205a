import type { Socket } from 'node:net';
import type { NamePairs } from '../flow/distinguished.js';
import type { ErrorKind, ServerFacts } from '../flow/flow.js';

/** How to speak TLS to a server: what the client wanted, so that the server sees the same. */
export interface TlsWish {
  /** '' for no server name. */
  readonly sni: string;
  readonly alpn: readonly string[];
}

export interface Dialled {
  readonly socket: Socket;
  readonly facts: ServerFacts;
  /** What its certificate says of whom it is for; nothing without TLS. */
  readonly subject: NamePairs;
}

export interface DialFailure {
  readonly kind: ErrorKind;
  readonly message: string;
  /** It failed in the TLS handshake. */
  readonly isTls?: true;
}

export type DialResult = Dialled | DialFailure;

export function isDialled(result: DialResult): result is Dialled {
  return 'socket' in result;
}
