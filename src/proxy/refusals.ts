import type { ErrorKind } from '../flow/flow.js';

/*
 * Why a TLS handshake failed and what helps (TL-10): one table for each side, by the codes of node:tls and OpenSSL.
 */

export interface Refusal {
  readonly kind: ErrorKind;
  readonly message: string;
}

interface Row {
  readonly code: RegExp;
  readonly cause: string;
  readonly cure: string;
  /** What the failure is called; `handshake` unless given. */
  readonly kind?: ErrorKind;
}

const OLD_SERVER = 'tls_version_server_min=TLS1 also speaks the versions before TLS 1.2';

/** Failures with servers. */
const SERVER: readonly Row[] = [
  {
    code: /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|HTTP_REQUEST)$/,
    cause: 'it does not speak TLS',
    cure: 'ask for http:// if it is a plain HTTP server',
    kind: 'unreachable',
  },
  {
    code: /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|INAPPROPRIATE_FALLBACK/,
    cause: 'it speaks no TLS version that tls_version_server_min and tls_version_server_max allow',
    cure: OLD_SERVER,
  },
  {
    code: /ALERT_CERTIFICATE_REQUIRED/,
    cause: 'it wants a certificate of the client',
    cure: 'client_certs gives it one',
  },
  {
    code: /ALERT_INSUFFICIENT_SECURITY|NO_CIPHERS_AVAILABLE|WRONG_CIPHER_RETURNED|UNKNOWN_CIPHER_RETURNED/,
    cause: 'there is no cipher both sides take',
    cure: 'ciphers_server=ALL:@SECLEVEL=0 offers every cipher',
  },
  {
    code: /ALERT_HANDSHAKE_FAILURE/,
    cause: 'it refused every cipher or curve, or wants a certificate of the client',
    cure: 'ciphers_server=ALL:@SECLEVEL=0 offers every cipher, client_certs gives a certificate',
  },
  {
    code: /UNRECOGNIZED_NAME/,
    cause: 'it knows no host of that name',
    cure: 'the server name comes from the client: ask for a name it has',
  },
  {
    code: /ALERT_NO_APPLICATION_PROTOCOL/,
    cause: 'it speaks none of the protocols the client offered',
    cure: 'ignore_hosts passes it through untouched',
  },
  {
    code: /UNSAFE_LEGACY_RENEGOTIATION/,
    cause: 'it cannot renegotiate securely',
    cure: 'ssl_insecure also speaks with such servers',
  },
  {
    code: /KEY_TOO_SMALL|CA_MD_TOO_WEAK|WRONG_SIGNATURE_TYPE|LEGACY_SIGALG|NO_SUITABLE_SIGNATURE/,
    cause: 'its keys or signatures are too weak',
    cure: 'ciphers_server=DEFAULT:@SECLEVEL=0 takes them',
  },
  {
    code: /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/,
    cause: 'it does not accept the certificate it was shown',
    cure: 'see client_certs',
  },
  {
    code: /^(ECONNRESET|EPIPE|ERR_CLOSED)$/,
    cause: 'it closed the connection during the TLS handshake',
    cure: `perhaps it speaks no TLS, or an old version: ${OLD_SERVER}`,
    kind: 'unreachable',
  },
];

const ROOT = 'add its root with ssl_verify_upstream_trusted_ca, or set ssl_insecure';
const CLOCK = 'look at the clock here, or set ssl_insecure';

/** Certificates of servers that are not accepted (TL-07). */
const UNTRUSTED: readonly Row[] = [
  {
    code: /^SELF_SIGNED_CERT_IN_CHAIN$/,
    cause: 'its chain ends in a self-signed certificate that is not trusted',
    cure: ROOT,
  },
  { code: /^DEPTH_ZERO_SELF_SIGNED_CERT$/, cause: 'its certificate is self-signed', cure: ROOT },
  {
    code: /^UNABLE_TO_VERIFY_LEAF_SIGNATURE$/,
    cause: 'its certificate is signed by an unknown authority, or an intermediate is missing',
    cure: ROOT,
  },
  { code: /^UNABLE_TO_GET_ISSUER_CERT/, cause: 'its certificate is signed by an unknown authority', cure: ROOT },
  { code: /^CERT_HAS_EXPIRED$/, cause: 'its certificate has expired', cure: CLOCK },
  { code: /^CERT_NOT_YET_VALID$/, cause: 'its certificate is not valid yet', cure: CLOCK },
  { code: /^CERT_REVOKED$/, cause: 'its certificate is revoked', cure: 'ssl_insecure accepts it all the same' },
  { code: /^INVALID_PURPOSE$/, cause: 'its certificate is not for servers', cure: 'ssl_insecure accepts it' },
  {
    code: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    cause: 'its certificate is for another name',
    cure: 'ask for a name it is for, or set ssl_insecure',
  },
];

const TRUST_US =
  'let it trust the CA (http://sluice.test/), or pass the host through (p in the list of flows, or ignore_hosts)';

/** Failures with clients. */
const CLIENT: readonly Row[] = [
  {
    code: /ALERT_.*(UNKNOWN_CA|CERTIFICATE|ACCESS_DENIED)/,
    cause: 'client does not trust the sluice CA',
    cure: TRUST_US,
    kind: 'client-distrusts',
  },
  {
    code: /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|ALERT_PROTOCOL_VERSION|UNKNOWN_PROTOCOL/,
    cause: 'the client offers no TLS version that tls_version_client_min and tls_version_client_max allow',
    cure: 'tls_version_client_min=TLS1 also speaks the versions before TLS 1.2',
  },
  {
    code: /NO_SHARED_CIPHER|ALERT_HANDSHAKE_FAILURE|ALERT_INSUFFICIENT_SECURITY/,
    cause: 'there is no cipher both sides take',
    cure: 'ciphers_client=ALL:@SECLEVEL=0 takes every cipher',
  },
  {
    code: /NO_SUITABLE_KEY_SHARE|NO_SHARED_GROUP/,
    cause: 'there is no curve both sides take',
    cure: 'see tls_ecdh_curve_client',
  },
  {
    code: /NO_APPLICATION_PROTOCOL/,
    cause: 'the client offers no protocol that can be spoken',
    cure: 'ignore_hosts passes the host through untouched',
  },
  {
    code: /USER_CANCELLED/,
    cause: 'the client left during the handshake',
    cure: 'it said that its user wanted so',
  },
];

/** The client is gone without a word, which is how some refuse a certificate. */
const SILENT: Refusal = {
  kind: 'client-distrusts',
  message: `client probably does not trust the sluice CA (it sent no alert); ${TRUST_US}`,
};

/** The words of OpenSSL's error alone, without addresses and files. */
function reasonOf(error: NodeJS.ErrnoException): string {
  const { reason } = error as { readonly reason?: unknown };
  if (typeof reason === 'string' && reason !== '') return reason;
  return /SSL routines:[^:]*:([^:]+)/.exec(error.message)?.[1] ?? error.message;
}

/** Its last word is the alert's, in any case. */
function alertOf(error: NodeJS.ErrnoException): string {
  const alert = /_ALERT_([A-Z_]+)$/.exec(error.code ?? '')?.[1];
  return alert === undefined ? '' : ` (alert: ${alert.toLowerCase()})`;
}

function find(rows: readonly Row[], error: NodeJS.ErrnoException): Row | undefined {
  const code = error.code ?? '';
  return rows.find((row) => row.code.test(code));
}

/** Why TLS with a server failed. */
export function serverRefusal(authority: string, error: NodeJS.ErrnoException): Refusal {
  const code = error.code ?? '';
  const untrusted = find(UNTRUSTED, error);
  if (untrusted) {
    const detail = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? ` (${reasonOf(error)})` : '';
    return notTrusted(authority, `${untrusted.cause}${detail}`, untrusted.cure);
  }
  const row = find(SERVER, error);
  if (row)
    return {
      kind: row.kind ?? 'handshake',
      message: `TLS with ${authority} failed: ${row.cause}${alertOf(error)}; ${row.cure}`,
    };
  if (/CERT/.test(code) && !code.startsWith('ERR_SSL_')) return notTrusted(authority, reasonOf(error), ROOT);
  return { kind: 'handshake', message: `TLS with ${authority} failed: ${reasonOf(error)}${alertOf(error)}` };
}

function notTrusted(authority: string, cause: string, cure: string): Refusal {
  return { kind: 'untrusted', message: `${authority} is not trusted: ${cause}; nothing was sent to it (${cure})` };
}

export function isDistrust(error: NodeJS.ErrnoException): boolean {
  return find(CLIENT, error)?.kind === 'client-distrusts';
}

/** Why TLS with a client failed; `null` where it just closed the connection. */
export function clientRefusal(error: NodeJS.ErrnoException | null): Refusal {
  if (error === null || ['ECONNRESET', 'EPIPE'].includes(error.code ?? '')) return SILENT;
  const row = find(CLIENT, error);
  if (row) return { kind: row.kind ?? 'handshake', message: `${row.cause}${alertOf(error)}; ${row.cure}` };
  const alert = alertOf(error);
  if (alert !== '') return { kind: 'handshake', message: `the client refused the handshake${alert}` };
  return { kind: 'handshake', message: `the TLS handshake with the client failed: ${reasonOf(error)}` };
}
