import fs from 'node:fs';
import type { ByteSource } from '../content/source.js';
import type { FlowId } from '../flow/flow.js';
import type { Finished } from '../flow/image.js';
import { rowOf } from '../flow/picture.js';
import type { FlowRow } from '../flow/row.js';
import { FileFailure, failure } from './failures.js';
import { kindOf } from './formats/detect.js';
import { harAt, harPlaces } from './formats/har/har.js';
import { Dump, type Standing } from './formats/mitmproxy/dump.js';
import { Numbers } from './numbers.js';
import { openSource } from './opened.js';
import type { FileDamage } from './savedfile.js';

interface Place {
  readonly offset: number;
  readonly length: number;
  /** Where the flow stands that it was asked for in, for websockets of old dumps. */
  readonly handshake: number | null;
}

/** A flow that was found in a file: its row has no number yet. */
export interface Found extends Place {
  readonly row: FlowRow;
}

/** Reads flows of a file of one format by where they stand. */
interface Format {
  find(onDamage: (damage: FileDamage) => void): Iterable<Found>;
  read(offset: number, length: number, handshake: number | null, id: FlowId): Finished;
  standing(offset: number, length: number, version: number): Standing | null;
}

function dumpFormat(source: ByteSource, file: string): Format {
  const dump = new Dump(source, { file });
  return {
    find: (onDamage) => new Dump(source, { file, onDamage }).index(),
    read: (offset, _length, handshake, id) => dump.flow({ offset, handshake }, id),
    standing: (offset, length, version) => dump.standing({ offset, length }, version),
  };
}

function harFormat(source: ByteSource): Format {
  return {
    *find(onDamage) {
      for (const { offset, length, finished } of harPlaces(source, onDamage))
        yield { offset, length, handshake: null, row: rowOf(finished) };
    },
    read: (offset, length, _handshake, id) => harAt(source, offset, length, id),
    standing: () => null,
  };
}

/** A file that stays open, and where in it each of its flows stands. Nothing of the flows themselves is kept. */
export class IndexedFile {
  private readonly ids = new Numbers();
  private readonly offsets = new Numbers();
  private readonly lengths = new Numbers();
  /** Few flows have one. */
  private readonly handshakes = new Map<number, number>();

  private constructor(
    readonly path: string,
    /** In bytes, and in milliseconds since 1970, as it was opened. */
    readonly size: number,
    readonly changedAt: number,
    private readonly format: Format,
    readonly close: () => void,
  ) {}

  /** Null for a file that must be read as a whole: one that is compressed. Throws a FileFailure. */
  static open(path: string): IndexedFile | null {
    try {
      const source = openSource(path);
      const format = formatOf(path, source);
      const { mtimeMs } = fs.statSync(path);
      if (format) return new IndexedFile(path, source.size, mtimeMs, format, () => source.close());
      source.close();
      return null;
    } catch (error) {
      throw failure(path, 'read', error);
    }
  }

  /** Every flow, in file order. Throws a FileFailure. */
  *find(onDamage: (damage: FileDamage) => void): Generator<Found> {
    try {
      yield* this.format.find((damage) => onDamage({ ...damage, text: `${this.path}: ${damage.text}` }));
    } catch (error) {
      throw failure(this.path, 'read', error);
    }
  }

  /** Ids ascend. */
  add({ offset, length, handshake }: Found, id: FlowId): void {
    if (handshake !== null) this.handshakes.set(this.ids.length, handshake);
    this.ids.push(id);
    this.offsets.push(offset);
    this.lengths.push(length);
  }

  get length(): number {
    return this.ids.length;
  }

  idAt(index: number): FlowId {
    return this.ids.at(index) as FlowId;
  }

  has(id: FlowId): boolean {
    return this.ids.indexOf(id) >= 0;
  }

  /** Throws a FileFailure where the file is not what it was. */
  read(id: FlowId): Finished {
    const index = this.ids.indexOf(id);
    const handshake = this.handshakes.get(index) ?? null;
    return this.look({ offset: this.offsets.at(index), length: this.lengths.at(index), handshake }, id);
  }

  /** The flow as it stands here, if this is a dump of that version. Throws a FileFailure. */
  standing(id: FlowId, version: number): Standing | null {
    const index = this.ids.indexOf(id);
    const offset = this.offsets.at(index);
    return this.tried(offset, () => this.format.standing(offset, this.lengths.at(index), version));
  }

  /** The flow that was found there. Throws a FileFailure where the file is not what it was. */
  look({ offset, length, handshake }: Place, id = 0 as FlowId): Finished {
    return this.tried(offset, () => this.format.read(offset, length, handshake, id));
  }

  private tried<Result>(offset: number, read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new FileFailure(`${this.path}: the flow at byte ${offset} cannot be read: ${why}`);
    }
  }
}

function formatOf(path: string, source: ByteSource): Format | null {
  const kind = kindOf(source);
  switch (kind) {
    case 'dump':
      return dumpFormat(source, path);
    case 'har':
      return harFormat(source);
    case 'compressed':
    case 'empty':
    case 'unknown':
      return null;
  }
}
