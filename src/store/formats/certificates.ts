import { X509Certificate } from 'node:crypto';
import { certificatesOf, joined } from '../../flow/der.js';
import type { CertificateFacts } from '../../flow/flow.js';

const BLOCK = /-----BEGIN [A-Z ]*CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END/g;

/** The certificates in PEM text as DER, one after the other. */
export function derOf(pem: string): Uint8Array {
  return joined(Array.from(pem.matchAll(BLOCK), ([, base64 = '']) => Buffer.from(base64, 'base64')));
}

function commas(names: string | undefined): string {
  return names?.replaceAll('\n', ', ') ?? '';
}

/** What the first certificate of a chain says; null where it cannot be read. */
export function certificateFacts(chain: Uint8Array): CertificateFacts | null {
  const [leaf] = certificatesOf(chain);
  if (!leaf) return null;
  try {
    const { subject, issuer, subjectAltName, validFrom, validTo, fingerprint256 } = new X509Certificate(leaf);
    const names = { subject: commas(subject), issuer: commas(issuer), altNames: subjectAltName ?? '' };
    return { ...names, validFrom, validTo, fingerprint: fingerprint256 };
  } catch {
    return null;
  }
}
