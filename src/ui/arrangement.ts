/** Which flows the list shows, and in what order (UI-FL-02, UI-FL-07). */
export interface Arrangement {
  /** An expression as it was typed; null for all. */
  readonly filter: string | null;
  /** As in `view_order`. */
  readonly by: string;
}

export const AS_THEY_CAME: Arrangement = { filter: null, by: 'time' };

export function isSame(a: Arrangement, b: Arrangement): boolean {
  return a.filter === b.filter && a.by === b.by;
}
