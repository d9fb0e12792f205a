import type { ErrorKind } from '../../flow/flow.js';

const KINDS: Readonly<Record<ErrorKind, true>> = {
  'malformed-request': true,
  'malformed-response': true,
  unreachable: true,
  untrusted: true,
  'timed-out': true,
  'cut-off': true,
  'client-gone': true,
  'client-distrusts': true,
  handshake: true,
  killed: true,
  loop: true,
  'no-login': true,
  'no-proxy-login': true,
};

export function isErrorKind(value: unknown): value is ErrorKind {
  return typeof value === 'string' && Object.hasOwn(KINDS, value);
}

/** What an error is called whose kind a file does not tell, by the words of mitmproxy and of browsers. */
export function kindOf(message: string): ErrorKind {
  if (/^Connection killed/i.test(message)) return 'killed';
  if (/timed?[ _]?out/i.test(message)) return 'timed-out';
  if (/cert/i.test(message)) return 'untrusted';
  if (/handshake|TLS|SSL/i.test(message)) return 'handshake';
  if (/client disconnected|aborted/i.test(message)) return 'client-gone';
  return /refused|unreachable|resolved|getaddrinfo|connect/i.test(message) ? 'unreachable' : 'cut-off';
}

/** The kind that a file tells, else what its message sounds like. */
export function kindIn(told: unknown, message: string): ErrorKind {
  return isErrorKind(told) ? told : kindOf(message);
}
