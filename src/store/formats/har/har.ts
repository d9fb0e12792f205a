import type { ByteSource } from '../../../content/source.js';
import type { FlowId } from '../../../flow/flow.js';
import type { Finished } from '../../../flow/image.js';
import { Damage } from '../tnetstring.js';
import { entryOf } from './export.js';
import { BadEntry, finishedOf } from './import.js';
import { type EntryPlace, entriesIn } from './scan.js';

/*
 * A HAR entry by entry, read and written.
 */

/** An entry that could not be read, or all from there on. */
export interface HarDamage {
  readonly offset: number;
  readonly text: string;
  /** Flows that were read before. */
  readonly flows: number;
}

const BOM = [0xef, 0xbb, 0xbf];

function begin(source: ByteSource): number {
  const bytes = source.read(0, BOM.length);
  return BOM.every((byte, at) => bytes[at] === byte) ? BOM.length : 0;
}

function parsed(source: ByteSource, offset: number, length: number): unknown {
  const bytes = source.read(offset, length);
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch (error) {
    throw new BadEntry(error instanceof Error ? error.message : String(error));
  }
}

/** A flow and where its entry stands. */
export interface HarPlace extends EntryPlace {
  readonly finished: Finished;
}

/** Every flow of a HAR, and where it stands. */
export function* harPlaces(source: ByteSource, onDamage?: (damage: HarDamage) => void): Generator<HarPlace> {
  let [entries, flows] = [0, 0];
  try {
    for (const { offset, length } of entriesIn(source, begin(source))) {
      entries += 1;
      try {
        const finished = finishedOf(parsed(source, offset, length), flows + 1);
        flows += 1;
        yield { offset, length, finished };
      } catch (error) {
        if (!(error instanceof BadEntry)) throw error;
        onDamage?.({ offset, text: `entry ${entries} at byte ${offset}: ${error.message}`, flows });
      }
    }
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    onDamage?.({ offset: error.offset, text: error.message, flows });
  }
}

/** Every flow of a HAR. */
export function* harFlows(source: ByteSource, onDamage?: (damage: HarDamage) => void): Generator<Finished> {
  for (const { finished } of harPlaces(source, onDamage)) yield finished;
}

/** The flow of the entry there. Throws a BadEntry. */
export function harAt(source: ByteSource, offset: number, length: number, id: FlowId): Finished {
  return finishedOf(parsed(source, offset, length), id);
}

export interface HarWriting {
  /** Of sluice. */
  readonly version: string;
  /** Hears, in a sentence, what the format cannot hold. */
  readonly warn: (text: string) => void;
}

/** Makes the text of a HAR piece by piece. */
export class HarWriter {
  private entries = 0;
  private others = 0;

  constructor(private readonly writing: HarWriting) {}

  start(): string {
    const { version } = this.writing;
    return `{"log":{"version":"1.2","creator":{"name":"sluice","version":${JSON.stringify(version)}},"pages":[],"entries":[`;
  }

  /** '' for a flow that HAR cannot hold. */
  flow(finished: Finished): string {
    const entry = entryOf(finished, this.writing.warn);
    if (!entry) {
      this.others += 1;
      return '';
    }
    this.entries += 1;
    return `${this.entries > 1 ? ',' : ''}\n${JSON.stringify(entry)}`;
  }

  end(): string {
    if (this.others > 0)
      this.writing.warn(`${this.others} flows are no HTTP, which is all that HAR holds: they are left out`);
    return '\n]}}\n';
  }
}
