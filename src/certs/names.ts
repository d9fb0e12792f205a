import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** A name a certificate can be made for. */
export type CertName = { readonly type: 'dns'; readonly name: string } | { readonly type: 'ip'; readonly name: string };

const LONGEST = 253;
const LABEL = /^(?:\*|[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)$/;

/**
 * Reads a host or server name as a client gave it: brackets and a trailing dot go, IDN becomes its A-label, letters
 * become small. Null for what must not stand in a certificate (RFC 5280 4.2.1.6, 7.2; RFC 6066 3).
 */
export function certName(text: string): CertName | null {
  const host = text.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  if (host.includes('%')) return null;
  if (isIP(host)) return { type: 'ip', name: host.toLowerCase() };
  if (host === '' || host.length > LONGEST || /[\x00-\x20\x7f/]/.test(host)) return null;
  const name = /^[\x21-\x7e]+$/.test(host) ? host.toLowerCase() : domainToASCII(host);
  if (name.length > LONGEST) return null;
  const labels = name.split('.');
  if (labels.some((label) => !LABEL.test(label))) return null;
  if (labels.slice(1).includes('*') || name === '*') return null;
  return /^[0-9]+$/.test(labels.at(-1) ?? '') ? null : { type: 'dns', name };
}

/** The names in a `subjectAltName` as node:crypto prints it. */
export function altNames(printed: string | undefined): CertName[] {
  const names: CertName[] = [];
  for (const part of (printed ?? '').split(', ')) {
    const name = part.startsWith('DNS:') ? part.slice(4) : part.startsWith('IP Address:') ? part.slice(11) : '';
    const read = certName(name);
    if (read) names.push(read);
  }
  return names;
}

export function uniqueNames(names: readonly CertName[]): CertName[] {
  const seen = new Map(names.map((name) => [`${name.type}:${name.name}`, name]));
  return [...seen.values()];
}
