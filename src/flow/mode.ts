import { bracketed } from './flow.js';

/*
 * Proxy modes: how clients reach the proxy, and where what they send goes. Written `mode[:data][@[host:]port]`, as in
 * mitmproxy.
 */

/** A server that is spoken to in a way that is known beforehand. */
export interface Target<Scheme> {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
}

export type ReverseScheme = 'http' | 'https' | 'tls' | 'tcp';

interface Common {
  /** As the user wrote it. */
  readonly text: string;
  /** Where to listen; null for what the options, or else the mode, say. */
  readonly listenHost: string | null;
  readonly listenPort: number | null;
}

export type Mode = Common &
  (
    | { readonly type: 'regular' | 'socks5' }
    | { readonly type: 'reverse'; readonly target: Target<ReverseScheme> }
    | { readonly type: 'upstream'; readonly target: Target<'http' | 'https'> }
  );

/** The mode that is taken where none is given. */
export const REGULAR: Mode = { type: 'regular', text: 'regular', listenHost: null, listenPort: null };

/** A sentence that names what cannot be read. */
interface ModeMistake {
  readonly mistake: string;
}

const ABSENT = ['transparent', 'local', 'wireguard', 'tun', 'dns'];
const ABSENT_SCHEMES = ['http3', 'quic', 'dtls', 'udp', 'dns'];
const THERE = 'regular, reverse:…, upstream:… and socks5';
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:/?#@\s]+))$/;

class Unreadable extends Error {}

/** Where an HTTP proxy listens unless told otherwise. */
export const PROXY_PORT = 8080;
export const SOCKS_PORT = 1080;

/** The port a mode listens on where nothing else says it. */
export function standardPort(mode: Mode): number {
  return mode.type === 'socks5' ? SOCKS_PORT : PROXY_PORT;
}

function portOf(text: string, spec: string, least: number): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= least && port <= 65_535) return port;
  throw new Unreadable(`mode "${spec}": "${text}" is no port`);
}

function hostOf(text: string, spec: string): string {
  const match = HOST.exec(text);
  if (match) return (match[1] ?? match[2] ?? '').toLowerCase();
  if (text.includes(':')) throw new Unreadable(`mode "${spec}": an IPv6 address stands in brackets, as in [::1]:8080`);
  throw new Unreadable(text === '' ? `mode "${spec}" names no host` : `mode "${spec}": "${text}" is no host`);
}

/** `[host:]port` behind the @. */
function readPlace(text: string, spec: string): Pick<Mode, 'listenHost' | 'listenPort'> {
  const at = text.lastIndexOf(':');
  const listenPort = portOf(text.slice(at + 1), spec, 0);
  return { listenHost: at < 0 ? null : hostOf(text.slice(0, at), spec), listenPort };
}

/** `host[:port]`; the port may be missing where the scheme has one. */
function readAuthority<Scheme extends string>(text: string, scheme: Scheme, spec: string): Target<Scheme> {
  const at = /^\[[^\]]*\]$/.test(text) ? -1 : text.lastIndexOf(':');
  const host = hostOf(at < 0 ? text : text.slice(0, at), spec);
  if (at >= 0) return { scheme, host, port: portOf(text.slice(at + 1), spec, 1) };
  const port = DEFAULT_PORTS[scheme];
  if (port === undefined)
    throw new Unreadable(`mode "${spec}": ${scheme}:// needs a port, as in ${scheme}://${text}:1234`);
  return { scheme, host, port };
}

/** `[scheme://]host[:port]`, a slash at its end allowed. */
function readTarget<Scheme extends string>(
  data: string,
  spec: string,
  schemes: readonly Scheme[],
  standard: Scheme | null,
): Target<Scheme> {
  const [, given = '', rest = ''] = /^(?:([^:/[\]]*):\/\/)?(.*?)\/?$/.exec(data) ?? [];
  const name = given.toLowerCase();
  const scheme = given === '' ? standard : schemes.find((one) => one === name);
  if (scheme) return readAuthority(rest, scheme, spec);
  if (ABSENT_SCHEMES.includes(name)) throw new Unreadable(`mode "${spec}": ${name}:// is not there`);
  const known = schemes.map((one) => `${one}://`).join(', ');
  throw new Unreadable(`mode "${spec}" needs a server that begins with ${known}`);
}

function read(spec: string): Mode {
  const at = spec.lastIndexOf('@');
  const place = at < 0 ? { listenHost: null, listenPort: null } : readPlace(spec.slice(at + 1), spec);
  const whole = at < 0 ? spec : spec.slice(0, at);
  const colon = whole.indexOf(':');
  const name = colon < 0 ? whole : whole.slice(0, colon);
  const data = colon < 0 ? null : whole.slice(colon + 1);
  const common = { text: spec, ...place };
  switch (name) {
    case 'regular':
    case 'socks5':
      if (data !== null) throw new Unreadable(`mode "${spec}": ${name} takes nothing behind a colon`);
      return { type: name, ...common };
    case 'reverse':
      return { type: name, ...common, target: readTarget(data ?? '', spec, ['http', 'https', 'tls', 'tcp'], 'https') };
    case 'upstream':
      return { type: name, ...common, target: readTarget(data ?? '', spec, ['http', 'https'], null) };
    default:
      if (ABSENT.includes(name)) throw new Unreadable(`mode "${name}" is not there; there are ${THERE}`);
      throw new Unreadable(`"${spec}" is no mode; there are ${THERE}`);
  }
}

/** Reads `mode[:data][@[host:]port]` (MO-01 to MO-04). */
export function parseMode(text: string): Mode | ModeMistake {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof Unreadable) return { mistake: error.message };
    throw error;
  }
}

/** What a mode does, without where it listens: `reverse:http://a:80`. */
export function modeName(mode: Mode): string {
  if (!('target' in mode)) return mode.type;
  const { scheme, host, port } = mode.target;
  return `${mode.type}:${scheme}://${bracketed(host)}:${port}`;
}
