import type { X509Certificate } from 'node:crypto';

import forge = require('node-forge');

const { asn1, pki } = forge;

/** PKCS#12 with the certificate alone, for import on macOS and Windows. */
export function pkcs12(certificate: X509Certificate, password: string): Buffer {
  const parsed = pki.certificateFromPem(certificate.toString());
  const made = forge.pkcs12.toPkcs12Asn1(null, [parsed], password, { algorithm: '3des', friendlyName: 'sluice' });
  return Buffer.from(asn1.toDer(made).getBytes(), 'binary');
}
