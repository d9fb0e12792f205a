import crypto, { type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import {
  bits,
  integer,
  NULL,
  octetString,
  oid,
  plainTagged,
  sequence,
  setOf,
  TRUE,
  tagged,
  time,
  utf8,
} from './derwriter.js';
import type { CertName } from './names.js';

/*
 * Certificates of version 3 (RFC 5280 4.1): what stands in them, and their signature.
 */

/** Who a certificate is for, or is from, as the names that sluice gives have it. */
export interface NameWords {
  readonly commonName: string | null;
  readonly organization: string | null;
}

export interface CertificateWords {
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

const SERIAL_OCTETS = 16;
const VERSION_3 = tagged(0, integer(Uint8Array.of(2)));
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const RSA_SHA256 = sequence(oid('1.2.840.113549.1.1.11'), NULL);
const COMMON_NAME = oid('2.5.4.3');
const ORGANIZATION = oid('2.5.4.10');

const signed = promisify<string, Uint8Array, KeyObject, Buffer>(crypto.sign);

/** Signs natively, beside this thread; gives the whole certificate. */
export async function certificateOf(words: CertificateWords, signer: KeyObject): Promise<Buffer> {
  const { issuer, subject, from, to, publicKey, extensions } = words;
  const algorithm = signer.asymmetricKeyType === 'rsa' ? RSA_SHA256 : ECDSA_SHA256;
  const validity = sequence(time(from), time(to));
  const listed = tagged(3, sequence(...extensions));
  const body = sequence(VERSION_3, serialNumber(), algorithm, issuer, validity, subject, publicKey, listed);
  return sequence(body, algorithm, bits(await signed('sha256', body, signer)));
}

/** Random, and positive. */
function serialNumber(): Buffer {
  const octets = crypto.randomBytes(SERIAL_OCTETS);
  octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x01;
  return integer(octets);
}

export function nameOf({ commonName, organization }: NameWords): Buffer {
  return sequence(
    ...(commonName === null ? [] : [setOf(sequence(COMMON_NAME, utf8(commonName)))]),
    ...(organization === null ? [] : [setOf(sequence(ORGANIZATION, utf8(organization)))]),
  );
}

function extension(id: Uint8Array, isCritical: boolean, value: Uint8Array): Buffer {
  return sequence(id, ...(isCritical ? [TRUE] : []), octetString(value));
}

const BASIC_CONSTRAINTS = oid('2.5.29.19');
const KEY_USAGE = oid('2.5.29.15');
const EXTENDED_KEY_USAGE = oid('2.5.29.37');
const SUBJECT_KEY_IDENTIFIER = oid('2.5.29.14');
const AUTHORITY_KEY_IDENTIFIER = oid('2.5.29.35');
const SUBJECT_ALT_NAME = oid('2.5.29.17');

/** RFC 5280 4.2.1.9. */
export function basicConstraints(isAuthority: boolean): Buffer {
  return extension(BASIC_CONSTRAINTS, isAuthority, sequence(...(isAuthority ? [TRUE] : [])));
}

/** The bits of KeyUsage (RFC 5280 4.2.1.3). */
const USAGES = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, cRLSign: 6 } as const;

/** RFC 5280 4.2.1.3. */
export function keyUsage(...usages: readonly (keyof typeof USAGES)[]): Buffer {
  const numbers: readonly number[] = usages.map((usage) => USAGES[usage]);
  const octet = numbers.reduce((sum, number) => sum | (0x80 >> number), 0);
  return extension(KEY_USAGE, true, bits(Uint8Array.of(octet), 7 - Math.max(...numbers)));
}

/** RFC 5280 4.2.1.12: servers alone. */
export const SERVER_AUTH = extension(EXTENDED_KEY_USAGE, false, sequence(oid('1.3.6.1.5.5.7.3.1')));

/** RFC 5280 4.2.1.2. */
export function subjectKeyIdentifier(id: Uint8Array): Buffer {
  return extension(SUBJECT_KEY_IDENTIFIER, false, octetString(id));
}

/** RFC 5280 4.2.1.1. */
export function authorityKeyIdentifier(id: Uint8Array): Buffer {
  return extension(AUTHORITY_KEY_IDENTIFIER, false, sequence(plainTagged(0, id)));
}

/** RFC 5280 4.2.1.6. */
export function subjectAltName(names: readonly CertName[], isCritical: boolean): Buffer {
  const written = names.map(({ type, name }) =>
    type === 'dns' ? plainTagged(2, Buffer.from(name, 'latin1')) : plainTagged(7, addressOctets(name)),
  );
  return extension(SUBJECT_ALT_NAME, isCritical, sequence(...written));
}

function addressOctets(address: string): Uint8Array {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  const between = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const octets = [...before, ...between, ...after].map((group) => group.padStart(4, '0')).join('');
  return Buffer.from(octets, 'hex');
}
