import type { Socket } from 'node:net';
import { type ClientHello, looksLikeTls, readClientHello } from './hello.js';

/** What a client's first bytes say that it speaks (PD-03, PD-08). */
export type Detected =
  | { readonly type: 'tls'; readonly hello: ClientHello }
  | { readonly type: 'http' | 'h2' | 'raw' | 'broken-tls' }
  /** Nothing has come: perhaps the server speaks first. */
  | { readonly type: 'silent' }
  /** What has come, if anything, stops in the middle. */
  | { readonly type: 'late'; readonly hasBegun: boolean }
  | { readonly type: 'closed'; readonly error: NodeJS.ErrnoException | null };

/** Milliseconds after which a client that has not said what it speaks may be waiting for the server. */
const SILENCE = 1000;
const H2_PREFACE = 'PRI * HTTP/2';
/** A method and a blank (RFC 9112 3), behind line breaks that a careless client may send. */
const REQUEST = /^(?:\r?\n)*[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]/;
const BEGINNING = /^(?:\r?\n)*\r?(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]{0,64})$/;
const SSH = 'SSH-';

/** What these first bytes are the beginning of, or null while they could be several things. */
export function firstBytes(bytes: Buffer): Detected | null {
  if (looksLikeTls(bytes)) {
    const reading = readClientHello(bytes);
    if (reading.type === 'more') return null;
    return reading.type === 'hello' ? { type: 'tls', hello: reading.hello } : { type: 'broken-tls' };
  }
  const start = bytes.toString('latin1', 0, 128);
  if (start.startsWith(H2_PREFACE)) return { type: 'h2' };
  if (H2_PREFACE.startsWith(start) || SSH.startsWith(start)) return null;
  if (start.startsWith(SSH)) return { type: 'raw' };
  if (REQUEST.test(start)) return { type: 'http' };
  return BEGINNING.test(start) ? null : { type: 'raw' };
}

/** What can come. */
export interface Expectation {
  /** Milliseconds after which the server may be the one to speak, or null where it never is. */
  readonly silence: number | null;
  /** What is no TLS need not be told apart. */
  readonly isTlsOrRaw: boolean;
}

export const ANYTHING: Expectation = { silence: SILENCE, isTlsOrRaw: false };

/** Reads from a client until it is clear what it speaks, and puts back what it read. The socket is paused then. */
export function detect(
  socket: Socket,
  seconds: number,
  done: (detected: Detected) => void,
  expected: Expectation = ANYTHING,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const settle = (detected: Detected): void => {
    clearTimeout(silence);
    clearTimeout(patience);
    socket.removeListener('data', onData);
    socket.removeListener('end', onEnd);
    socket.removeListener('close', onEnd);
    socket.removeListener('error', onError);
    socket.pause();
    if (seen.length > 0) socket.unshift(seen);
    done(detected);
  };
  const onData = (bytes: Buffer): void => {
    seen = seen.length === 0 ? bytes : Buffer.concat([seen, bytes]);
    const detected = expected.isTlsOrRaw && !looksLikeTls(seen) ? RAW : firstBytes(seen);
    if (detected) settle(detected);
  };
  const onEnd = (): void => settle(seen.length > 0 && !looksLikeTls(seen) ? RAW : CLOSED);
  const onError = (error: NodeJS.ErrnoException): void => settle({ type: 'closed', error });
  const isSilent = (): void => {
    if (seen.length === 0) settle({ type: 'silent' });
    else if (!looksLikeTls(seen)) settle(RAW);
  };
  const silence = expected.silence === null ? undefined : setTimeout(isSilent, expected.silence);
  const patience = setTimeout(() => settle({ type: 'late', hasBegun: seen.length > 0 }), seconds * 1000);
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', onEnd);
  socket.on('error', onError);
  socket.resume();
}

const RAW: Detected = { type: 'raw' };
const CLOSED: Detected = { type: 'closed', error: null };

/** Whether, of two sockets nobody reads, the server's is the one that speaks first. */
export function serverSpeaksFirst(client: Socket, server: Socket, done: (isFirst: boolean) => void): void {
  const settle = (isFirst: boolean): void => {
    client.removeListener('readable', onClient);
    server.removeListener('readable', onServer);
    server.removeListener('close', onClient);
    done(isFirst);
  };
  const onClient = (): void => settle(false);
  const onServer = (): void => settle(true);
  client.once('readable', onClient);
  server.once('readable', onServer);
  server.once('close', onClient);
}
