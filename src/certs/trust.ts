import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import tls, { type SecureContext } from 'node:tls';
import type { NamePairs } from '../flow/distinguished.js';
import type { CertificateFacts } from '../flow/flow.js';
import { type ClientCertificates, certificatesIn, type Identity } from './identity.js';
import { Sessions } from './sessions.js';
import type { Terms } from './terms.js';

const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The system's bundle of roots, as text and by name; Node's own list where there is none. */
export function systemRoots(): { readonly pem: string; readonly name: string } {
  for (const file of SYSTEM_BUNDLES) {
    try {
      return { pem: fs.readFileSync(file, 'utf8'), name: `the system's roots (${file})` };
    } catch {
      // not this distribution's place: try the next
    }
  }
  return { pem: tls.rootCertificates.join('\n'), name: "Node's own roots" };
}

/** Roots of the user's, with the name of their file or folder. */
export interface Roots {
  readonly pem: string;
  readonly name: string;
}

/** Reads a PEM file with roots. Throws a sentence. */
export function rootsIn(file: string): Roots {
  const pem = fs.readFileSync(file, 'utf8');
  tls.createSecureContext({ ca: pem });
  return { pem, name: file };
}

/** Reads every PEM file of a folder. Throws a sentence where there is no certificate at all. */
export function rootsUnder(folder: string): Roots {
  const files = fs.readdirSync(folder).map((name) => path.join(folder, name));
  const texts = files.filter((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
  const found = texts.flatMap((file) => certificatesIn(fs.readFileSync(file, 'latin1')));
  if (found.length === 0) throw new Error('no file in it has a certificate');
  const pem = found.join('\n');
  tls.createSecureContext({ ca: pem });
  return { pem, name: folder };
}

export interface TrustSettings {
  readonly extra: readonly Roots[];
  readonly terms: Terms;
  /** Speak also with servers that cannot renegotiate securely (RFC 5746), as ssl_insecure does. */
  readonly isLegacy: boolean;
  readonly clientCertificates: ClientCertificates | null;
}

/** What a handshake in full told of a server. */
export interface PeerFacts {
  readonly certificate: CertificateFacts | null;
  /** Every certificate it sent, leaf first, as DER one after the other. */
  readonly chain: Uint8Array;
  readonly subject: NamePairs;
  /** Why it was accepted. */
  readonly trust: string;
}

/** Which roots servers are verified against, and how TLS is spoken with them. */
export class Trust {
  /** For the Detail tab: "the system's roots (FILE)". */
  readonly roots: string;
  readonly sessions = new Sessions<PeerFacts>();
  private readonly ca: readonly string[];
  private readonly contexts = new Map<Identity | null, SecureContext>();

  constructor(private readonly settings: TrustSettings) {
    const all = [systemRoots(), ...settings.extra];
    this.ca = all.map((roots) => roots.pem);
    this.roots = all.map((roots) => roots.name).join(' and ');
  }

  /** The context for a host, with the certificate it is to be shown. Throws a sentence where that cannot be read. */
  contextFor(host: string): SecureContext {
    const identity = this.settings.clientCertificates?.identityFor(host) ?? null;
    const known = this.contexts.get(identity);
    if (known) return known;
    const context = this.make(identity);
    this.contexts.set(identity, context);
    return context;
  }

  /** Costs some 20 ms, for the roots. */
  private make(identity: Identity | null): SecureContext {
    const { terms, isLegacy } = this.settings;
    return tls.createSecureContext({
      ca: [...this.ca],
      ...terms,
      ...(identity ? { cert: identity.chain, key: identity.key } : {}),
      ...(isLegacy ? { secureOptions: crypto.constants.SSL_OP_LEGACY_SERVER_CONNECT } : {}),
    });
  }
}
