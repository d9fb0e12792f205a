/** Pieces of a body, one behind the other, with the size of each. */
export interface Pieces {
  readonly bytes: Uint8Array;
  readonly sizes: readonly number[];
}

/** Pieces in memory of their own. */
export function joined(pieces: readonly Uint8Array[]): Pieces {
  const sizes = pieces.map(({ length }) => length);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { bytes, sizes };
}
