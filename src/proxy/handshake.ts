import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ownFor } from '../certs/identity.js';
import type { Shown, Wanted } from '../certs/leaves.js';
import { altNames, type CertName, certName, uniqueNames } from '../certs/names.js';
import { knowsEcdsa } from '../flow/ciphers.js';
import { now } from '../flow/clock.js';
import { certificatesOf, pemOf } from '../flow/der.js';
import { nameValue } from '../flow/distinguished.js';
import type { ClientFacts, Origin, ServerFacts } from '../flow/flow.js';
import type { Mode } from '../flow/mode.js';
import { acceptTls, securedClient, withLeaf } from './accepting.js';
import type { Inside } from './connector.js';
import type { Context } from './context.js';
import { type Detected, detect } from './detection.js';
import { type Dialled, type DialResult, isDialled } from './dialled.js';
import type { ClientHello } from './hello.js';
import { chooseLayer, connectionImage } from './layers.js';
import { openServer } from './opening.js';
import { joinRaw } from './rawtcp.js';
import { clientRefusal, isDistrust } from './refusals.js';
import { tunnelRoute } from './route.js';
import { Session } from './session.js';
import { LEFT, untilSpoken } from './silence.js';

const JUST_AFTER = 1000;
/** What is read as HTTP where nothing was agreed on; all else is raw bytes (TL-12). */
const MAY_BE_HTTP: readonly Detected['type'][] = ['http', 'silent', 'late'];

/** TLS with a client: the server is asked first, then the client gets a certificate of ours that has its names. */
export class Handshake {
  constructor(
    private readonly context: Context,
    private readonly mode: Mode,
    private readonly socket: Socket,
    private readonly client: ClientFacts,
    /** Where the client thinks it is, and how that server is spoken to. */
    private readonly origin: Origin,
    private readonly hello: ClientHello,
    /** What is spoken inside, or null where that is to be found out. */
    private readonly inner: 'http' | 'tcp' | null,
  ) {
    this.begin();
  }

  private begin(): void {
    const { hello, origin } = this;
    const name = certName(this.clientName()) ?? certName(origin.host);
    if (!name) {
      this.row('no certificate can be made').failed(
        'handshake',
        `no certificate can be made for the name ${hello.sni}`,
      );
      this.socket.destroy();
      return;
    }
    const wish = { sni: this.serverName(), alpn: this.protocols() };
    if (origin.scheme === 'http') return this.shake({ origin, wish, dialled: null }, [name]);
    if (this.mode.type !== 'reverse' && this.context.page.serves(origin))
      return this.shake({ origin, wish, dialled: null }, [name]);
    if (!this.context.options.upstream_cert) return this.shake({ origin, wish, dialled: null }, [name]);
    openServer(this.context, tunnelRoute(this.mode, origin), wish, this.client, (result) => {
      if (!isDialled(result)) this.context.log('warn', result.message);
      const others = isDialled(result) && !this.context.options.ssl_insecure ? namesOf(result) : [];
      const own = certName(origin.host);
      this.shake({ origin, wish, dialled: result }, uniqueNames([name, ...others, ...(own ? [own] : [])]));
    });
  }

  /** Whom the client thinks it speaks to; one that names nobody came by an address (TL-02). */
  private clientName(): string {
    const { hello, origin, mode, socket } = this;
    if (hello.sni !== '') return hello.sni;
    return mode.type === 'reverse' ? (socket.localAddress ?? '').replace(/^::ffff:/, '') : origin.host;
  }

  /** What the client asked for; a server we stand for is asked for by its own name (MO-03, OPT-66). */
  private serverName(): string {
    const { hello, origin, mode, context } = this;
    const isOwn = mode.type === 'reverse' && !context.options.keep_host_header;
    const name = isIP(origin.host) === 0 ? origin.host : '';
    return isOwn || hello.sni === '' ? name : hello.sni;
  }

  /** What is offered to the server of what the client offers. */
  private protocols(): readonly string[] {
    const { alpn } = this.hello;
    if (this.inner === 'tcp') return alpn;
    return alpn.includes('http/1.1') ? ['http/1.1'] : [];
  }

  /** What the client is answered of what it offers. */
  private agreed({ dialled }: Inside): string | null {
    if (this.inner !== 'tcp') return this.hello.alpn.length > 0 ? 'http/1.1' : null;
    return (dialled && isDialled(dialled) && dialled.facts.tls?.alpn) || null;
  }

  private shake(inside: Inside, names: readonly CertName[]): void {
    const fail = (message: string): void => {
      this.drop(inside.dialled);
      this.socket.destroy();
      this.row('').failed('handshake', message);
    };
    const show = (shown: Shown): void => {
      if (this.socket.destroyed) fail('the client left before it was shown a certificate');
      else this.serve(shown, inside);
    };
    withLeaf(this.context, this.wanted(inside.dialled, names), show, fail);
  }

  private wanted(dialled: DialResult | null, names: readonly CertName[]): Wanted {
    const { options, serving } = this.context;
    const server = dialled && isDialled(dialled) ? dialled : null;
    const isSent = options.add_upstream_certs_to_client_chain && server?.facts.chain;
    const own = ownFor(
      serving.own,
      names.map(({ name }) => name),
    );
    return {
      names,
      organization: server && !options.ssl_insecure ? nameValue(server.subject, 'O') : null,
      chain: isSent ? certificatesOf(isSent).map(pemOf).join('') : '',
      key: knowsEcdsa(this.hello.ciphers) ? 'ec' : 'rsa',
      own: own?.identity ?? null,
      terms: serving.terms,
    };
  }

  private drop(dialled: DialResult | null): void {
    if (dialled && isDialled(dialled)) dialled.socket.destroy();
  }

  private serve(shown: Shown, inside: Inside): void {
    const { socket, context, hello } = this;
    acceptTls(context, socket, shown, this.agreed(inside), {
      done: (secure) => {
        const securedAt = now();
        const client = securedClient(context, this.client, socket, secure, hello, shown);
        const server = inside.dialled && isDialled(inside.dialled) ? inside.dialled.facts : null;
        context.scripts.connection('tls_established_client', connectionImage({ client, server, sni: hello.sni }));
        this.speakInside(secure, client, server, inside, securedAt);
      },
      failed: (error) => {
        this.drop(inside.dialled);
        this.refused(error);
      },
    });
  }

  private speakInside(
    secure: TLSSocket,
    client: ClientFacts,
    server: ServerFacts | null,
    inside: Inside,
    securedAt: number,
  ): void {
    const { context, inner } = this;
    const speak = (isHttp: boolean): void => {
      const layer = isHttp ? 'http' : 'tcp';
      chooseLayer(context, { client, server, layer, possible: ['http', 'tcp'] }, (chosen) => {
        if (secure.destroyed) return this.drop(inside.dialled);
        if (chosen === 'tcp') this.speakRaw(secure, client, inside);
        else this.speakHttp(secure, client, inside, securedAt);
      });
    };
    if (inner !== null) return speak(inner === 'http');
    if (client.tls?.alpn === 'http/1.1' || inside.dialled === null) return speak(true);
    this.detect(secure, inside, securedAt, speak);
  }

  /** Nothing was agreed on, so the first bytes have to say what is spoken. */
  private detect(secure: TLSSocket, inside: Inside, securedAt: number, done: (isHttp: boolean) => void): void {
    const { dialled } = inside;
    const { host, port } = this.origin;
    detect(secure, this.context.options.head_timeout, (detected) => {
      if (detected.type === 'closed') {
        this.drop(dialled);
        secure.on('error', () => {}); // reported
        secure.destroy();
        if (detected.error ? isDistrust(detected.error) : now() - securedAt < JUST_AFTER) this.refused(detected.error);
        else this.row(LEFT).finished();
      } else if (detected.type !== 'silent' || !dialled || !isDialled(dialled))
        done(MAY_BE_HTTP.includes(detected.type));
      else
        untilSpoken(this.context, { client: this.client, host, port, scheme: 'tls' }, secure, dialled, (first) => {
          if (first === 'server') done(false);
          else this.detect(secure, inside, securedAt, done);
        });
    });
  }

  private speakHttp(secure: TLSSocket, client: ClientFacts, inside: Inside, securedAt: number): void {
    const session: Session = new Session(this.context, this.mode, secure, client, inside, null, (error) => {
      const isEarly = now() - securedAt < JUST_AFTER;
      if (session.requests === 0 && (error ? isDistrust(error) : isEarly)) this.refused(error);
    });
  }

  /** TLS around something else than HTTP (WS-06). */
  private speakRaw(secure: TLSSocket, client: ClientFacts, { origin, wish, dialled }: Inside): void {
    const { context } = this;
    const { host, port } = origin;
    const raw = { client, host, port, why: 'inside TLS, and not HTTP', isRead: true };
    const join = (result: DialResult): void => {
      if (isDialled(result)) return joinRaw(context, raw, secure, result);
      context.ledger.openPassage(client, host, port, 'tcp', raw.why).failed(result.kind, result.message);
      secure.destroy();
    };
    if (dialled) join(dialled);
    else openServer(context, tunnelRoute(this.mode, origin), wish, client, join);
  }

  /** The client did not like our certificate, as far as can be told. */
  private refused(error: NodeJS.ErrnoException | null): void {
    const { kind, message } = clientRefusal(error);
    this.context.scripts.connection('tls_failed_client', connectionImage({ client: this.client, error: message }));
    this.context.log('warn', `${this.origin.host}:${this.origin.port}: ${message}`);
    this.row('').failed(kind, message);
  }

  private row(why: string) {
    const { host, port } = this.origin;
    return this.context.ledger.openPassage(this.client, host, port, 'tls', why);
  }
}

/** The names a server's certificate is for: those it lists, and its common name. */
function namesOf({ facts, subject }: Dialled): CertName[] {
  const common = certName(nameValue(subject, 'CN') ?? '');
  return [...altNames(facts.certificate?.altNames), ...(common ? [common] : [])];
}
