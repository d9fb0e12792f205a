import type { ByteSource } from './source.js';

/** Bytes read in one go. */
const WINDOW = 262_144;

/** Reads a source in windows, for many short reads near one another. */
export function windowed(source: ByteSource): ByteSource {
  let start = 0;
  let window: Uint8Array = new Uint8Array();
  return {
    size: source.size,
    read: (at, length) => {
      if (at < start || at + length > start + window.length) {
        start = at;
        window = source.read(at, Math.max(length, WINDOW));
      }
      return window.subarray(at - start, at - start + length);
    },
  };
}
