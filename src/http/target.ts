import { type Fields, fieldValues, hasField, withField } from '../flow/fields.js';
import { authorityOf, type Origin, type RequestHead, type Scheme } from '../flow/flow.js';
import { Malformed } from './framing.js';
import type { RawRequestHead } from './reader.js';

const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([!$&'()*+,;=\-._~%0-9A-Za-z]+))(?::(\d{0,5}))?$/;
const ABSOLUTE = /^(https?):\/\/([^/?#]*)([/?].*)?$/i;

export interface Authority {
  readonly host: string;
  readonly port: number;
}

/** Reads `host[:port]`; null when it is no authority. Hosts are lower-cased, IPv6 addresses lose their brackets. */
export function parseAuthority(text: string, defaultPort: number | null): Authority | null {
  const match = HOST.exec(text);
  if (!match) return null;
  const host = (match[1] ?? match[2] ?? '').toLowerCase();
  const port = match[3] === undefined || match[3] === '' ? defaultPort : Number(match[3]);
  if (port === null || port < 1 || port > 65_535) return null;
  return { host, port };
}

/** The destination of a CONNECT: a port is required (RFC 9110 9.3.6). */
export function connectAuthority(head: RawRequestHead): Authority {
  const authority = parseAuthority(head.target, null);
  if (!authority) throw new Malformed(`CONNECT needs host:port, not ${JSON.stringify(head.target.slice(0, 80))}`);
  return authority;
}

/** A CONNECT as a request to its server. */
export function connectHead(head: RawRequestHead): RequestHead {
  return resolved(head, { scheme: 'https', ...connectAuthority(head) }, head.target, head.fields);
}

function hostOrigin(head: RawRequestHead, scheme: Scheme): Origin {
  const hosts = fieldValues(head.fields, 'host');
  if (hosts.length > 1) throw new Malformed('more than one Host');
  const host = hosts[0];
  if (host === undefined) throw new Malformed('no Host, so the destination is unknown');
  const authority = parseAuthority(host, scheme === 'https' ? 443 : 80);
  if (!authority) throw new Malformed(`not a Host: ${JSON.stringify(host.slice(0, 80))}`);
  return { scheme, ...authority };
}

function originForm(head: RawRequestHead): string {
  if (head.target.includes('#')) throw new Malformed('the request target has a fragment');
  if (head.target.startsWith('/')) return head.target;
  if (head.target === '*' && head.method === 'OPTIONS') return '*';
  throw new Malformed(`not a request target: ${JSON.stringify(head.target.slice(0, 80))}`);
}

/**
 * Finds out where a request goes (RFC 9112 3.2). `inside` is the origin of the tunnel the request came through, if it
 * did: everything in a tunnel goes to the tunnel's server, whatever the Host field says.
 */
export function resolveTarget(head: RawRequestHead, inside: Origin | null): RequestHead {
  const absolute = head.target.startsWith('/') ? null : ABSOLUTE.exec(head.target);
  if (!absolute) {
    const path = originForm(head);
    if (inside && head.version === 'HTTP/1.0' && !hasField(head.fields, 'host'))
      return resolved(head, inside, path, withHost(head, authorityOf(inside)));
    const origin = hostOrigin(head, inside?.scheme ?? 'http');
    return resolved(head, inside ?? origin, path, head.fields);
  }
  if (head.target.includes('#')) throw new Malformed('the request target has a fragment');
  if (fieldValues(head.fields, 'host').length > 1) throw new Malformed('more than one Host');
  const scheme = (absolute[1] ?? '').toLowerCase() as Scheme;
  const authority = parseAuthority(absolute[2] ?? '', scheme === 'https' ? 443 : 80);
  if (!authority) throw new Malformed(`not a request target: ${JSON.stringify(head.target.slice(0, 80))}`);
  const origin: Origin = { scheme, ...authority };
  const rest = absolute[3] ?? '';
  const path = rest === '' ? (head.method === 'OPTIONS' ? '*' : '/') : rest.startsWith('?') ? `/${rest}` : rest;
  const fields = hostMatches(head, origin) ? head.fields : withHost(head, absolute[2] ?? '');
  return resolved(head, inside ?? origin, path, fields);
}

/** Spelled out, so that all heads are of one shape: with a spread V8 gives each its own, and every reader is slow. */
function resolved(head: RawRequestHead, origin: Origin, path: string, fields: Fields): RequestHead {
  return { method: head.method, target: head.target, origin, path, version: head.version, fields };
}

/** The Host field says where the request really goes. */
export function rehosted(head: RequestHead): RequestHead {
  return hostMatches(head, head.origin) ? head : { ...head, fields: withHost(head, authorityOf(head.origin)) };
}

function hostMatches(head: Pick<RawRequestHead, 'fields'>, origin: Origin): boolean {
  const host = fieldValues(head.fields, 'host')[0];
  return host !== undefined && host.toLowerCase() === authorityOf(origin);
}

/** The authority of an absolute-form target replaces the Host field (RFC 9112 3.2.2). */
function withHost(head: Pick<RawRequestHead, 'fields'>, authority: string): RequestHead['fields'] {
  return hasField(head.fields, 'host')
    ? withField(head.fields, 'Host', authority)
    : [['Host', authority], ...head.fields];
}
