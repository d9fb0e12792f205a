import type { X509Certificate } from 'node:crypto';
import net, { type Socket } from 'node:net';
import tls, { type SecureContext, type TLSSocket } from 'node:tls';
import type { PeerFacts, Trust } from '../certs/trust.js';
import { certificateFacts } from '../flow/certificate.js';
import { now } from '../flow/clock.js';
import { joined } from '../flow/der.js';
import { pairsIn } from '../flow/distinguished.js';
import type { Origin, ServerFacts, TlsFacts } from '../flow/flow.js';
import type { Context } from './context.js';
import type { DialFailure, DialResult, TlsWish } from './dialled.js';
import { protocolList } from './hello.js';
import { serverRefusal } from './refusals.js';
import { logSecrets } from './secrets.js';

/** What is known of a connection before TLS begins. */
export type Plain = Pick<ServerFacts, 'authority' | 'address' | 'local' | 'startedAt' | 'connectedAt' | 'reused'>;

function contextOf(trust: Trust, origin: Origin): SecureContext | DialFailure {
  try {
    return trust.contextFor(origin.host);
  } catch (error) {
    return { kind: 'handshake', isTls: true, message: `client_certs: ${(error as Error).message}` };
  }
}

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
  const secureContext = contextOf(trust, origin);
  if ('message' in secureContext) return settle(secureContext);
  const resumable = `${plain.authority} ${wish.sni} ${wish.alpn.join(',')}`;
  const kept = trust.sessions.take(resumable);
  const socket = tls.connect({
    socket: plainSocket,
    host: origin.host,
    secureContext,
    rejectUnauthorized: !context.options.ssl_insecure,
    ...(wish.alpn.length > 0 ? { ALPNProtocols: protocolList(wish.alpn) } : {}),
    ...(wish.sni !== '' && !net.isIP(wish.sni) ? { servername: wish.sni } : {}),
    ...(kept ? { session: kept.session } : {}),
  });
  logSecrets(context, socket);
  let facts: PeerFacts | null = null;
  const early: Buffer[] = [];
  const keep = (session: Buffer, of: PeerFacts): void =>
    trust.sessions.put(resumable, { session, facts: of, isForOnce: socket.getProtocol() === 'TLSv1.3' });
  socket.on('session', (session) => {
    if (facts) keep(session, facts);
    else early.push(session); // TLS 1.2 gives it before the handshake is done
  });
  const onError = (error: NodeJS.ErrnoException): void => {
    trust.sessions.drop(resumable);
    settle({ ...serverRefusal(plain.authority, error), isTls: true });
  };
  socket.on('error', onError);
  const onClose = (): void => onError(Object.assign(new Error('closed'), { code: 'ERR_CLOSED' }));
  socket.once('close', onClose);
  socket.once('secureConnect', () => {
    socket.removeListener('close', onClose);
    socket.removeListener('error', onError);
    socket.on('error', () => socket.destroy()); // Node only tells of an alert: nothing more would come
    const peer = kept && socket.isSessionReused() ? kept.facts : peerFacts(socket, trustOf(context, trust, socket));
    facts = peer;
    for (const session of early) keep(session, peer);
    const { certificate, chain, trust: why } = peer;
    const secured = { securedAt: now(), tls: { ...tlsFacts(socket, wish.sni), alpnOffers: wish.alpn } };
    settle({ socket, facts: { ...plain, ...secured, certificate, chain, trust: why }, subject: peer.subject });
  });
}

function trustOf(context: Context, { roots }: Trust, socket: TLSSocket): string {
  if (!context.options.ssl_insecure) return roots;
  return socket.authorized
    ? `${roots}; ssl_insecure is on`
    : `nobody checked it: ssl_insecure is on (${socket.authorizationError})`;
}

/** The certificates the other side sent, leaf first; of a leaf that was asked for once: Node forgets the chain then. */
export function peerChain(leaf: X509Certificate | undefined): Uint8Array {
  const chain: Buffer[] = [];
  for (let one = leaf; one; one = one.issuerCertificate) {
    if (chain.some((known) => known.equals(one.raw))) break;
    chain.push(one.raw);
  }
  return joined(chain);
}

function peerFacts(socket: TLSSocket, trust: string): PeerFacts {
  const leaf = socket.getPeerX509Certificate();
  const certificate = leaf ? certificateFacts(leaf) : null;
  return { certificate, chain: peerChain(leaf), subject: pairsIn(leaf?.subject ?? ''), trust };
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
