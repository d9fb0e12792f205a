import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';

/** A certificate with its key, to be shown to somebody. */
export interface Identity {
  readonly file: string;
  readonly certificate: X509Certificate;
  /** The PEM of the certificate and those behind it. */
  readonly chain: string;
  /** The PEM of the key, not encrypted. */
  readonly key: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Every certificate in a PEM text. */
export function certificatesIn(pem: string): string[] {
  return pem.match(CERTIFICATE) ?? [];
}

/** Reads the key in a PEM text. Throws a sentence without the name of the file. */
export function keyIn(pem: string, passphrase: string | null): KeyObject {
  if (!KEY.test(pem)) throw new Error('it has no private key');
  const isEncrypted = /ENCRYPTED/.test(pem);
  if (isEncrypted && passphrase === null) throw new Error('its key is encrypted: set cert_passphrase');
  try {
    return createPrivateKey(passphrase === null ? pem : { key: pem, passphrase });
  } catch (error) {
    throw new Error(
      isEncrypted ? 'cert_passphrase does not open its key' : `its key cannot be read (${(error as Error).message})`,
    );
  }
}

function identityOf(file: string, pem: string, passphrase: string | null): Identity {
  const [first, ...others] = certificatesIn(pem);
  if (first === undefined) throw new Error('it has no certificate');
  const key = keyIn(pem, passphrase);
  const certificate = new X509Certificate(first);
  if (!certificate.checkPrivateKey(key)) throw new Error('its key is not that of its first certificate');
  const identity = {
    file,
    certificate,
    chain: [first, ...others].join('\n'),
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  tls.createSecureContext({ cert: identity.chain, key: identity.key }); // what OpenSSL refuses is told now
  return identity;
}

/** Reads a PEM file with a key, its certificate and the chain behind it. Throws a sentence that names the file. */
export function readIdentity(file: string, passphrase: string | null): Identity {
  try {
    return identityOf(file, fs.readFileSync(file, 'utf8'), passphrase);
  } catch (error) {
    throw new Error(`${file} cannot be used: ${(error as Error).message}`);
  }
}

/** A certificate of the user's own for some hosts (OPT-49). */
export interface OwnCertificate {
  /** A name, a name with * for its first labels, or *. */
  readonly domain: string;
  readonly identity: Identity;
}

/** Reads `[domain=]file`. Throws a sentence. */
export function ownCertificate(text: string, passphrase: string | null): OwnCertificate {
  const at = text.indexOf('=');
  const domain = at < 0 ? '*' : text.slice(0, at).toLowerCase();
  if (!/^(?:\*|(?:\*\.)?[^\s*/]+)$/.test(domain)) throw new Error(`not a domain: ${domain}`);
  return { domain, identity: readIdentity(text.slice(at + 1), passphrase) };
}

/** The forms under which a name is looked up: itself, `*` for more and more of its labels, `*` (TL-03). */
function formsOf(name: string): string[] {
  const labels = name.split('.');
  return [name, ...labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join('.')}`)];
}

/** The certificate for these names: that of the first name that has one, then the one for all. */
export function ownFor(own: readonly OwnCertificate[], names: readonly string[]): OwnCertificate | null {
  if (own.length === 0) return null;
  for (const form of [...names.flatMap(formsOf), '*']) {
    const found = own.find((one) => one.domain === form);
    if (found) return found;
  }
  return null;
}

/** The certificates for servers that ask for one (TL-08): one for all, or by host. */
export class ClientCertificates {
  private readonly byFile = new Map<string, Identity>();
  private readonly one: Identity | null;

  /** Throws a sentence for a file that cannot be used; the files of a folder are read when they are needed. */
  constructor(
    private readonly place: string,
    private readonly passphrase: string | null,
  ) {
    const known = fs.statSync(place, { throwIfNoEntry: false });
    if (!known) throw new Error(`${place} is not there`);
    this.one = known.isDirectory() ? null : readIdentity(place, passphrase);
  }

  /** Null where there is none for this host. Throws a sentence. */
  identityFor(host: string): Identity | null {
    if (this.one) return this.one;
    if (!/^[\w.:-]+$/.test(host)) return null;
    const file = path.join(this.place, `${host}.pem`);
    const known = this.byFile.get(file);
    if (known) return known;
    if (!fs.existsSync(file)) return null;
    const identity = readIdentity(file, this.passphrase);
    this.byFile.set(file, identity);
    return identity;
  }
}
