/*
 * What a session has loaded and left in its file: where a flow stands there is found again by reading the file.
 */

/** Flows of a file that follow one another in it, and have numbers that follow one another. */
export interface LoadedRun {
  /** Tells one loading from another; of the same file, too. */
  readonly load: number;
  readonly path: string;
  /** In bytes, and in milliseconds since 1970: what it was when it was loaded. */
  readonly size: number;
  readonly changedAt: number;
  /** Which flows of it were wanted, or null for all. */
  readonly filter: string | null;
  /** The number of the first, and how many there are. */
  readonly first: number;
  readonly count: number;
}

export function packRun(run: LoadedRun): Buffer {
  return Buffer.from(JSON.stringify(run));
}

export function unpackRun(payload: Uint8Array): LoadedRun {
  return JSON.parse(Buffer.from(payload).toString()) as LoadedRun;
}
