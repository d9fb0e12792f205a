const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** No content size, no checksum, a window of 128 KiB. */
const HEADER = Buffer.from([0x00, 7 << 3]);
const BLOCK = 131_072;

function blockHeader(size: number, type: 0 | 1, isLast: boolean): Buffer {
  const value = (size << 3) | (type << 1) | (isLast ? 1 : 0);
  return Buffer.from([value & 0xff, (value >> 8) & 0xff, value >> 16]);
}

/** A Zstandard frame of raw blocks (RFC 8878 3.1.1), since Node 20 cannot write Zstandard. */
export function zstdFrame(plain: Buffer): Buffer {
  const parts: Uint8Array[] = [MAGIC, HEADER];
  for (let at = 0; at < plain.length; at += BLOCK) {
    const block = plain.subarray(at, at + BLOCK);
    parts.push(blockHeader(block.length, 0, at + BLOCK >= plain.length), block);
  }
  return Buffer.concat(parts);
}

/** A frame of that many blocks, four bytes each, that decode to 128 KiB of zeros each. */
export function zstdBomb(blocks: number): Buffer {
  const parts: Uint8Array[] = [MAGIC, HEADER];
  for (let left = blocks; left > 0; left -= 1) parts.push(blockHeader(BLOCK, 1, left === 1), Buffer.from([0]));
  return Buffer.concat(parts);
}
