import { X509Certificate } from 'node:crypto';
import { certificateFacts } from '../../flow/certificate.js';
import { certificatesOf, joined } from '../../flow/der.js';
import type { CertificateFacts } from '../../flow/flow.js';

const BLOCK = /-----BEGIN [A-Z ]*CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END/g;

/** The certificates in PEM text as DER, one after the other. */
export function derOf(pem: string): Uint8Array {
  return joined(Array.from(pem.matchAll(BLOCK), ([, base64 = '']) => Buffer.from(base64, 'base64')));
}

/** What the first certificate of a chain says; null where it cannot be read. */
export function chainFacts(chain: Uint8Array): CertificateFacts | null {
  const [leaf] = certificatesOf(chain);
  if (!leaf) return null;
  try {
    return certificateFacts(new X509Certificate(leaf));
  } catch {
    return null;
  }
}
