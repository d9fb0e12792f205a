import tls, { type SecureContextOptions, type SecureVersion } from 'node:tls';
import type { Options } from '../options.js';

/** How TLS is spoken with one side: versions, ciphers and curve, as node:tls takes them. */
export type Terms = Readonly<Pick<SecureContextOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'ecdhCurve'>>;

const ORDER: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  TLS1: 'TLSv1',
  TLS1_1: 'TLSv1.1',
  TLS1_2: 'TLSv1.2',
  TLS1_3: 'TLSv1.3',
};

const OLD: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1'];

/** The suites of TLS 1.3. A list that names none of them would turn TLS 1.3 off in Node. */
const SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/** OpenSSL allows the hashes of TLS before 1.2 only at security level 0. */
const ANYTHING = `${tls.DEFAULT_CIPHERS}:@SECLEVEL=0`;

function ciphersOf(list: string | null, oldest: SecureVersion): Terms {
  if (list === null) return OLD.includes(oldest) ? { ciphers: ANYTHING } : {};
  return { ciphers: /\bTLS_/.test(list) ? list : `${SUITES}:${list}` };
}

function check(option: string, value: string | null, terms: Terms, cause: string): void {
  if (value === null) return;
  try {
    tls.createSecureContext(terms);
  } catch {
    throw new Error(`${option}: ${cause}: ${value}`);
  }
}

/** The terms for clients or for servers (TL-09). Throws a sentence that names the option. */
export function termsFor(side: 'client' | 'server', options: Options): Terms {
  const [least, most] = [`tls_version_${side}_min`, `tls_version_${side}_max`] as const;
  const minVersion = VERSIONS[options[least]] ?? 'TLSv1';
  const maxVersion = VERSIONS[options[most]] ?? 'TLSv1.3';
  if (ORDER.indexOf(minVersion) > ORDER.indexOf(maxVersion))
    throw new Error(`${least} is ${options[least]}, which is above ${most}, ${options[most]}`);
  const ciphers = options[`ciphers_${side}`];
  const curve = options[`tls_ecdh_curve_${side}`];
  const chosen = ciphersOf(ciphers, minVersion);
  const ecdhCurve = curve === null ? {} : { ecdhCurve: curve };
  check(`ciphers_${side}`, ciphers, chosen, 'OpenSSL knows no cipher of this list');
  check(`tls_ecdh_curve_${side}`, curve, ecdhCurve, 'OpenSSL knows no such curve');
  return { minVersion, maxVersion, ...chosen, ...ecdhCurve };
}
