import { isDeepStrictEqual } from 'node:util';
import { certificatesOf, joined, pemOf } from '../../../flow/der.js';
import type { CertificateFacts, ClientFacts, ServerFacts, TlsFacts } from '../../../flow/flow.js';
import { type Address, addressIn, addressText } from '../address.js';
import { chainFacts, derOf } from '../certificates.js';
import type { NetMap, NetValue } from '../tnetstring.js';
import type { Extras } from './extras.js';
import { listAt, millisAt, numberOf, secondsOf, textAt, textOf } from './state.js';

/*
 * Connections (NF-04): what is known of client and server, and back.
 */

export function addressAt(connection: NetMap, key: string): Address | null {
  const [host, port] = listAt(connection, key);
  const name = textOf(host);
  return name === null || name === '' ? null : { host: name, port: numberOf(port) ?? 0 };
}

function textIn(connection: NetMap, key: string): string | null {
  const address = addressAt(connection, key);
  return address && addressText(address);
}

function tlsOf(connection: NetMap, ciphers: readonly number[] | undefined): TlsFacts | null {
  const version = textAt(connection, 'tls_version');
  if (version === null && millisAt(connection, 'timestamp_tls_setup') === null) return null;
  const offers = listAt(connection, 'alpn_offers').map((one) => textOf(one) ?? '');
  return {
    version: version ?? '',
    cipher: textAt(connection, 'cipher') ?? '',
    alpn: textAt(connection, 'alpn') ?? '',
    sni: textAt(connection, 'sni') ?? '',
    ...(offers.length > 0 ? { alpnOffers: offers } : {}),
    ...(ciphers ? { ciphers } : {}),
  };
}

function chainOf(connection: NetMap): Uint8Array | null {
  const list = listAt(connection, 'certificate_list').map((pem) => derOf(textOf(pem) ?? ''));
  return list.length > 0 ? joined(list) : null;
}

/** Null where the file knows of no client. */
export function clientOf(connection: NetMap, extras: Extras): ClientFacts | null {
  const address = textIn(connection, 'peername');
  const connectedAt = millisAt(connection, 'timestamp_start');
  if (address === null && !connectedAt) return null;
  const local = textIn(connection, 'sockname');
  const shown = textAt(connection, 'mitmcert');
  const chain = chainOf(connection);
  return {
    address: address ?? ':0',
    ...(local === null ? {} : { local }),
    connectedAt: connectedAt ?? 0,
    mode: textAt(connection, 'proxy_mode') ?? 'regular',
    tls: tlsOf(connection, extras.ciphers),
    ...(shown === null ? {} : { shown: derOf(shown) }),
    ...(chain ? { chain } : {}),
  };
}

/** Certificates of one file are few, and reading one is dear. */
export type Certificates = Map<string, CertificateFacts | null>;

function leafFacts(chain: Uint8Array, known: Certificates): CertificateFacts | null {
  const key = Buffer.from(chain.buffer, chain.byteOffset, chain.length).toString('latin1');
  const facts = known.get(key);
  if (facts !== undefined) return facts;
  const read = chainFacts(chain);
  if (known.size < 1000) known.set(key, read);
  return read;
}

/** Null where no connection to a server was made. */
export function serverOf(connection: NetMap, extras: Extras, known: Certificates): ServerFacts | null {
  const startedAt = millisAt(connection, 'timestamp_start');
  if (startedAt === null) return null;
  const local = textIn(connection, 'sockname');
  const chain = chainOf(connection);
  return {
    authority: textIn(connection, 'address') ?? '',
    address: textIn(connection, 'peername') ?? '',
    ...(local === null ? {} : { local }),
    startedAt,
    connectedAt: millisAt(connection, 'timestamp_tcp_setup') ?? startedAt,
    securedAt: millisAt(connection, 'timestamp_tls_setup'),
    tls: tlsOf(connection, extras.serverCiphers),
    certificate: extras.certificate ?? (chain && leafFacts(chain, known)),
    ...(chain ? { chain } : {}),
    trust: extras.trust ?? '',
    reused: extras.reused ?? false,
  };
}

function addressValue(text: string | undefined): NetValue {
  const address = addressIn(text ?? '');
  return address ? [address.host, address.port] : null;
}

function pems(chain: Uint8Array | undefined): NetValue[] {
  return chain ? certificatesOf(chain).map((der) => Buffer.from(pemOf(der))) : [];
}

const BLANK: readonly (readonly [string, NetValue])[] = [
  ['peername', null],
  ['sockname', null],
  ['id', ''],
  ['transport_protocol', 'tcp'],
  ['error', null],
  ['tls', false],
  ['certificate_list', []],
  ['alpn', null],
  ['alpn_offers', []],
  ['cipher', null],
  ['cipher_list', []],
  ['tls_version', null],
  ['sni', null],
  ['timestamp_start', null],
  ['timestamp_end', null],
  ['timestamp_tls_setup', null],
];

function setTls(connection: NetMap, tls: TlsFacts | null): void {
  connection.set('tls', tls !== null);
  connection.set('tls_version', tls && tls.version !== '' ? tls.version : null);
  connection.set('cipher', tls && tls.cipher !== '' ? tls.cipher : null);
  connection.set('alpn', tls && tls.alpn !== '' ? Buffer.from(tls.alpn) : null);
  connection.set('sni', tls && tls.sni !== '' ? tls.sni : null);
  connection.set('alpn_offers', tls?.alpnOffers?.map((offer) => Buffer.from(offer)) ?? []);
}

/** Newer versions of mitmproxy want a client to have addresses. */
const NO_ADDRESS: NetValue = ['', 0];

/** A client as it is written; what the file said of it stands where it says the same. */
export function clientState(client: ClientFacts | null, said: NetMap | null, extras: Extras, id: string): NetMap {
  const connection: NetMap = new Map([...BLANK, ['id', id], ['mitmcert', null], ['proxy_mode', 'regular']]);
  for (const [key, value] of said ?? []) connection.set(key, value);
  const { shown, chain, ...facts } = client ?? { address: '', connectedAt: 0, mode: 'regular', tls: null };
  if (!said || !isDeepStrictEqual(clientOf(said, extras), client && facts)) {
    connection.set('peername', addressValue(client?.address) ?? NO_ADDRESS);
    connection.set('sockname', addressValue(client?.local) ?? NO_ADDRESS);
    connection.set('timestamp_start', secondsOf(facts.connectedAt));
    connection.set('timestamp_tls_setup', facts.tls && secondsOf(facts.connectedAt));
    connection.set('proxy_mode', facts.mode);
    setTls(connection, facts.tls);
  }
  connection.set('mitmcert', shown ? Buffer.from(pemOf(shown)) : null);
  return connection.set('certificate_list', pems(chain));
}

/** A server as it is written. */
export function serverState(
  server: ServerFacts | null,
  said: NetMap | null,
  extras: Extras,
  asked: Address,
  id: string,
): NetMap {
  const blank = [
    ['address', [asked.host, asked.port]],
    ['timestamp_tcp_setup', null],
    ['via', null],
  ] as const;
  const connection: NetMap = new Map([...BLANK, ...blank.map(([key, value]) => [key, value as NetValue] as const)]);
  connection.set('id', id);
  for (const [key, value] of said ?? []) connection.set(key, value);
  if (!said || !saysTheSame(said, server, extras)) {
    if (server) connection.set('address', addressValue(server.authority));
    connection.set('peername', addressValue(server?.address));
    connection.set('sockname', addressValue(server?.local));
    connection.set('timestamp_start', server && secondsOf(server.startedAt));
    connection.set('timestamp_tcp_setup', server && secondsOf(server.connectedAt));
    const { securedAt = null, tls = null } = server ?? {};
    connection.set('timestamp_tls_setup', securedAt === null ? null : secondsOf(securedAt));
    setTls(connection, tls);
  }
  return connection.set('certificate_list', pems(server?.chain));
}

/** Certificates aside, which are written anew. */
function saysTheSame(said: NetMap, server: ServerFacts | null, extras: Extras): boolean {
  const read = serverOf(said, extras, new Map());
  if (!read || !server) return read === server;
  const { chain: _chain, certificate: _certificate, id: _id, ...facts } = server;
  const { certificate: _read, ...same } = read;
  return isDeepStrictEqual(same, facts);
}
