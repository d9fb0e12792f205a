import { isIP, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { altNames, type CertName, certName, uniqueNames } from '../certs/names.js';
import { now } from '../flow/clock.js';
import type { ClientFacts, ErrorKind, Origin, ServerFacts } from '../flow/flow.js';
import type { Context } from './context.js';
import { type DialResult, isDialled } from './dialled.js';
import type { ClientHello } from './hello.js';
import { chooseLayer, connectionImage } from './layers.js';
import { openServer } from './opening.js';
import { tlsFacts } from './securing.js';
import { type Inside, Session } from './session.js';

const JUST_AFTER = 1000;

/** TLS with a client: the server is asked first, then the client gets a certificate of ours that has its names. */
export class Handshake {
  constructor(
    private readonly context: Context,
    private readonly socket: Socket,
    private readonly client: ClientFacts,
    /** Where the client thinks it is. */
    private readonly origin: Origin,
    private readonly hello: ClientHello,
  ) {
    this.begin();
  }

  private begin(): void {
    const { hello, origin } = this;
    const name = certName(hello.sni === '' ? origin.host : hello.sni) ?? certName(origin.host);
    if (!name) {
      this.row('no certificate can be made').failed(
        'handshake',
        `no certificate can be made for the name ${hello.sni}`,
      );
      this.socket.destroy();
      return;
    }
    const alpn = hello.alpn.includes('http/1.1') ? ['http/1.1'] : [];
    const wish = { sni: hello.sni === '' && isIP(origin.host) === 0 ? origin.host : hello.sni, alpn };
    if (this.context.page.serves(origin)) return this.shake({ origin, wish, dialled: null }, [name]);
    openServer(this.context, origin, wish, this.client, (result) => {
      if (!isDialled(result)) this.context.log('warn', result.message);
      const others = isDialled(result) && !this.context.options.ssl_insecure ? altNames(result.altNames) : [];
      this.shake({ origin, wish, dialled: result }, uniqueNames([name, ...others]));
    });
  }

  private shake(inside: Inside, names: readonly CertName[]): void {
    void this.context.leaf(names).then((secureContext) => {
      if (this.socket.destroyed) this.drop(inside.dialled);
      else this.serve(secureContext, inside);
    });
  }

  private drop(dialled: DialResult | null): void {
    if (dialled && isDialled(dialled)) dialled.socket.destroy();
  }

  private serve(secureContext: SecureContext, inside: Inside): void {
    const { socket, context, hello } = this;
    socket.removeAllListeners('error');
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ...(hello.alpn.length > 0 ? { ALPNProtocols: ['http/1.1'] } : {}),
    });
    const onError = (error: NodeJS.ErrnoException): void => {
      stop();
      this.drop(inside.dialled);
      secure.on('error', () => {}); // reported
      this.refused(error);
      secure.destroy();
    };
    const onClose = (): void => {
      stop();
      this.drop(inside.dialled);
      this.refused(null);
    };
    const timer = setTimeout(() => {
      onError(new Error(`the TLS handshake did not finish within ${context.options.head_timeout} s`));
    }, context.options.head_timeout * 1000);
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
      secure.pause(); // what comes while scripts are asked is for the session
      const securedAt = now();
      const client: ClientFacts = { ...this.client, tls: tlsFacts(secure, hello.sni) };
      const server = inside.dialled && isDialled(inside.dialled) ? inside.dialled.facts : null;
      context.scripts.connection('tls_established_client', connectionImage({ client, server, sni: hello.sni }));
      this.speakInside(secure, client, server, inside, securedAt);
    });
  }

  private speakInside(
    secure: TLSSocket,
    client: ClientFacts,
    server: ServerFacts | null,
    inside: Inside,
    securedAt: number,
  ): void {
    const { context } = this;
    chooseLayer(context, { client, server, layer: 'http', possible: ['http'] }, () => {
      if (secure.destroyed) return;
      const session: Session = new Session(context, secure, client, inside, null, (error) => {
        const isEarly = now() - securedAt < JUST_AFTER;
        if (session.requests === 0 && (error ? isDistrust(error) : isEarly)) this.refused(error);
      });
    });
  }

  /** The client did not like our certificate, as far as can be told. */
  private refused(error: NodeJS.ErrnoException | null): void {
    const { kind, message } = refusal(error);
    this.context.scripts.connection('tls_failed_client', connectionImage({ client: this.client, error: message }));
    this.context.log('warn', `${this.origin.host}:${this.origin.port}: ${message}`);
    this.row('').failed(kind, message);
  }

  private row(why: string) {
    const { host, port } = this.origin;
    return this.context.ledger.openPassage(this.client, host, port, 'tls', why);
  }
}

const ALERT = /_ALERT_([A-Z_]+)$/;
const DISTRUST = /UNKNOWN_CA|CERTIFICATE|ACCESS_DENIED/;

function isDistrust(error: NodeJS.ErrnoException): boolean {
  return DISTRUST.test(ALERT.exec(error.code ?? '')?.[1] ?? '');
}

function refusal(error: NodeJS.ErrnoException | null): { readonly kind: ErrorKind; readonly message: string } {
  const alert = ALERT.exec(error?.code ?? '')?.[1];
  if (error && isDistrust(error))
    return { kind: 'client-distrusts', message: `client does not trust the sluice CA (alert: ${spoken(alert ?? '')})` };
  if (alert !== undefined)
    return { kind: 'handshake', message: `the client refused the handshake (alert: ${spoken(alert)})` };
  if (error && !['ECONNRESET', 'EPIPE'].includes(error.code ?? ''))
    return { kind: 'handshake', message: `the TLS handshake with the client failed: ${error.message}` };
  return { kind: 'client-distrusts', message: 'client probably does not trust the sluice CA (it sent no alert)' };
}

function spoken(alert: string): string {
  return alert.toLowerCase();
}
