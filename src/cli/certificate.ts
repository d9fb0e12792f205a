import { pkcs12 } from '../certs/pkcs12.js';
import { type AuthoritySettings, openAuthority } from '../certs/store.js';
import { P12_PASSWORD } from '../proxy/page.js';

/** The CA's certificate in the wanted form, made first if there is none. */
export async function exportCertificate(
  confdir: string,
  format: 'pem' | 'cer' | 'p12',
  settings: AuthoritySettings,
): Promise<Buffer> {
  const { certificate } = await openAuthority(confdir, settings);
  switch (format) {
    case 'pem':
      return Buffer.from(certificate.toString());
    case 'cer':
      return certificate.raw;
    case 'p12':
      return pkcs12(certificate, P12_PASSWORD);
  }
}
