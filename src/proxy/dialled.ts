import type { Socket } from 'node:net';
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
  /** The server's subjectAltName as printed by node:crypto, '' without TLS. */
  readonly altNames: string;
}

export interface DialFailure {
  readonly kind: ErrorKind;
  readonly message: string;
}

export type DialResult = Dialled | DialFailure;

export function isDialled(result: DialResult): result is Dialled {
  return 'socket' in result;
}
