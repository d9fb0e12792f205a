import type { Extent } from '../../flow/extent.js';

/*
 * Typed netstrings (NF-02): `<length>:<bytes><tag>`. The length stands in front, so a value can be stepped over
 * without being read.
 */

/** A number with a fraction, apart from whole ones; `text` is how it stood. */
export class Float {
  constructor(
    readonly value: number,
    readonly text: string = floatText(value),
  ) {}
}

/** Bytes that are left where they are. */
export class Far {
  constructor(readonly extent: Extent) {}
}

export type NetMap = Map<string, NetValue>;
export type NetValue = null | boolean | number | bigint | string | Uint8Array | Float | Far | NetValue[] | NetMap;

function floatText(value: number): string {
  const text = String(value);
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text;
}

/** What cannot be read, and where. */
export class Damage extends Error {
  constructor(
    readonly offset: number,
    what: string,
  ) {
    super(`${what} at byte ${offset}`);
  }
}

/** What stands behind a value tells its type. */
export const TAGS = { bytes: 44, text: 59, int: 35, float: 94, bool: 33, nothing: 126, list: 93, map: 125 } as const;
