/*
 * The little of DER (X.690) that is needed of certificates. Lengths are those somebody else wrote: whatever does not
 * fit is an end.
 */

interface Item {
  readonly tag: number;
  /** The whole item. */
  readonly start: number;
  readonly from: number;
  readonly to: number;
}

function itemAt(bytes: Uint8Array, at: number, end: number): Item | null {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined || at + 2 > end) return null;
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (count > 4 || first === 0x80) return null;
  let length = count === 0 ? first : 0;
  for (let i = 0; i < count; i += 1) length = length * 256 + (bytes[at + 2 + i] ?? 0);
  const from = at + 2 + count;
  return from + length > end ? null : { tag, start: at, from, to: from + length };
}

/** The items between two offsets. */
export function itemsIn(bytes: Uint8Array, from = 0, to = bytes.length): Item[] {
  const items: Item[] = [];
  for (let at = from; at < to; ) {
    const item = itemAt(bytes, at, to);
    if (!item) break;
    items.push(item);
    at = item.to;
  }
  return items;
}

/** Certificates that stand one after the other. */
export function certificatesOf(chain: Uint8Array): Uint8Array[] {
  return itemsIn(chain).map((item) => chain.subarray(item.start, item.to));
}

/** Certificates one after the other, in memory of their own. */
export function joined(certificates: readonly Uint8Array[]): Uint8Array {
  const chain = new Uint8Array(certificates.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of certificates) {
    chain.set(one, at);
    at += one.length;
  }
  return chain;
}

/** The PEM of a certificate (RFC 7468). */
export function pemOf(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const CRL_POINTS = '551d1f';
const URL_TAG = 0x86;
const EXTENSIONS_TAG = 0xa3;

function hexOf(bytes: Uint8Array, { from, to }: Item): string {
  return Buffer.from(bytes.subarray(from, to)).toString('hex');
}

function urlsIn(bytes: Uint8Array, from: number, to: number): string[] {
  return itemsIn(bytes, from, to).flatMap((item) => {
    if (item.tag === URL_TAG) return [Buffer.from(bytes.subarray(item.from, item.to)).toString('latin1')];
    return (item.tag & 0x20) === 0 ? [] : urlsIn(bytes, item.from, item.to);
  });
}

/** The items that the first item holds. */
export function partsOf(bytes: Uint8Array): Item[] {
  const [whole] = itemsIn(bytes);
  return whole ? itemsIn(bytes, whole.from, whole.to) : [];
}

/** The value of a certificate's extension, by the octets of its identifier in hexadecimal (RFC 5280 4.1.2.9); or null. */
export function extensionIn(certificate: Uint8Array, wanted: string): Item | null {
  const [signed] = partsOf(certificate);
  const fields = signed ? itemsIn(certificate, signed.from, signed.to) : [];
  const wrapper = fields.find((field) => field.tag === EXTENSIONS_TAG);
  const [list] = wrapper ? itemsIn(certificate, wrapper.from, wrapper.to) : [];
  for (const extension of list ? itemsIn(certificate, list.from, list.to) : []) {
    const [id, ...rest] = itemsIn(certificate, extension.from, extension.to);
    if (id && hexOf(certificate, id) === wanted) return rest.at(-1) ?? null;
  }
  return null;
}

/** Where the lists of revoked certificates are that a certificate names (RFC 5280 4.2.1.13). */
export function crlUrls(certificate: Uint8Array): string[] {
  const value = extensionIn(certificate, CRL_POINTS);
  return value ? urlsIn(certificate, value.from, value.to) : [];
}
