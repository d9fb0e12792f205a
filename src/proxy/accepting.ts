import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Shown, Wanted } from '../certs/leaves.js';
import { bracketed, type ClientFacts } from '../flow/flow.js';
import type { Context } from './context.js';
import { type ClientHello, protocolList } from './hello.js';
import { logSecrets } from './secrets.js';
import { peerChain, tlsFacts } from './securing.js';

/** How a handshake with a client went; exactly one is called, once. */
export interface Acceptance {
  /** The socket is paused. */
  done(secure: TLSSocket): void;
  /** The client refused it, or left: null where it did not say why. */
  failed(error: NodeJS.ErrnoException | null): void;
}

/** Gives a client the certificate it is to be shown; else `unable` hears why there is none. */
export function withLeaf(
  context: Context,
  wanted: Wanted,
  show: (shown: Shown) => void,
  unable: (message: string) => void,
): void {
  void context.leaf(wanted).then(show, (error: Error) => unable(`no certificate can be made: ${error.message}`));
}

/** Finishes a client's TLS handshake with a certificate of ours, and `alpn` where something was agreed on. */
export function acceptTls(
  context: Context,
  socket: Socket,
  shown: Shown,
  alpn: string | null,
  { done, failed }: Acceptance,
): void {
  const { request_client_cert, head_timeout } = context.options;
  const secureContext = contextOf(shown);
  if (secureContext instanceof Error) {
    failed(secureContext);
    socket.destroy();
    return;
  }
  socket.removeAllListeners('error');
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext,
    requestCert: request_client_cert,
    rejectUnauthorized: false,
    ...(alpn === null ? {} : { ALPNProtocols: protocolList([alpn]) }),
  });
  logSecrets(context, secure);
  const onError = (error: NodeJS.ErrnoException): void => {
    stop();
    secure.on('error', () => {}); // reported
    failed(error);
    secure.destroy();
  };
  const onClose = (): void => {
    stop();
    failed(null);
  };
  const timer = setTimeout(() => {
    onError(new Error(`the TLS handshake did not finish within ${head_timeout} s`));
  }, head_timeout * 1000);
  const stop = (): void => {
    clearTimeout(timer);
    secure.removeListener('error', onError);
    secure.removeListener('close', onClose);
    secure.removeListener('end', onEnd);
  };
  const onEnd = (): void => void secure.destroy();
  secure.on('error', onError);
  secure.on('close', onClose);
  secure.on('end', onEnd);
  secure.resume(); // an end is only heard while reading
  secure.once('secure', () => {
    stop();
    secure.on('_tlsError', (error) => secure.destroy(error)); // all that Node does where there is no tls.Server
    secure.pause(); // what comes while scripts are asked is for the session
    done(secure);
  });
}

/** OpenSSL refuses a key that `ciphers_client` calls too weak. */
function contextOf(shown: Shown): SecureContext | Error {
  try {
    return shown.context();
  } catch (error) {
    const { message } = error as Error;
    return new Error(`ciphers_client does not allow our own certificate (${message.split(':').at(-1)})`);
  }
}

/** What is known of a client once its handshake is done. */
export function securedClient(
  context: Context,
  client: ClientFacts,
  socket: Socket,
  secure: TLSSocket,
  { sni, alpn: alpnOffers, ciphers }: ClientHello,
  shown: Shown,
): ClientFacts {
  const chain = context.options.request_client_cert ? peerChain(secure.getPeerX509Certificate()) : null;
  return {
    ...client,
    local: client.local ?? `${bracketed(socket.localAddress ?? '')}:${socket.localPort ?? 0}`,
    tls: { ...tlsFacts(secure, sni), alpnOffers, ciphers },
    shown: shown.certificate,
    ...(chain ? { chain } : {}),
  };
}
