import type { Options } from '../options.js';
import { type OwnCertificate, ownCertificate } from './identity.js';
import { type Terms, termsFor } from './terms.js';

/** How TLS is spoken with clients, and which certificates of the user's own they are shown. */
export interface Serving {
  readonly terms: Terms;
  readonly own: readonly OwnCertificate[];
}

/** Throws a sentence that names the option. */
export function servingOf(options: Options): Serving {
  const own = options.certs.map((text) => {
    try {
      return ownCertificate(text, options.cert_passphrase);
    } catch (error) {
      throw new Error(`certs: ${(error as Error).message}`);
    }
  });
  if (options.add_upstream_certs_to_client_chain && !options.upstream_cert)
    throw new Error('add_upstream_certs_to_client_chain needs upstream_cert, which is off');
  return { terms: termsFor('client', options), own };
}
