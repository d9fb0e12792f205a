import net, { type Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import { now } from '../flow/clock.js';
import type { CertificateFacts, Origin, ServerFacts, TlsFacts } from '../flow/flow.js';
import type { Context } from './context.js';
import type { DialFailure, DialResult, TlsWish } from './dialled.js';

/** What is known of a connection before TLS begins. */
export type Plain = Pick<ServerFacts, 'authority' | 'address' | 'startedAt' | 'connectedAt' | 'reused'>;

/** Speaks TLS on a connection to a server. `settle` is called at least once. */
export function secure(
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
