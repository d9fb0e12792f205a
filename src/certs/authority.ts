import crypto, { type KeyObject, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { extensionIn, itemsIn, partsOf, pemOf } from '../flow/der.js';
import type { CertName } from './names.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  certificateOf,
  keyUsage,
  nameOf,
  SERVER_AUTH,
  subjectAltName,
  subjectKeyIdentifier,
} from './x509.js';

/*
 * Makes the CA and signs leaves.
 */

const DAY = 86_400_000;
const BACKDATED = 2 * DAY;
const LEAF_LIFETIME = 197 * DAY;
const CA_LIFETIME = 3650 * DAY;
const LONGEST_COMMON_NAME = 63;

export interface Pair {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** PEM of the certificates that are sent behind every leaf: the CA's own and those above it; '' for none. */
  readonly chain?: string;
}

/** Clients that know no ECDSA need a leaf with an RSA key. */
export type LeafKey = 'ec' | 'rsa';

export interface LeafWish {
  /** The organisation in its subject. */
  readonly organization?: string | null;
  readonly key?: LeafKey;
}

export interface Leaf {
  /** PEM, with the chain behind it. */
  readonly certificate: string;
  readonly key: string;
  /** The first certificate. */
  readonly der: Uint8Array;
  readonly expires: number;
}

/** A key of leaves, in the forms it is needed in, and what all its leaves say of it. */
interface LeafPair {
  readonly publicKey: Buffer;
  readonly pem: string;
  readonly extensions: readonly Buffer[];
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** SHA-1 of the key's bits (RFC 5280 4.2.1.2, 1). */
function keyIdentifier(spki: Uint8Array): Buffer {
  const [, key] = partsOf(spki);
  return crypto
    .createHash('sha1')
    .update(spki.subarray((key?.from ?? 0) + 1, key?.to))
    .digest();
}

const generateKeyPair = promisify(crypto.generateKeyPair);

/** Makes a CA: RSA, since RSA roots import everywhere and PKCS#12 by forge needs one. */
export async function makeAuthority(bits = 2048): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair('rsa', { modulusLength: bits });
  const organization = `sluice CA ${crypto.randomBytes(4).toString('hex')}`;
  const name = nameOf({ commonName: 'sluice', organization });
  const from = Date.now() - BACKDATED;
  const spki = spkiOf(publicKey);
  const extensions = [
    basicConstraints(true),
    keyUsage('keyCertSign', 'cRLSign'),
    subjectKeyIdentifier(keyIdentifier(spki)),
  ];
  const words = { issuer: name, subject: name, from, to: from + CA_LIFETIME, publicKey: spki, extensions };
  return { certificate: new X509Certificate(await certificateOf(words, privateKey)), key: privateKey };
}

const RSA_LEAF_BITS = 2048;
const SUBJECT_KEY_ID = '551d0e';

/** Signs leaves for one CA. All leaves of a run share one P-256 key, and those for old clients one RSA key. */
export class Authority {
  private readonly issuer: Uint8Array;
  private readonly issuerId: Buffer;
  private readonly ec: LeafPair;
  private rsa: LeafPair | null = null;

  constructor(private readonly ca: Pair) {
    const { raw, publicKey } = ca.certificate;
    this.issuer = subjectOf(raw);
    this.issuerId = authorityKeyIdentifier(ownKeyIdentifier(raw) ?? keyIdentifier(spkiOf(publicKey)));
    this.ec = this.pair('ec', crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  }

  get certificate(): X509Certificate {
    return this.ca.certificate;
  }

  /** A leaf for these names; the first becomes the common name where it is short enough (RFC 5280 4.2.1.6). */
  async sign(names: readonly CertName[], { organization = null, key = 'ec' }: LeafWish = {}): Promise<Leaf> {
    const { publicKey, pem, extensions } = key === 'ec' ? this.ec : this.rsaPair();
    const first = names[0]?.name ?? '';
    const commonName = first.length > 0 && first.length <= LONGEST_COMMON_NAME ? first : null;
    const isNamed = commonName !== null || organization !== null;
    const from = Date.now() - BACKDATED;
    const to = from + BACKDATED + LEAF_LIFETIME;
    const words = {
      ...{ issuer: this.issuer, subject: nameOf({ commonName, organization }), from, to, publicKey },
      extensions: [...extensions, subjectAltName(names, !isNamed)],
    };
    const der = await certificateOf(words, this.ca.key);
    return { certificate: pemOf(der) + (this.ca.chain ?? ''), key: pem, der: new Uint8Array(der), expires: to };
  }

  private pair(type: LeafKey, { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): LeafPair {
    const spki = spkiOf(publicKey);
    return {
      publicKey: spki,
      pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      extensions: [
        basicConstraints(false),
        type === 'rsa' ? keyUsage('digitalSignature', 'keyEncipherment') : keyUsage('digitalSignature'),
        SERVER_AUTH,
        subjectKeyIdentifier(keyIdentifier(spki)),
        this.issuerId,
      ],
    };
  }

  /** Made when the first client needs it: it takes a tenth of a second. */
  private rsaPair(): LeafPair {
    this.rsa ??= this.pair('rsa', crypto.generateKeyPairSync('rsa', { modulusLength: RSA_LEAF_BITS }));
    return this.rsa;
  }
}

const VERSION_TAG = 0xa0;
/** The place of the subject behind the version (RFC 5280 4.1). */
const SUBJECT_AT = 4;

/** The subject of a certificate byte for byte, so that chains match. */
function subjectOf(certificate: Uint8Array): Uint8Array {
  const [body] = partsOf(certificate);
  const fields = body ? itemsIn(certificate, body.from, body.to) : [];
  const subject = fields[SUBJECT_AT + (fields[0]?.tag === VERSION_TAG ? 1 : 0)];
  if (!subject) throw new Error('the CA certificate has no subject');
  return certificate.subarray(subject.start, subject.to);
}

/** The CA's own subject key identifier, read and not recomputed. */
function ownKeyIdentifier(certificate: Uint8Array): Uint8Array | null {
  const value = extensionIn(certificate, SUBJECT_KEY_ID);
  const [id] = value ? itemsIn(certificate, value.from, value.to) : [];
  return id ? certificate.subarray(id.from, id.to) : null;
}
