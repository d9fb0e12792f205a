import fs from 'node:fs';
import type { ByteSource } from '../content/source.js';
import { FileFailure } from './failures.js';

/** A file that stays open for many reads. Its size is what it was when it was opened. */
export interface OpenedSource extends ByteSource {
  close(): void;
}

/** Throws what the operating system says, and a FileFailure for what could be read for ever: a device, a pipe. */
export function openSource(path: string): OpenedSource {
  const stat = fs.statSync(path);
  if (!stat.isFile() && !stat.isDirectory()) throw new FileFailure(`${path} is no regular file, so it is not read`);
  const fd = fs.openSync(path, 'r');
  const { size } = fs.fstatSync(fd);
  return {
    size,
    read: (at, length) => {
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - at)));
      return bytes.subarray(0, bytes.length === 0 ? 0 : fs.readSync(fd, bytes, 0, bytes.length, at));
    },
    close: () => fs.closeSync(fd),
  };
}
