import type { Socket } from 'node:net';
import type { ClientFacts, Origin } from '../flow/flow.js';
import { failurePage } from '../http/failure.js';
import type { Authority } from '../http/target.js';
import type { Context } from './context.js';
import { detect, serverSpeaksFirst } from './detection.js';
import { type Dialled, isDialled } from './dialled.js';
import { Handshake } from './handshake.js';
import type { ClientHello } from './hello.js';
import { chooseLayer, connectionImage, type LayerName } from './layers.js';
import { openServer } from './opening.js';
import { joinRaw } from './rawtcp.js';
import { Session } from './session.js';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

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

  /** Finds out what is spoken and goes on accordingly. */
  private peek(): void {
    detect(this.socket, this.context.options.head_timeout, (detected) => {
      switch (detected.type) {
        case 'tls':
          return this.choose('tls', ['tls', 'tcp'], () => this.greet(detected.hello));
        case 'http':
          return this.choose('http', ['http', 'tcp'], () => this.speakPlain());
        case 'h2':
          return this.pass('the client speaks HTTP/2 without TLS');
        case 'broken-tls':
          return this.pass('the TLS handshake does not begin as it should');
        case 'raw':
          return this.read('the client speaks neither HTTP nor TLS');
        case 'silent':
          return this.listenToServer();
        case 'closed':
          return void this.socket.destroy();
        case 'late':
          this.row('the client did not finish its first message').failed('timed-out', 'no complete first message came');
          this.socket.destroy();
      }
    });
  }

  /** Nothing comes from the client: perhaps the server speaks first, as with SMTP or SSH. */
  private listenToServer(): void {
    const { socket } = this;
    openServer(this.context, this.origin('http'), { sni: '', alpn: [] }, this.client, (result) => {
      if (socket.destroyed) return isDialled(result) && result.socket.destroy();
      if (!isDialled(result)) return this.peek();
      const server = result.socket;
      server.on('error', () => {}); // the close that follows says it
      serverSpeaksFirst(socket, server, (isFirst) => {
        if (isFirst) return this.join(result, 'the server speaks first', true);
        server.destroy();
        this.peek();
      });
    });
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
      else this.read('a script chose it');
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

  // --- what is not HTTP

  /** Its bytes are shown as they are. */
  private read(why: string): void {
    this.dialRaw(why, true, false);
  }

  /** Its bytes are nobody's business. */
  private pass(why: string, isAsked = false): void {
    this.dialRaw(why, false, isAsked);
  }

  private dialRaw(why: string, isRead: boolean, isAsked: boolean): void {
    openServer(this.context, this.origin('http'), { sni: '', alpn: [] }, this.client, (result) => {
      if (isDialled(result)) {
        if (isAsked) {
          this.socket.write(ESTABLISHED);
          this.told(true);
        }
        this.join(result, why, isRead);
        return;
      }
      this.row(why).failed(result.kind, result.message);
      if (isAsked) {
        this.told(false);
        this.socket.end(failurePage(result));
      } else this.socket.destroy();
    });
  }

  private join(dialled: Dialled, why: string, isRead: boolean): void {
    const { client, host, port, socket } = this;
    joinRaw(this.context, { client, host, port, why, isRead }, socket, dialled);
  }
}
