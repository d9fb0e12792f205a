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
/** Octets within which a first line must say what it is. */
const LONGEST_LINE = 8192;
/** A method and something behind it (RFC 9112 3), behind line breaks that a careless client may send. */
const WORDS = /^(?:\r?\n)*[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]([^\n]*)(\n?)/;
/** What a line has behind its method that is HTTP, whole or broken, if it is no path; other protocols have words there, too. */
const REQUEST = /(?:^|[ \t])HTTP\//i;
const BEGINNING = /^(?:\r?\n)*\r?(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]{0,64})$/;
const SSH = 'SSH-';
const HTTP: Detected = { type: 'http' };
const RAW: Detected = { type: 'raw' };
const CLOSED: Detected = { type: 'closed', error: null };

/** What these first bytes are the beginning of, or null while they could be several things. */
export function firstBytes(bytes: Buffer): Detected | null {
  if (looksLikeTls(bytes)) {
    const reading = readClientHello(bytes);
    if (reading.type === 'more') return null;
    return reading.type === 'hello' ? { type: 'tls', hello: reading.hello } : { type: 'broken-tls' };
  }
  const start = bytes.toString('latin1', 0, LONGEST_LINE);
  if (start.startsWith(H2_PREFACE)) return { type: 'h2' };
  if (H2_PREFACE.startsWith(start) || SSH.startsWith(start)) return null;
  if (start.startsWith(SSH)) return RAW;
  const [line, rest = '', end] = WORDS.exec(start) ?? [];
  if (line === undefined) return BEGINNING.test(start) ? null : RAW;
  if (rest.startsWith('/') || REQUEST.test(rest)) return HTTP;
  if (end !== '') return RAW;
  return start.length < LONGEST_LINE ? null : RAW;
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
  if (socket.destroyed || socket.readableEnded) return done(CLOSED);
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
