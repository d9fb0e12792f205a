import type { Socket } from 'node:net';
import { now } from '../flow/clock.js';
import type { Fields } from '../flow/fields.js';
import { bracketed, type ClientFacts, type Origin, type RequestHead, type ServerFacts } from '../flow/flow.js';
import { basic } from '../http/basic.js';
import { readConnectAnswer } from '../http/connectanswer.js';
import { NO_BODY } from '../http/framing.js';
import type { Context } from './context.js';
import { dial, settling } from './dial.js';
import { type Dialled, type DialResult, isDialled, type TlsWish } from './dialled.js';
import { listen } from './ears.js';
import { FlowHooks } from './flowhooks.js';
import type { Route, Via } from './route.js';
import { secure } from './securing.js';

/** A route that leads through another proxy. */
type ViaRoute = Route & { readonly via: Via };

function authorityOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${bracketed(host)}:${port}`;
}

/**
 * Opens a connection to a server through another proxy (MO-02), TLS with the server included. `done` is called exactly
 * once.
 */
export function dialVia(
  context: Context,
  route: ViaRoute,
  wish: TlsWish,
  client: ClientFacts | null,
  done: (result: DialResult) => void,
): void {
  const { via, origin } = route;
  const proxy: Origin = { scheme: via.scheme, host: via.host, port: via.port };
  dial(context, proxy, { sni: via.host, alpn: ['http/1.1'] }, (dialled) => {
    if (!isDialled(dialled)) return done({ ...dialled, message: `the proxy on the way: ${dialled.message}` });
    if (route.isForwarded) return done({ ...dialled, subject: [], facts: factsOf(dialled, route) });
    dialled.socket.on('error', () => {}); // the close that follows says it
    askForConnect(context, origin, client, (fields) => {
      if (fields) {
        new Connecting(context, dialled, route, wish, fields, done);
        return;
      }
      dialled.socket.destroy();
      done({ kind: 'unreachable', message: `a script killed the CONNECT to ${authorityOf(origin)}` });
    });
  });
}

/** What is known of a server behind a proxy: its address is known to the proxy alone (DMC-02, DMC-15). */
function factsOf({ facts }: Dialled, { origin, via }: ViaRoute): ServerFacts {
  const { startedAt, connectedAt, local } = facts;
  const nothing = { securedAt: null, tls: null, certificate: null, trust: '' };
  const { scheme, host, port } = via;
  const own = { authority: authorityOf(origin), address: '', startedAt, connectedAt, reused: false };
  return { ...own, ...nothing, ...(local === undefined ? {} : { local }), via: { scheme, host, port } };
}

/** The fields of our own CONNECT, as scripts have them (EVT-12), or null where one kills it. */
function askForConnect(
  context: Context,
  origin: Origin,
  client: ClientFacts | null,
  done: (fields: Fields | null) => void,
): void {
  const target = authorityOf(origin);
  const { upstream_auth: auth } = context.options;
  const login: Fields = auth === null ? [] : [['Proxy-Authorization', basic(auth)]];
  const fields: Fields = [['Host', target], ...login];
  if (!context.scripts.wants('http_connect_upstream')) return done(fields);
  const entry = context.ledger.unlisted(client);
  const head: RequestHead = { method: 'CONNECT', target, origin, path: target, version: 'HTTP/1.1', fields };
  entry.requestHead(head, NO_BODY);
  entry.ended('request');
  const hooks = new FlowHooks(context, entry, () => {});
  hooks.ask('http_connect_upstream', [], ({ kill }) => {
    hooks.close();
    done(kill ? null : entry.request.head.fields);
  });
}

/** One CONNECT to a proxy, from its request to the end of TLS with the server behind it. */
class Connecting {
  private readonly socket: Socket;
  private readonly target: string;
  private readonly settle: (result: DialResult) => void;
  private seen: Buffer = Buffer.alloc(0);
  private leave = (): void => {};

  constructor(
    private readonly context: Context,
    private readonly dialled: Dialled,
    private readonly route: ViaRoute,
    private readonly wish: TlsWish,
    fields: Fields,
    done: (result: DialResult) => void,
  ) {
    this.socket = dialled.socket;
    this.target = authorityOf(route.origin);
    this.settle = settling(context, this.socket, this.target, (result) => {
      this.leave();
      done(result);
    });
    if (this.socket.destroyed) this.closed();
    else this.begin(fields);
  }

  private begin(fields: Fields): void {
    this.leave = listen(this.socket, {
      data: (bytes) => this.took(bytes),
      end: () => this.closed(),
      close: () => this.closed(),
      error: ({ message }) => this.fail(`${this.proxy} broke the connection at CONNECT ${this.target}: ${message}`),
    });
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.socket.write(`CONNECT ${this.target} HTTP/1.1\r\n${lines}\r\n`, 'latin1');
  }

  private get proxy(): string {
    return `the proxy ${authorityOf(this.route.via)}`;
  }

  private fail(message: string): void {
    this.settle({ kind: 'unreachable', message });
  }

  private closed(): void {
    this.fail(`${this.proxy} closed the connection at CONNECT ${this.target}`);
  }

  private took(bytes: Buffer): void {
    this.seen = Buffer.concat([this.seen, bytes]);
    const answer = readConnectAnswer(this.seen, this.context.options.head_size_limit);
    if (answer.type === 'more') return;
    if (answer.type === 'malformed') return this.fail(`${this.proxy} answered CONNECT ${this.target} with no HTTP`);
    const { status, reason, length } = answer;
    if (status < 200 || status > 299)
      return this.fail(`${this.proxy} answered CONNECT ${this.target} with ${status} ${reason}${cureFor(status)}`);
    this.leave();
    this.socket.pause();
    const rest = this.seen.subarray(length);
    if (rest.length > 0) this.socket.unshift(rest);
    this.goOn();
  }

  private goOn(): void {
    const { context, dialled, route, wish, socket } = this;
    const facts = { ...factsOf(dialled, route), connectedAt: now() };
    if (route.origin.scheme === 'http') return this.settle({ socket, subject: [], facts });
    secure(context, socket, route.origin, wish, facts, this.settle);
  }
}

function cureFor(status: number): string {
  return status === 407 ? ': it wants a login (upstream_auth)' : '';
}
