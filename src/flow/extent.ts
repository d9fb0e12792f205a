/** Bytes in a file, immutable up to `length`. */
export interface Extent {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  /** More may follow. */
  readonly growing: boolean;
}

/** A recorded body as any thread can read it: while it is small as bytes, then in its file. */
export type BodyData =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'extent'; readonly extent: Extent };

export function sizeOf(body: BodyData): number {
  return body.type === 'bytes' ? body.bytes.length : body.extent.length;
}
