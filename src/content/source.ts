import fs from 'node:fs';
import type { BodyData, Extent } from '../flow/extent.js';

/** Bytes that are read where they are needed. */
export interface ByteSource {
  readonly size: number;
  /** At most `length` bytes from there. */
  read(at: number, length: number): Uint8Array;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (at, length) => bytes.subarray(at, at + length) };
}

/** Reads windows of a file. The file is opened anew each time, so that one that is gone is empty and not an error. */
export function extentSource(extent: Extent): ByteSource {
  return {
    size: extent.length,
    read: (at, length) => {
      const wanted = Math.max(0, Math.min(length, extent.length - at));
      const bytes = Buffer.alloc(wanted);
      try {
        const fd = fs.openSync(extent.file, 'r');
        try {
          return bytes.subarray(0, fs.readSync(fd, bytes, 0, wanted, extent.offset + at));
        } finally {
          fs.closeSync(fd);
        }
      } catch {
        return bytes.subarray(0, 0);
      }
    },
  };
}

export function sourceOf(data: BodyData): ByteSource {
  return data.type === 'bytes' ? bytesSource(data.bytes) : extentSource(data.extent);
}
