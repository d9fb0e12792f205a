import type { X509Certificate } from 'node:crypto';
import type { CertificateFacts } from './flow.js';

/** Node's type hides that a certificate may name nobody. */
function commas(names: string | undefined): string {
  return names?.replaceAll('\n', ', ') ?? '';
}

/** What rows and the Detail tab say of a certificate. */
export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  const { subject, issuer, subjectAltName, validFrom, validTo, fingerprint256 } = certificate;
  const names = { subject: commas(subject), issuer: commas(issuer), altNames: subjectAltName ?? '' };
  return { ...names, validFrom, validTo, fingerprint: fingerprint256 };
}
