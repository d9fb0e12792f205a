import { X509Certificate } from 'node:crypto';
import { certificatesOf, crlUrls, pemOf } from '../flow/der.js';
import { nameValue, pairsIn } from '../flow/distinguished.js';
import { Sealed } from './naming.js';

/** Name and value, such as `['CN', 'example.org']`. */
export type NamePair = readonly [name: string, value: string];

/** A certificate (DMC-16). It is only parsed when something of it is asked for. */
export class Certificate extends Sealed {
  readonly #der: Uint8Array;
  #parsed: X509Certificate | null = null;

  constructor(der: Uint8Array) {
    super();
    this.#der = der;
  }

  /** Reads the first certificate of a PEM text. Throws for what is none. */
  static fromPem(pem: string): Certificate {
    return new Certificate(new Uint8Array(new X509Certificate(pem).raw));
  }

  get #x509(): X509Certificate {
    this.#parsed ??= new X509Certificate(this.#der);
    return this.#parsed;
  }

  get subject(): readonly NamePair[] {
    return pairsIn(this.#x509.subject ?? '');
  }

  get issuer(): readonly NamePair[] {
    return pairsIn(this.#x509.issuer ?? '');
  }

  get cn(): string | null {
    return nameValue(this.subject, 'CN');
  }

  get organization(): string | null {
    return nameValue(this.subject, 'O');
  }

  /** Host names and addresses. */
  get altnames(): readonly string[] {
    const printed = this.#x509.subjectAltName ?? '';
    return [...printed.matchAll(/(?:^|, )(?:DNS|IP Address|email|URI):("(?:\\.|[^"\\])*"|[^,]*)/g)].map(
      ([, name = '']) => (name.startsWith('"') ? String(JSON.parse(name)) : name),
    );
  }

  get serial(): bigint {
    return BigInt(`0x${this.#x509.serialNumber}`);
  }

  get notbefore(): Date {
    return new Date(this.#x509.validFrom);
  }

  get notafter(): Date {
    return new Date(this.#x509.validTo);
  }

  get hasExpired(): boolean {
    return this.notafter.getTime() < Date.now();
  }

  /** The kind of the key and its bits: `['RSA', 2048]`, `['EC (prime256v1)', 256]`. */
  get keyinfo(): readonly [kind: string, bits: number] {
    const { asymmetricKeyType: kind = '', asymmetricKeyDetails: details = {} } = this.#x509.publicKey;
    if (details.modulusLength !== undefined) return [kind === 'dsa' ? 'DSA' : 'RSA', details.modulusLength];
    const curve = details.namedCurve;
    if (curve === undefined) return [kind, kind.endsWith('448') ? 448 : 256];
    return [`EC (${curve})`, Number(/\d{3}/.exec(curve)?.[0] ?? 0)];
  }

  /** SHA-256, in upper-case hexadecimal with colons. */
  get fingerprint(): string {
    return this.#x509.fingerprint256;
  }

  get isCa(): boolean {
    return this.#x509.ca;
  }

  get crlDistributionPoints(): readonly string[] {
    return crlUrls(this.#der);
  }

  toPem(): string {
    return pemOf(this.#der);
  }
}

/** The certificates of a connection, leaf first. */
export function certificateList(chain: Uint8Array | undefined): readonly Certificate[] {
  return chain ? certificatesOf(chain).map((der) => new Certificate(der)) : [];
}
