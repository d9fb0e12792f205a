import type { BodySign } from './row.js';

/*
 * How a body stands, whoever has it: the ledger one that may still grow, the journal one that is kept.
 */

export interface BodyState {
  /** There was a body, and nobody has it. */
  readonly isLost: boolean;
  readonly size: number;
  /** Null where it was not recorded. */
  readonly recording: { readonly failure: string | null } | null;
  /** Why it will never be whole. */
  readonly cut: string | null;
  readonly endedAt: number | null;
  readonly expected: number | null;
}

/** More of it may come. */
export function isGrowing({ endedAt, cut }: Pick<BodyState, 'endedAt' | 'cut'>): boolean {
  return endedAt === null && cut === null;
}

/** Why what is recorded will never be whole, or null. */
export function missesSome({ cut, recording }: Pick<BodyState, 'cut' | 'recording'>): string | null {
  return cut ?? recording?.failure ?? null;
}

export function bodySign(body: BodyState): BodySign {
  const { isLost, size, recording, cut, expected } = body;
  if (isLost) return cut === null ? 'missing' : 'dropped';
  if (size === 0) return isGrowing(body) && expected !== 0 ? 'growing' : 'empty';
  if (!recording) return 'missing';
  if (missesSome(body) !== null) return 'partial';
  return isGrowing(body) ? 'growing' : 'kept';
}
