import net, { type Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { now } from '../flow/clock.js';
import {
  bracketed,
  type CertificateFacts,
  type ErrorKind,
  type Origin,
  type ServerFacts,
  type TlsFacts,
} from '../flow/flow.js';
import type { Context } from './context.js';

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

/** Opens a connection to an origin, TLS included where its scheme says so. `done` is called exactly once. */
export function dial(context: Context, origin: Origin, wish: TlsWish, done: (result: DialResult) => void): void {
  const startedAt = now();
  const authority = `${bracketed(origin.host)}:${origin.port}`;
  const socket = net.connect({ host: origin.host, port: origin.port, noDelay: true, allowHalfOpen: true });
  let settled = false;
  const seconds = context.options.connect_timeout;
  const timer = setTimeout(() => {
    settle({ kind: 'timed-out', message: `${authority} did not accept a connection within ${seconds} s` });
  }, seconds * 1000);
  const settle = (result: DialResult): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    socket.removeListener('error', onError);
    if (!isDialled(result)) {
      socket.on('error', () => {}); // reported already
      socket.destroy();
    }
    done(result);
  };
  const onError = (error: NodeJS.ErrnoException): void => settle(connectFailure(authority, error));
  socket.on('error', onError);
  socket.once('connect', () => {
    if (isOurselves(context, socket)) {
      settle({ kind: 'loop', message: `${authority} is sluice itself: the request would go round in a circle` });
      return;
    }
    const address = `${bracketed(socket.remoteAddress ?? '')}:${socket.remotePort ?? 0}`;
    const plain = { authority, address, startedAt, connectedAt: now(), reused: false };
    if (origin.scheme === 'https') secure(context, socket, origin, wish, plain, settle);
    else {
      const facts: ServerFacts = { ...plain, securedAt: null, tls: null, certificate: null, trust: '' };
      settle({ socket, altNames: '', facts });
    }
  });
}

function connectFailure(authority: string, error: NodeJS.ErrnoException): DialFailure {
  const first = 'errors' in error && Array.isArray(error.errors) ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const causes: Readonly<Record<string, string>> = {
    ECONNREFUSED: `${authority} refused the connection`,
    ENOTFOUND: `no address is known for ${authority} (DNS: ENOTFOUND)`,
    EAI_AGAIN: `the name of ${authority} could not be looked up (DNS: EAI_AGAIN)`,
    EHOSTUNREACH: `there is no route to ${authority}`,
    ENETUNREACH: `there is no route to ${authority}`,
    ETIMEDOUT: `${authority} did not answer`,
  };
  const code = first.code ?? '';
  const message = causes[code] ?? `${authority} could not be reached: ${first.message}`;
  return { kind: code === 'ETIMEDOUT' ? 'timed-out' : 'unreachable', message };
}

/** Every spelling of our own address ends at our own listening socket; that is what is looked at. */
function isOurselves(context: Context, socket: Socket): boolean {
  const { host, port } = context.listening;
  if (socket.remotePort !== port) return false;
  const remote = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  if (host !== '0.0.0.0' && host !== '::' && host !== '') return remote === host;
  return remote.startsWith('127.') || remote === '::1' || socket.remoteAddress === socket.localAddress;
}

type Plain = Pick<ServerFacts, 'authority' | 'address' | 'startedAt' | 'connectedAt' | 'reused'>;

function secure(
  context: Context,
  plainSocket: Socket,
  origin: Origin,
  wish: TlsWish,
  plain: Plain,
  settle: (result: DialResult) => void,
): void {
  const trust = context.trust();
  const insecure = context.options.ssl_insecure;
  const socket = tls.connect({
    socket: plainSocket,
    host: origin.host,
    secureContext: trust.context,
    rejectUnauthorized: !insecure,
    ...(wish.alpn.length > 0 ? { ALPNProtocols: [...wish.alpn] } : {}),
    ...(wish.sni !== '' && !net.isIP(wish.sni) ? { servername: wish.sni } : {}),
  });
  const onError = (error: NodeJS.ErrnoException): void => settle(tlsFailure(plain.authority, error));
  socket.on('error', onError);
  socket.once('close', () => onError(new Error('it closed the connection during the TLS handshake')));
  socket.once('secureConnect', () => {
    socket.removeAllListeners('close');
    socket.removeListener('error', onError);
    const certificate = socket.getPeerX509Certificate();
    const facts: ServerFacts = {
      ...plain,
      securedAt: now(),
      tls: tlsFacts(socket, wish.sni),
      certificate: certificate ? certificateFacts(certificate) : null,
      trust: insecure
        ? socket.authorized
          ? `${trust.roots}; ssl_insecure is on`
          : `nobody checked it: ssl_insecure is on (${socket.authorizationError})`
        : trust.roots,
    };
    settle({ socket, facts, altNames: certificate?.subjectAltName ?? '' });
  });
}

export function tlsFacts(socket: TLSSocket, sni: string): TlsFacts {
  const cipher = socket.getCipher();
  return {
    version: socket.getProtocol() ?? '',
    cipher: cipher.standardName ?? cipher.name,
    alpn: socket.alpnProtocol === false || socket.alpnProtocol === null ? '' : socket.alpnProtocol,
    sni,
  };
}

function certificateFacts(certificate: import('node:crypto').X509Certificate): CertificateFacts {
  return {
    subject: certificate.subject?.replaceAll('\n', ', ') ?? '',
    issuer: certificate.issuer?.replaceAll('\n', ', ') ?? '',
    altNames: certificate.subjectAltName ?? '',
    validFrom: certificate.validFrom,
    validTo: certificate.validTo,
    fingerprint: certificate.fingerprint256,
  };
}

const UNTRUSTED: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'its chain ends in a self-signed certificate that is not trusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority, or an intermediate is missing',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_REVOKED: 'its certificate is revoked',
  INVALID_PURPOSE: 'its certificate is not for servers',
};

function tlsFailure(authority: string, error: NodeJS.ErrnoException): DialFailure {
  const code = error.code ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const reason = (error as { reason?: string }).reason ?? error.message;
    return untrusted(authority, `its certificate is for another name (${reason})`);
  }
  const cause = UNTRUSTED[code];
  if (cause !== undefined) return untrusted(authority, cause);
  if (/certificate|CERT_/i.test(code)) return untrusted(authority, error.message);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return { kind: 'unreachable', message: `${authority} does not speak TLS` };
  return { kind: 'unreachable', message: `TLS with ${authority} failed: ${error.message}` };
}

function untrusted(authority: string, cause: string): DialFailure {
  const cure = 'add its root with ssl_verify_upstream_trusted_ca, or set ssl_insecure';
  return { kind: 'untrusted', message: `${authority} is not trusted: ${cause}; nothing was sent to it (${cure})` };
}
