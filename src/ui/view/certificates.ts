import { X509Certificate } from 'node:crypto';
import { certificateFacts } from '../../flow/certificate.js';
import { certificatesOf } from '../../flow/der.js';

/** A certificate in words for the screen. */
export type CertificateRows = readonly (readonly [name: string, value: string])[];

function keyText({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  const size = details?.modulusLength ? `${details.modulusLength} bits` : (details?.namedCurve ?? '');
  return [type?.toUpperCase() ?? 'unknown', size].filter((part) => part !== '').join(', ');
}

function rowsOf(der: Uint8Array): CertificateRows {
  try {
    const certificate = new X509Certificate(der);
    const { subject, issuer, altNames, validFrom, validTo, fingerprint } = certificateFacts(certificate);
    return [
      ['subject', subject],
      ['issuer', issuer],
      ...(altNames === '' ? [] : [['alternative names', altNames] as const]),
      ['valid', `${validFrom} – ${validTo}`],
      ['key', keyText(certificate)],
      ['serial', certificate.serialNumber],
      ['SHA-256', fingerprint],
    ];
  } catch (error) {
    return [['unreadable', (error as Error).message]];
  }
}

/** Certificates in DER, one behind the other, leaf first (UI-FV-22, and the chain above it). */
export function chainRows(chain: Uint8Array): readonly CertificateRows[] {
  return certificatesOf(chain).map(rowsOf);
}
