import type { Socket } from 'node:net';
import type { ClientFacts, Origin } from '../flow/flow.js';
import { failurePage } from '../http/failure.js';
import type { Authority } from '../http/target.js';
import type { Context } from './context.js';
import { type DialResult, isDialled } from './dialled.js';
import { Handshake } from './handshake.js';
import { type ClientHello, looksLikeTls, readClientHello } from './hello.js';
import { chooseLayer, connectionImage, type LayerName } from './layers.js';
import { openServer } from './opening.js';
import { Session } from './session.js';
import { splice } from './splice.js';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';
const SILENCE = 1000;
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
      ciphers: hello.ciphers,
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
    new Handshake(this.context, this.socket, this.client, this.origin('https'), hello);
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
