import { isIP, type Socket } from 'node:net';
import type { ClientFacts, Origin } from '../flow/flow.js';
import type { Mode } from '../flow/mode.js';
import type { Context } from './context.js';
import { ANYTHING, type Detected, detect, type Expectation } from './detection.js';
import { type DialFailure, type Dialled, isDialled, type TlsWish } from './dialled.js';
import { Handshake } from './handshake.js';
import type { ClientHello } from './hello.js';
import { ignoredBy, isTcpHost, passedBy } from './hosts.js';
import { chooseLayer, connectionImage, type LayerName } from './layers.js';
import type { Opener } from './opener.js';
import { openServer } from './opening.js';
import { joinRaw } from './rawtcp.js';
import { type Route, tunnelRoute } from './route.js';
import { Session } from './session.js';
import { LEFT, untilSpoken } from './silence.js';

/** A client's way to one server: finds out what is spoken on it and opens it, or lets it through untouched. */
export class Tunnel {
  private readonly host: string;
  private readonly port: number;
  private speaksTls = false;
  /** Why there was no way to the server when it was to speak first. */
  private unreachable: DialFailure | null = null;

  constructor(
    private readonly context: Context,
    private readonly mode: Mode,
    private readonly socket: Socket,
    private readonly client: ClientFacts,
    private readonly opener: Opener,
  ) {
    this.host = opener.authority.host;
    this.port = opener.authority.port;
    socket.on('error', () => {}); // the close that follows says it
    const ignored = ignoredBy(context, [this.host], this.port);
    if (ignored !== null) this.pass(ignored, true);
    else {
      opener.opened(socket);
      this.peek();
    }
  }

  /** The server as it is spoken to where the mode does not say and the client speaks `scheme`. */
  private origin(spoken: Origin['scheme']): Origin {
    const { scheme: own } = this.opener;
    const scheme = own === null ? spoken : own === 'https' || own === 'tls' ? 'https' : 'http';
    return { scheme, host: this.host, port: this.port };
  }

  /** The server as it is reached for bytes that pass as they come. */
  private get raw(): Route {
    const { host, port } = this;
    return tunnelRoute(this.mode, this.speaksTls ? { scheme: 'http', host, port } : this.origin('http'));
  }

  /** What is asked of TLS with a server where the client speaks none. */
  private wish({ scheme }: Origin): TlsWish {
    if (scheme === 'http') return { sni: '', alpn: [] };
    return { sni: isIP(this.host) === 0 ? this.host : '', alpn: this.isHttp ? ['http/1.1'] : [] };
  }

  /** What is spoken is HTTP, whatever it looks like (PD-02). */
  private get isHttp(): boolean {
    return this.opener.scheme === 'http' || this.opener.scheme === 'https';
  }

  /** What is spoken is no HTTP, whatever it looks like (PD-02, PD-04). */
  private isRaw(...names: readonly string[]): boolean {
    const { scheme } = this.opener;
    return scheme === 'tcp' || scheme === 'tls' || isTcpHost(this.context, [this.host, ...names], this.port);
  }

  private get expectation(): Expectation {
    if (this.isHttp) return { silence: null, isTlsOrRaw: true };
    if (this.unreachable) return { ...ANYTHING, silence: null };
    return this.isRaw() ? { ...ANYTHING, isTlsOrRaw: true } : ANYTHING;
  }

  /** Finds out what is spoken and goes on accordingly. */
  private peek(): void {
    const { head_timeout, idle_timeout } = this.context.options;
    const patience = this.isHttp ? idle_timeout : head_timeout;
    detect(this.socket, patience, (detected) => this.goOn(detected), this.expectation);
  }

  private goOn(detected: Detected): void {
    switch (detected.type) {
      case 'tls':
        this.speaksTls = true;
        return this.choose('tls', ['tls', 'tcp'], () => this.greet(detected.hello));
      case 'broken-tls':
        this.speaksTls = true;
        return this.pass('the TLS handshake does not begin as it should');
      case 'http':
      case 'h2':
      case 'raw':
        return this.speak(detected.type);
      case 'silent':
        return this.listenToServer();
      case 'closed':
        return this.leave();
      case 'late':
        if (!detected.hasBegun) return this.leave();
        this.row('the client did not finish its first message').failed('timed-out', 'no complete first message came');
        this.socket.destroy();
    }
  }

  /** The client has said nothing. One that named its server has a row all the same. */
  private leave(): void {
    const { unreachable } = this;
    if (unreachable) this.row('').failed(unreachable.kind, unreachable.message);
    else if (this.mode.type !== 'reverse') this.row(LEFT, 'tcp').finished();
    this.socket.destroy();
  }

  /** Nothing comes from the client: perhaps the server speaks first, as with SMTP or SSH. */
  private listenToServer(): void {
    const { socket, raw, client, host, port } = this;
    openServer(this.context, raw, this.wish(raw.origin), this.client, (result) => {
      if (!isDialled(result)) {
        this.unreachable = result;
        return this.isRaw() ? this.leave() : this.peek();
      }
      const { socket: server } = result;
      server.on('error', () => {}); // the close that follows says it
      if (socket.destroyed) {
        server.destroy();
        return this.leave();
      }
      untilSpoken(this.context, { client, host, port, scheme: 'tcp' }, socket, result, (first) => {
        const passed = passedBy(this.context, [host], port);
        if (first === 'server') return this.join(result, passed ?? 'the server speaks first', passed === null);
        server.destroy();
        this.peek();
      });
    });
  }

  /** The client speaks no TLS. */
  private speak(detected: 'http' | 'h2' | 'raw'): void {
    const passed = passedBy(this.context, [this.host], this.port);
    if (passed !== null) return this.pass(passed);
    if (this.isRaw()) return this.choose('tcp', ['tcp'], () => this.read(this.rawReason));
    if (this.isHttp || detected === 'http') return this.choose('http', ['http', 'tcp'], () => this.speakPlain());
    if (detected === 'h2') return this.pass('the client speaks HTTP/2 without TLS');
    this.read('the client speaks neither HTTP nor TLS');
  }

  private get rawReason(): string {
    return this.opener.scheme === null ? 'tcp_hosts matches' : `the mode is ${this.mode.type}:${this.opener.scheme}`;
  }

  private speakPlain(): void {
    const origin = this.origin('http');
    const inside = { origin, wish: this.wish(origin), dialled: null };
    new Session(this.context, this.mode, this.socket, this.client, inside, null);
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
    const passed = passedBy(this.context, [this.host, hello.sni], this.port);
    if (passed !== null) return this.pass(passed);
    if (this.isRaw(hello.sni)) return this.shake(hello, 'tcp');
    if (hello.alpn.length === 0 || hello.alpn.includes('http/1.1'))
      return this.shake(hello, this.isHttp ? 'http' : null);
    const why = `the client offers only ${hello.alpn.join(', ')}, which is not opened yet`;
    if (this.opener.scheme !== 'http') return this.pass(why);
    this.row(why).failed('handshake', why); // its server speaks no TLS that it could be passed to
    this.socket.destroy();
  }

  private shake(hello: ClientHello, inner: 'http' | 'tcp' | null): void {
    new Handshake(this.context, this.mode, this.socket, this.client, this.origin('https'), hello, inner);
  }

  private row(why: string, scheme: 'tcp' | 'tls' = 'tls') {
    return this.context.ledger.openPassage(this.client, this.host, this.port, scheme, why);
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
    const { raw, opener, socket } = this;
    openServer(this.context, raw, this.wish(raw.origin), this.client, (result) => {
      if (isDialled(result)) {
        if (isAsked) opener.opened(socket);
        this.join(result, why, isRead);
        return;
      }
      this.row(why).failed(result.kind, result.message);
      if (isAsked) opener.failed(socket, result);
      else socket.destroy();
    });
  }

  private join(dialled: Dialled, why: string, isRead: boolean): void {
    const { client, host, port, socket } = this;
    joinRaw(this.context, { client, host, port, why, isRead }, socket, dialled);
  }
}
