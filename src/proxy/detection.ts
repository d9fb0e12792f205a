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

/** Milliseconds after which a client that has said nothing may be waiting for the server. */
const SILENCE = 100;
/** Milliseconds after which a client that has stopped in the middle of a word does not speak HTTP. */
const PAUSE = 1000;
const H2_PREFACE = 'PRI * HTTP/2';
/** Octets within which a first line must say what it is. */
const LONGEST_LINE = 8192;
/** A method and something behind it (RFC 9112 3), behind line breaks that a careless client may send. */
const WORDS = /^(?:\r?\n)*[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]([^\n]*)(\n?)/;
/** What a line has behind its method that is HTTP, whole or broken, if it is no path; other protocols have words there, too. */
const REQUEST = /(?:^|[ \t])HTTP\//i;
/** Of the methods there are, all are in upper case: what begins otherwise is not waited for. */
const BEGINNING = /^(?:\r?\n)*\r?(?:[A-Z][A-Z0-9_-]{0,63})?$/;
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

/**
 * Reads from a client until it is clear what it speaks, and puts back what it read. The socket is paused then. What could
 * still be several things is put back at once: behind an end, which must wait for whoever reads on, nothing can be.
 */
export function detect(
  socket: Socket,
  seconds: number,
  done: (detected: Detected) => void,
  expected: Expectation = ANYTHING,
): void {
  if (socket.destroyed || socket.readableEnded) return done(CLOSED);
  let seen: Buffer = Buffer.alloc(0);
  /** What was seen is in the socket again. */
  let isBack = false;
  let pause: NodeJS.Timeout | undefined;
  const settle = (detected: Detected): void => {
    clearTimeout(silence);
    clearTimeout(patience);
    clearTimeout(pause);
    socket.removeListener('readable', onReadable);
    socket.removeListener('end', onEnd);
    socket.removeListener('close', onEnd);
    socket.removeListener('error', onError);
    socket.pause();
    if (!isBack && seen.length > 0) socket.unshift(seen);
    done(detected);
  };
  const onReadable = (): void => {
    if (isBack && socket.readableLength === seen.length) return; // it is told of what was put back
    const bytes: Buffer | null = socket.read();
    if (!bytes) return;
    seen = isBack || seen.length === 0 ? bytes : Buffer.concat([seen, bytes]);
    isBack = false;
    const detected = expected.isTlsOrRaw && !looksLikeTls(seen) ? RAW : firstBytes(seen);
    if (detected) return settle(detected);
    if (looksLikeTls(seen)) return;
    isBack = true;
    socket.unshift(seen);
    if (expected.silence !== null) pause ??= setTimeout(() => settle(RAW), PAUSE);
  };
  const onEnd = (): void => settle(CLOSED);
  const onError = (error: NodeJS.ErrnoException): void => settle({ type: 'closed', error });
  const isSilent = (): void => {
    if (seen.length === 0) settle({ type: 'silent' });
  };
  const silence = expected.silence === null ? undefined : setTimeout(isSilent, expected.silence);
  const patience = setTimeout(() => settle({ type: 'late', hasBegun: seen.length > 0 }), seconds * 1000);
  socket.on('readable', onReadable);
  socket.on('end', onEnd);
  socket.on('close', onEnd);
  socket.on('error', onError);
  if (socket.readableLength > 0) onReadable(); // who listened before may have been told of it
}
