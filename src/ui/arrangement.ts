import type { FlowRow } from '../flow/row.js';

/** How the list is ordered (UI-FL-02). */
export interface Arrangement {
  readonly by: string;
  readonly isReversed: boolean;
}

export const BY_TIME: Arrangement = { by: 'time', isReversed: false };

type Key = (row: FlowRow) => string | number;

const KEYS: Readonly<Record<string, Key>> = {
  time: () => 0, // flows are numbered in the order they came
  method: ({ method }) => method,
  url: ({ scheme, host, port, path }) => `${scheme}://${host}:${port}${path}`,
  size: ({ size }) => size,
  status: ({ status }) => status,
  duration: ({ duration }) => duration,
  host: ({ host }) => host,
};

/** Orders slots by what their rows say; those that are alike stay in the order they came. Changes the list it is given. */
export function arranged(slots: number[], { by, isReversed }: Arrangement, rowOf: (slot: number) => FlowRow): number[] {
  const key = KEYS[by];
  if (by !== 'time' && key) {
    const keys = new Map(slots.map((slot) => [slot, key(rowOf(slot))]));
    slots.sort((a, b) => compared(keys.get(a) ?? 0, keys.get(b) ?? 0) || a - b);
  }
  return isReversed ? slots.reverse() : slots;
}

function compared(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
