import fs from 'node:fs';
import { bytesSource } from '../../src/content/source.js';
import type { Finished, FlowImage, PassageImage } from '../../src/flow/image.js';
import { Dump, type DumpDamage } from '../../src/store/formats/mitmproxy/dump.js';
import { type DumpVersion, dumpParts } from '../../src/store/formats/mitmproxy/write.js';
import type { NetPart } from '../../src/store/formats/netwriter.js';

/*
 * Flows as they stand in files, for tests.
 */

export function partBytes(part: NetPart): Uint8Array {
  if (part instanceof Uint8Array) return part;
  return fs.readFileSync(part.file).subarray(part.offset, part.offset + part.length);
}

export interface Dumped {
  readonly bytes: Buffer;
  readonly warnings: readonly string[];
}

export function dumped(flows: readonly Finished[], version: DumpVersion): Dumped {
  const warnings: string[] = [];
  const parts = flows.flatMap((flow) => dumpParts(flow, { version, warn: (text) => warnings.push(text) }));
  return { bytes: Buffer.concat(parts.map(partBytes)), warnings };
}

export interface Undumped {
  readonly flows: readonly Finished[];
  readonly damage: readonly DumpDamage[];
}

export function undumped(bytes: Uint8Array): Undumped {
  const damage: DumpDamage[] = [];
  return { flows: [...new Dump(bytesSource(bytes), { onDamage: (one) => damage.push(one) }).flows()], damage };
}

function plainFlow<Flow extends FlowImage | PassageImage>({ foreign: _foreign, ...flow }: Flow) {
  return flow;
}

/** Without what a file said besides. */
export function plainOf({ flow, talk }: Finished) {
  return { flow: plainFlow(flow), talk };
}
