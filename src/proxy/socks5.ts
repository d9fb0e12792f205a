import { isIP } from 'node:net';
import type { Authority } from '../http/target.js';

/*
 * What a SOCKS5 client says until it has its connection (RFC 1928, RFC 1929), as a state machine without a socket.
 */

/** What comes of it. */
export interface SocksPort {
  send(bytes: Buffer): void;
  /** Whether that login is accepted; null where nobody needs one. */
  readonly accepts: ((user: string, password: string) => boolean) | null;
  /** The client wants this server; `rest` came behind. Answered with `socksReply`. */
  connect(to: Authority, rest: Buffer): void;
  /** It cannot go on; what the client is told has been sent. `to` is what it wanted, as far as that is known. */
  fail(message: string, to?: Authority): void;
}

const VERSION = 5;
const LOGIN_VERSION = 1;
const NO_LOGIN = 0;
const PASSWORD = 2;
const NONE_ACCEPTABLE = 0xff;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** Reply codes (RFC 1928 6). */
export type SocksCode = 'succeeded' | 'failure' | 'unreachable' | 'refused' | 'command' | 'address';
const CODES: Readonly<Record<SocksCode, number>> = {
  succeeded: 0,
  failure: 1,
  unreachable: 4,
  refused: 5,
  command: 7,
  address: 8,
};

/** A reply; where we are bound says nothing of use, and is 0.0.0.0:0. */
export function socksReply(code: SocksCode): Buffer {
  return Buffer.from([VERSION, CODES[code], 0, IPV4, 0, 0, 0, 0, 0, 0]);
}

/** What a statement is worth: how many bytes it has, or 'more' while it is not complete. */
type Used = number | 'more';

export class Socks5 {
  private state: 'greeting' | 'login' | 'request' | 'over' = 'greeting';
  private seen: Buffer = Buffer.alloc(0);

  constructor(private readonly port: SocksPort) {}

  push(bytes: Buffer): void {
    this.seen = Buffer.concat([this.seen, bytes]);
    while (this.state !== 'over') {
      const used = this.read(this.seen);
      if (used === 'more') return;
      this.seen = this.seen.subarray(used);
    }
  }

  private read(bytes: Buffer): Used {
    switch (this.state) {
      case 'greeting':
        return this.readGreeting(bytes);
      case 'login':
        return this.readLogin(bytes);
      case 'request':
        return this.readRequest(bytes);
      case 'over':
        return 'more';
    }
  }

  private fail(message: string, answer?: Buffer, to?: Authority): Used {
    this.state = 'over';
    if (answer) this.port.send(answer);
    this.port.fail(message, to);
    return 0;
  }

  /** Version, number of methods, methods (RFC 1928 3). */
  private readGreeting(bytes: Buffer): Used {
    if (bytes.length > 0 && bytes[0] !== VERSION) return this.fail(strangerMessage(bytes));
    const count = bytes[1];
    if (count === undefined || bytes.length < 2 + count) return 'more';
    const methods = bytes.subarray(2, 2 + count);
    const method = this.port.accepts ? PASSWORD : NO_LOGIN;
    if (!methods.includes(method)) {
      const why = this.port.accepts ? 'offers no login, which proxyauth asks for' : 'offers only methods of login';
      return this.fail(`the SOCKS client ${why}`, Buffer.from([VERSION, NONE_ACCEPTABLE]));
    }
    this.port.send(Buffer.from([VERSION, method]));
    this.state = this.port.accepts ? 'login' : 'request';
    return 2 + count;
  }

  /** Version, user, password, each with its length before it (RFC 1929 2). */
  private readLogin(bytes: Buffer): Used {
    if (bytes.length > 0 && bytes[0] !== LOGIN_VERSION)
      return this.fail('the SOCKS client’s login cannot be read', Buffer.from([LOGIN_VERSION, 1]));
    const userEnd = 2 + (bytes[1] ?? 0);
    const end = userEnd + 1 + (bytes[userEnd] ?? 0);
    if (bytes.length < 2 || bytes.length <= userEnd || bytes.length < end) return 'more';
    const isIn = this.port.accepts?.(bytes.toString('utf8', 2, userEnd), bytes.toString('utf8', userEnd + 1, end));
    if (!isIn) return this.fail('the SOCKS client’s login is wrong', Buffer.from([LOGIN_VERSION, 1]));
    this.port.send(Buffer.from([LOGIN_VERSION, 0]));
    this.state = 'request';
    return end;
  }

  /** Version, command, reserved, kind of address, address, port (RFC 1928 4). */
  private readRequest(bytes: Buffer): Used {
    if (bytes.length > 0 && bytes[0] !== VERSION)
      return this.fail('the SOCKS request cannot be read', socksReply('failure'));
    const kind = bytes[3];
    if (kind === undefined) return 'more';
    if (bytes[1] !== CONNECT)
      return this.fail(`the SOCKS command ${commandName(bytes[1] ?? 0)} is not supported`, socksReply('command'));
    if (kind !== IPV4 && kind !== NAME && kind !== IPV6)
      return this.fail(`SOCKS addresses of kind ${kind} are not supported`, socksReply('address'));
    const from = kind === NAME ? 5 : 4;
    const length = kind === NAME ? bytes[4] : kind === IPV4 ? 4 : 16;
    if (length === undefined || bytes.length < from + length + 2) return 'more';
    const host = hostOf(kind, bytes.subarray(from, from + length));
    const end = from + length + 2;
    const port = bytes.readUInt16BE(end - 2);
    const fault = faultOf(host, port);
    if (fault !== null) return this.fail(`the SOCKS client names ${fault}`, socksReply('failure'), { host, port });
    this.state = 'over';
    this.port.connect({ host, port }, bytes.subarray(end));
    return end;
  }
}

/** Why there is no such server, or null. */
function faultOf(host: string, port: number): string | null {
  if (host === '') return 'a server with an empty name';
  if (isIP(host) === 0 && !/^[!$&'()*+,;=\-._~0-9a-z]+$/.test(host)) return `a server that cannot be: "${host}"`;
  return port === 0 ? `port 0 of ${host}` : null;
}

/** What is no printable ASCII as \xNN, which no name has. */
function hostOf(kind: number, bytes: Buffer): string {
  if (kind === IPV4) return bytes.join('.');
  if (kind === NAME)
    return bytes
      .toString('latin1')
      .toLowerCase()
      .replace(/[^\x21-\x7e]/g, (octet) => `\\x${octet.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function commandName(command: number): string {
  return { 2: 'BIND', 3: 'UDP ASSOCIATE' }[command] ?? String(command);
}

/** The beginning of an HTTP request (RFC 9112 3): a method in capitals, as far as it has come, and a blank. */
const REQUEST = /^[A-Z]{1,16}(?: |$)/;

function strangerMessage(bytes: Buffer): string {
  const [first] = bytes;
  const speaks = first === 0x16 ? 'TLS' : first === 4 ? 'SOCKS4' : 'no SOCKS5';
  const isHttp = REQUEST.test(bytes.toString('latin1'));
  return `the client speaks ${isHttp ? 'HTTP, it seems,' : speaks} to a SOCKS5 port: its proxy URL must begin with socks5h://`;
}
