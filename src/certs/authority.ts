import crypto, { type KeyObject, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { pemOf } from '../flow/der.js';
import type { CertName } from './names.js';

import forge = require('node-forge');

/*
 * Makes the CA and signs leaves. forge only builds the structures: keys and signatures are node:crypto's, sixty times
 * as fast, and forge never parses what came from a network.
 */

const { asn1, pki } = forge;
/** Missing in the package's types. */
const builder = pki as unknown as { getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1 };
const DAY = 86_400_000;
const BACKDATED = 2 * DAY;
const LEAF_LIFETIME = 197 * DAY;
const CA_LIFETIME = 3650 * DAY;
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
const RSA_SHA256 = '1.2.840.113549.1.1.11';
const LONGEST_COMMON_NAME = 63;
/** A PrintableString, which forge would take, has no *, _ or letters beyond ASCII. */
const UTF8 = { valueTagClass: Number(asn1.Type.UTF8) };

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

/** A key of leaves, in the forms it is needed in. */
interface LeafPair {
  readonly spki: forge.asn1.Asn1;
  readonly pem: string;
  readonly id: string;
}

function leafPair({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): LeafPair {
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { spki: spkiOf(publicKey), pem, id: keyIdentifier(publicKey) };
}

function serialNumber(): string {
  const bytes = crypto.randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString('hex');
}

function toDer(value: forge.asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'binary');
}

function fromDer(der: Buffer): forge.asn1.Asn1 {
  return asn1.fromDer(der.toString('binary'));
}

function sequence(...values: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, values);
}

function algorithm(key: KeyObject): forge.asn1.Asn1 {
  const isRsa = key.asymmetricKeyType === 'rsa';
  const oid = asn1.oidToDer(isRsa ? RSA_SHA256 : ECDSA_SHA256).getBytes();
  const id = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, oid);
  const none = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.NULL, false, '');
  return isRsa ? sequence(id, none) : sequence(id);
}

function parts(value: forge.asn1.Asn1 | undefined): forge.asn1.Asn1[] {
  return Array.isArray(value?.value) ? value.value : [];
}

/** The structure around a public key (RFC 5280 4.1.2.7). Costs as much as a P-256 signature: kept where it can be. */
function spkiOf(publicKey: KeyObject): forge.asn1.Asn1 {
  return fromDer(publicKey.export({ type: 'spki', format: 'der' }));
}

const signed = promisify<string, Uint8Array, KeyObject, Buffer>(crypto.sign);

/** Puts the subject's own key in, signs natively, beside this thread, and returns the certificate. */
async function sign(
  template: forge.pki.Certificate,
  subjectKey: forge.asn1.Asn1,
  issuerName: forge.asn1.Asn1 | null,
  signer: KeyObject,
): Promise<Buffer> {
  Object.assign(template, { signatureOid: RSA_SHA256, siginfo: { algorithmOid: RSA_SHA256, parameters: {} } });
  const tbs = builder.getTBSCertificate(template);
  const fields = parts(tbs);
  const signature = algorithm(signer);
  fields[2] = signature;
  if (issuerName) fields[3] = issuerName;
  fields[6] = subjectKey;
  const bits = `\0${(await signed('sha256', toDer(tbs), signer)).toString('binary')}`;
  return toDer(sequence(tbs, signature, asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, bits)));
}

/** forge insists on a key of its own while it builds; any RSA key does, since ours is put in afterwards. */
function template(lifetime: number): forge.pki.Certificate {
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.setRsaPublicKey(new forge.jsbn.BigInteger('65537'), new forge.jsbn.BigInteger('3'));
  certificate.serialNumber = serialNumber();
  const now = Date.now();
  certificate.validity.notBefore = new Date(now - BACKDATED);
  certificate.validity.notAfter = new Date(now - BACKDATED + lifetime);
  return certificate;
}

function keyIdentifier(key: KeyObject): string {
  const bits = parts(spkiOf(key))[1];
  const raw = (bits as { bitStringContents?: string } | undefined)?.bitStringContents ?? String(bits?.value ?? '');
  return crypto.createHash('sha1').update(Buffer.from(raw, 'binary').subarray(1)).digest('binary');
}

/** Makes a CA: RSA, since RSA roots import everywhere and PKCS#12 by forge needs one. */
export async function makeAuthority(bits = 2048): Promise<Pair> {
  const { privateKey, publicKey } = await new Promise<{ privateKey: KeyObject; publicKey: KeyObject }>((done, fail) =>
    crypto.generateKeyPair('rsa', { modulusLength: bits }, (error, publicKey, privateKey) =>
      error ? fail(error) : done({ privateKey, publicKey }),
    ),
  );
  const certificate = template(CA_LIFETIME);
  const name = [
    { name: 'commonName', value: 'sluice' },
    { name: 'organizationName', value: `sluice CA ${crypto.randomBytes(4).toString('hex')}` },
  ];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true },
    { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    extension('2.5.29.14', asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, keyIdentifier(publicKey))),
  ]);
  const der = await sign(certificate, spkiOf(publicKey), null, privateKey);
  return { certificate: new X509Certificate(der), key: privateKey };
}

function extension(id: string, value: forge.asn1.Asn1): { id: string; critical: boolean; value: string } {
  return { id, critical: false, value: asn1.toDer(value).getBytes() };
}

const RSA_LEAF_BITS = 2048;

/** Signs leaves for one CA. All leaves of a run share one P-256 key, and those for old clients one RSA key. */
export class Authority {
  private readonly issuerName: forge.asn1.Asn1;
  private readonly issuerId: string;
  private readonly ec = leafPair(crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  private rsa: LeafPair | null = null;

  constructor(private readonly ca: Pair) {
    const tbs = parts(parts(fromDer(ca.certificate.raw))[0]);
    const subject = tbs[5];
    if (!subject) throw new Error('the CA certificate has no subject');
    this.issuerName = subject;
    this.issuerId = subjectKeyIdentifier(tbs) ?? keyIdentifier(ca.certificate.publicKey);
  }

  get certificate(): X509Certificate {
    return this.ca.certificate;
  }

  /** A leaf for these names; the first becomes the common name where it is short enough (RFC 5280 4.2.1.6). */
  async sign(names: readonly CertName[], { organization = null, key = 'ec' }: LeafWish = {}): Promise<Leaf> {
    const pair = key === 'ec' ? this.ec : this.rsaPair();
    const certificate = template(LEAF_LIFETIME + BACKDATED);
    const first = names[0]?.name ?? '';
    const hasSubject = first.length > 0 && first.length <= LONGEST_COMMON_NAME;
    certificate.setSubject([
      ...(hasSubject ? [{ name: 'commonName', value: first, ...UTF8 }] : []),
      ...(organization === null ? [] : [{ name: 'organizationName', value: organization, ...UTF8 }]),
    ]);
    const alternatives = names.map((name) =>
      name.type === 'dns' ? { type: 2, value: name.name } : { type: 7, ip: name.name },
    );
    certificate.setExtensions([
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: key === 'rsa' },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', critical: !hasSubject && organization === null, altNames: alternatives },
      extension('2.5.29.14', asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, pair.id)),
      extension('2.5.29.35', sequence(asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, false, this.issuerId))),
    ]);
    const der = await sign(certificate, pair.spki, this.issuerName, this.ca.key);
    return {
      certificate: pemOf(der) + (this.ca.chain ?? ''),
      key: pair.pem,
      der: new Uint8Array(der),
      expires: certificate.validity.notAfter.getTime(),
    };
  }

  /** Made when the first client needs it: it takes a tenth of a second. */
  private rsaPair(): LeafPair {
    this.rsa ??= leafPair(crypto.generateKeyPairSync('rsa', { modulusLength: RSA_LEAF_BITS }));
    return this.rsa;
  }
}

/** The CA's own subject key identifier, read and not recomputed, so that chains match byte for byte. */
function subjectKeyIdentifier(tbs: readonly forge.asn1.Asn1[]): string | null {
  const wrapper = tbs.find((part) => part.tagClass === asn1.Class.CONTEXT_SPECIFIC && part.type === 3);
  for (const item of parts(parts(wrapper)[0])) {
    const [id, ...rest] = parts(item);
    if (!id || asn1.derToOid(String(id.value)) !== '2.5.29.14') continue;
    const octets = rest.at(-1);
    const inner = octets && asn1.fromDer(String(octets.value));
    return inner ? String(inner.value) : null;
  }
  return null;
}

/** PKCS#12 with the certificate alone, for import on macOS and Windows. */
export function pkcs12(certificate: X509Certificate, password: string): Buffer {
  const parsed = pki.certificateFromPem(certificate.toString());
  const p12 = forge.pkcs12.toPkcs12Asn1(null, [parsed], password, {
    algorithm: '3des',
    friendlyName: 'sluice',
  });
  return toDer(p12);
}
