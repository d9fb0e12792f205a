import { Float, type NetMap, type NetValue } from '../tnetstring.js';
import { isMap } from './state.js';

/*
 * Metadata of a flow: plain data in scripts, values in a file (DM-09).
 */

export function plain(value: NetValue): unknown {
  if (value instanceof Float) return value.value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plain);
  return isMap(value) ? record(value) : value;
}

export function record(map: NetMap): Record<string, unknown> {
  return Object.fromEntries(Array.from(map, ([key, value]) => [key, plain(value)]));
}

function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Throws a TypeError that names what a file cannot hold. */
export function netOf(value: unknown, depth = 0): NetValue {
  if (depth > 32) throw new TypeError('values nested more than 32 deep');
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean' || typeof value === 'string' || typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? value : floatOf(value);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map((one) => netOf(one, depth + 1));
  if (typeof value === 'object' && isRecord(value))
    return new Map(Object.entries(value).map(([key, one]) => [key, netOf(one, depth + 1)]));
  throw new TypeError(`a ${typeof value === 'object' ? value.constructor.name : typeof value}`);
}

function floatOf(value: number): Float {
  if (!Number.isFinite(value)) throw new TypeError(String(value));
  return new Float(value, Object.is(value, -0) ? '-0.0' : undefined);
}

export function holdsBytes(value: NetValue): boolean {
  if (value instanceof Uint8Array) return true;
  if (Array.isArray(value)) return value.some(holdsBytes);
  return isMap(value) && [...value.values()].some(holdsBytes);
}
