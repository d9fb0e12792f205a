import fs from 'node:fs';
import type { BodyData } from '../flow/extent.js';

/** The same bytes with the methods of a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The bytes of a body, read from its file where they are there. Null stays null. */
export function readBody(data: BodyData | null): Buffer | null {
  if (!data || data.type === 'bytes') return data && asBuffer(data.bytes);
  const { file, offset, length } = data.extent;
  const bytes = Buffer.alloc(length);
  const fd = fs.openSync(file, 'r');
  try {
    for (let at = 0; at < length; ) {
      const count = fs.readSync(fd, bytes, at, length - at, offset + at);
      if (count === 0) throw new Error('the recorded body is shorter than it should be');
      at += count;
    }
  } finally {
    fs.closeSync(fd);
  }
  return bytes;
}
