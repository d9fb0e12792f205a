import { isIP, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { altNames, type CertName, certName, uniqueNames } from '../certs/names.js';
import { now } from '../flow/clock.js';
import type { ClientFacts, ErrorKind, Origin, ServerFacts } from '../flow/flow.js';
import { failurePage } from '../http/failure.js';
import type { Authority } from '../http/target.js';
import type { Inside } from './connector.js';
import type { Context } from './context.js';
import { type DialResult, isDialled, tlsFacts } from './dial.js';
import { type ClientHello, looksLikeTls, readClientHello } from './hello.js';
import { chooseLayer, connectionImage, type LayerName } from './layers.js';
import { openServer } from './opening.js';
import { Session } from './session.js';
import { splice } from './splice.js';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';
const SILENCE = 1000;
const JUST_AFTER = 1000;
const TOKEN_CHARACTER = /[!#$%&'*+\-.^_`|~0-9A-Za-z\r]/;
const H2_PREFACE = 'PRI * HTTP/2';

/** A client's CONNECT: finds out what is spoken inside and opens it, or lets it through untouched. */
export class Tunnel {
  private readonly host: string;
  private readonly port: number;

  constructor(
    private readonly context: Context,
    private readonly socket: Socket,
    private readonly client: ClientFacts,
    authority: Authority,
    rest: Buffer,
    /** Hears whether the tunnel could be opened. */
    private readonly told: (isOpen: boolean) => void,
  ) {
    this.host = authority.host;
    this.port = authority.port;
    if (rest.length > 0) socket.unshift(rest);
    socket.on('error', () => {}); // the close that follows says it
    if (this.isIgnored(this.host)) this.pass('ignore_hosts matches', true);
    else {
      socket.write(ESTABLISHED);
      told(true);
      this.peek();
    }
  }

  private isIgnored(host: string): boolean {
    return this.context.ignored.some((pattern) => pattern.test(`${host}:${this.port}`));
  }

  private origin(scheme: Origin['scheme']): Origin {
    return { scheme, host: this.host, port: this.port };
  }

  /** Reads the first bytes until they say what is spoken, puts them back and goes on accordingly. */
  private peek(): void {
    const { socket } = this;
    let seen: Buffer = Buffer.alloc(0);
    const stop = (): Buffer => {
      clearTimeout(timer);
      socket.setTimeout(0);
      socket.removeListener('data', onData);
      socket.removeListener('end', onEnd);
      socket.removeListener('timeout', onTimeout);
      socket.pause();
      if (seen.length > 0) socket.unshift(seen);
      return seen;
    };
    const onEnd = (): void => {
      stop();
      socket.destroy();
    };
    const onTimeout = (): void => {
      stop();
      this.row('the client did not finish its first message').failed('timed-out', 'no complete first message came');
      socket.destroy();
    };
    const onData = (bytes: Buffer): void => {
      clearTimeout(timer);
      seen = seen.length === 0 ? bytes : Buffer.concat([seen, bytes]);
      this.decide(seen, stop);
    };
    const timer = setTimeout(() => {
      stop();
      this.listenToServer();
    }, SILENCE);
    socket.setTimeout(this.context.options.head_timeout * 1000);
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('timeout', onTimeout);
    socket.resume();
  }

  private decide(seen: Buffer, stop: () => Buffer): void {
    if (looksLikeTls(seen)) {
      const reading = readClientHello(seen);
      if (reading.type === 'more') return;
      stop();
      if (reading.type === 'hello') this.choose('tls', ['tls', 'tcp'], () => this.greet(reading.hello));
      else this.pass('the TLS handshake does not begin as it should');
      return;
    }
    const start = seen.toString('latin1', 0, H2_PREFACE.length);
    if (start !== H2_PREFACE && H2_PREFACE.startsWith(start)) return;
    stop();
    if (start === H2_PREFACE) this.pass('the client speaks HTTP/2 without TLS');
    else if (TOKEN_CHARACTER.test(start[0] ?? '')) this.choose('http', ['http', 'tcp'], () => this.speakPlain());
    else this.pass('the client speaks neither HTTP nor TLS');
  }

  /** Nothing comes from the client: perhaps the server speaks first, as with SMTP or SSH. */
  private listenToServer(): void {
    const { socket } = this;
    openServer(this.context, this.origin('http'), { sni: '', alpn: [] }, this.client, (result) => {
      if (socket.destroyed) return isDialled(result) && result.socket.destroy();
      if (!isDialled(result)) return this.peekAgain();
      const server = result.socket;
      server.on('error', () => {}); // the close that follows says it
      const settle = (): void => {
        socket.removeListener('readable', onClient);
        server.removeListener('readable', onServer);
        server.removeListener('close', onClient);
      };
      const onClient = (): void => {
        settle();
        server.destroy();
        this.peekAgain();
      };
      const onServer = (): void => {
        settle();
        this.join(result, 'the server speaks first');
      };
      socket.once('readable', onClient);
      server.once('readable', onServer);
      server.once('close', onClient);
    });
  }

  private peekAgain(): void {
    this.socket.removeAllListeners('readable');
    this.peek();
  }

  private speakPlain(): void {
    const inside = { origin: this.origin('http'), wish: { sni: '', alpn: [] }, dialled: null };
    new Session(this.context, this.socket, this.client, inside, null);
  }

  /** Scripts may have it passed through in place of being opened. */
  private choose(layer: LayerName, possible: readonly LayerName[], go: () => void): void {
    chooseLayer(this.context, { client: this.client, server: null, layer, possible }, (chosen) => {
      if (this.socket.destroyed) return;
      if (chosen === layer) go();
      else this.pass('a script chose it');
    });
  }

  // --- TLS

  private greet(hello: ClientHello): void {
    const { client, context } = this;
    const image = connectionImage({
      client,
      address: { host: this.host, port: this.port },
      sni: hello.sni,
      alpn: hello.alpn,
    });
    context.scripts.connection('tls_clienthello', image, ({ ignore }) => {
      if (this.socket.destroyed) return;
      if (ignore) this.pass('a script passes it through');
      else this.secure(hello);
    });
  }

  private secure(hello: ClientHello): void {
    if (hello.sni !== '' && this.isIgnored(hello.sni)) return this.pass('ignore_hosts matches');
    if (hello.alpn.length > 0 && !hello.alpn.includes('http/1.1'))
      return this.pass(`the client offers only ${hello.alpn.join(', ')}, which is not opened yet`);
    const name = certName(hello.sni === '' ? this.host : hello.sni) ?? certName(this.host);
    if (!name) {
      this.row('no certificate can be made').failed(
        'handshake',
        `no certificate can be made for the name ${hello.sni}`,
      );
      this.socket.destroy();
      return;
    }
    const alpn = hello.alpn.includes('http/1.1') ? ['http/1.1'] : [];
    const wish = { sni: hello.sni === '' && isIP(this.host) === 0 ? this.host : hello.sni, alpn };
    const origin = this.origin('https');
    if (this.context.page.serves(origin)) return this.shake(hello, origin, wish, null, [name]);
    openServer(this.context, origin, wish, this.client, (result) => {
      if (!isDialled(result)) this.context.log('warn', result.message);
      const others = isDialled(result) && !this.context.options.ssl_insecure ? altNames(result.altNames) : [];
      this.shake(hello, origin, wish, result, uniqueNames([name, ...others]));
    });
  }

  private shake(
    hello: ClientHello,
    origin: Origin,
    wish: { sni: string; alpn: readonly string[] },
    dialled: DialResult | null,
    names: readonly CertName[],
  ): void {
    void this.context.leaf(names).then((secureContext) => {
      if (this.socket.destroyed) {
        if (dialled && isDialled(dialled)) dialled.socket.destroy();
        return;
      }
      this.serve(secureContext, hello, { origin, wish, dialled });
    });
  }

  private serve(secureContext: SecureContext, hello: ClientHello, inside: Inside): void {
    const { socket, context } = this;
    socket.removeAllListeners('error');
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ...(hello.alpn.length > 0 ? { ALPNProtocols: ['http/1.1'] } : {}),
    });
    const drop = (): void => {
      if (inside.dialled && isDialled(inside.dialled)) inside.dialled.socket.destroy();
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      stop();
      drop();
      secure.on('error', () => {}); // reported
      this.refused(error);
      secure.destroy();
    };
    const onClose = (): void => {
      stop();
      drop();
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
    this.context.log('warn', `${this.host}:${this.port}: ${message}`);
    this.row('').failed(kind, message);
  }

  private row(why: string) {
    return this.context.ledger.openPassage(this.client, this.host, this.port, 'tls', why);
  }

  // --- passing through

  private pass(why: string, isAsked = false): void {
    openServer(this.context, this.origin('http'), { sni: '', alpn: [] }, this.client, (result) => {
      if (isDialled(result)) {
        if (isAsked) {
          this.socket.write(ESTABLISHED);
          this.told(true);
        }
        this.join(result, why);
        return;
      }
      this.row(why).failed(result.kind, result.message);
      if (isAsked) {
        this.told(false);
        this.socket.end(failurePage(result));
      } else this.socket.destroy();
    });
  }

  private join(dialled: Extract<DialResult, { socket: Socket }>, why: string): void {
    const { socket } = this;
    const passage = this.context.ledger.openPassage(this.client, this.host, this.port, 'tcp', why);
    passage.connectedTo(dialled.facts);
    passage.handle = {
      kill: () => {
        passage.failed('killed', 'Connection killed.');
        socket.resetAndDestroy();
        dialled.socket.resetAndDestroy();
      },
      release: () => {},
    };
    splice(socket, dialled.socket, {
      moved: (toServer, toClient) => passage.moved(toServer, toClient),
      done: (error) => {
        if (error) passage.failed('cut-off', `the connection broke: ${error.message}`);
        else passage.finished();
      },
    });
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
