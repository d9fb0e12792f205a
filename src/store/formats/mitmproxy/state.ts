import { Far, Float, type NetMap, type NetValue } from '../tnetstring.js';

/*
 * The state of a flow as mitmproxy writes it, and its parts looked at with care: somebody else wrote them.
 */

/** The newest flow format. */
export const NEWEST = 21;

/** A flow that cannot be made sense of. */
export class Unreadable extends Error {}

export function isMap(value: NetValue | undefined): value is NetMap {
  return value instanceof Map;
}

export function mapAt(map: NetMap, key: string): NetMap | null {
  const value = map.get(key);
  return isMap(value) ? value : null;
}

export function listAt(map: NetMap, key: string): readonly NetValue[] {
  const value = map.get(key);
  return Array.isArray(value) ? value : [];
}

/** Text, of bytes as UTF-8 where it was bytes in some version. */
export function textOf(value: NetValue | undefined): string | null {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString() : null;
}

export function textAt(map: NetMap, key: string): string | null {
  return textOf(map.get(key));
}

/** One character per octet, as heads have them. */
export function octetsOf(value: NetValue | undefined): string {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1');
  return typeof value === 'string' ? Buffer.from(value).toString('latin1') : '';
}

export function octetsAt(map: NetMap, key: string): string {
  return octetsOf(map.get(key));
}

/** Bytes of such text; text that no octets stand for as UTF-8. */
export function bytesOf(octets: string): Uint8Array {
  return Buffer.from(octets, /^[\0-\xff]*$/.test(octets) ? 'latin1' : 'utf8');
}

export function numberOf(value: NetValue | undefined): number | null {
  const number = value instanceof Float ? value.value : typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

export function numberAt(map: NetMap, key: string): number | null {
  return numberOf(map.get(key));
}

/** Milliseconds of seconds. */
export function millisAt(map: NetMap, key: string): number | null {
  const seconds = numberAt(map, key);
  return seconds === null ? null : seconds * 1000;
}

/** Seconds that give just these milliseconds when they are read. */
export function secondsOf(millis: number): Float {
  const seconds = millis / 1000;
  const step = Math.abs(seconds) * Number.EPSILON;
  const fits = [seconds, seconds - step / 2, seconds + step / 2, seconds - step, seconds + step];
  return new Float(fits.find((value) => value * 1000 === millis) ?? seconds);
}

/** The same value; what a Float or bytes hold counts, not how it stood. */
export function sameValue(a: NetValue | undefined, b: NetValue | undefined): boolean {
  if (a === b) return true;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Float || b instanceof Float) return numberOf(a) !== null && numberOf(a) === numberOf(b);
  if (a instanceof Far && b instanceof Far)
    return a.extent.file === b.extent.file && a.extent.offset === b.extent.offset;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, at) => sameValue(one, b[at]));
  if (isMap(a) && isMap(b)) return a.size === b.size && [...a].every(([key, one]) => sameValue(one, b.get(key)));
  return false;
}
