/*
 * The little of DER (X.690) that certificates are written with: each function gives one item, whole.
 */

/** An item with that tag, whose content is these bytes one after the other. */
function item(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  return Buffer.concat([header(tag, length), ...parts]);
}

function header(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(tag, 0x80 | octets.length, ...octets);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return item(0x30, ...parts);
}

export function setOf(...parts: readonly Uint8Array[]): Buffer {
  return item(0x31, ...parts);
}

/** A context-specific item that holds others. */
export function tagged(number: number, ...parts: readonly Uint8Array[]): Buffer {
  return item(0xa0 | number, ...parts);
}

/** A context-specific item that holds bytes. */
export function plainTagged(number: number, bytes: Uint8Array): Buffer {
  return item(0x80 | number, bytes);
}

export const TRUE = item(0x01, Uint8Array.of(0xff));
export const NULL = item(0x05);

/** Octets of a positive number, the highest first, and without needless ones. */
export function integer(octets: Uint8Array): Buffer {
  return item(0x02, octets);
}

/** All bits of these octets but the last `unused`. */
export function bits(octets: Uint8Array, unused = 0): Buffer {
  return item(0x03, Uint8Array.of(unused), octets);
}

export function octetString(octets: Uint8Array): Buffer {
  return item(0x04, octets);
}

export function utf8(text: string): Buffer {
  return item(0x0c, Buffer.from(text));
}

/** An object identifier in numbers with dots. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number);
  return item(0x06, Uint8Array.from([first * 40 + second, ...others].flatMap(base128)));
}

/** Seven bits an octet; all but the last have the eighth bit set. */
function base128(number: number): number[] {
  const octets = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128))
    octets.unshift(0x80 | (rest % 128));
  return octets;
}

/** Milliseconds since 1970 as RFC 5280 4.1.2.5 wants them: two digits of the year before 2050. */
export function time(at: number): Buffer {
  const text = `${new Date(at).toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
  const isNear = text < '2050';
  return item(isNear ? 0x17 : 0x18, Buffer.from(isNear ? text.slice(2) : text));
}
