import fs from 'node:fs';
import tls, { type SecureContext } from 'node:tls';

const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Which roots servers are verified against, and the context that holds them. Built once: it costs some 20 ms. */
export interface Trust {
  readonly context: SecureContext;
  /** For the Detail tab: "the system's roots (FILE)". */
  readonly roots: string;
}

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

/** `extra` is the text of a PEM file with more roots. */
export function makeTrust(extra: { readonly pem: string; readonly name: string } | null): Trust {
  const system = systemRoots();
  const ca = extra ? [system.pem, extra.pem] : [system.pem];
  return {
    context: tls.createSecureContext({ ca, minVersion: 'TLSv1.2' }),
    roots: extra ? `${system.name} and ${extra.name}` : system.name,
  };
}
