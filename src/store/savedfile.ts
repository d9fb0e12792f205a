import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { type ByteSource, bytesSource } from '../content/source.js';
import type { Extent } from '../flow/extent.js';
import type { Finished } from '../flow/image.js';
import { FileFailure, failure } from './failures.js';
import { kindOf } from './formats/detect.js';
import { HarWriter, harFlows } from './formats/har/har.js';
import { Dump, type Standing } from './formats/mitmproxy/dump.js';
import { type DumpVersion, type DumpWriting, dumpParts } from './formats/mitmproxy/write.js';
import type { NetPart } from './formats/netwriter.js';
import { type OpenedSource, openSource } from './opened.js';
import { Presence } from './presence.js';

/*
 * Flows in files for people: dumps and HAR.
 */

/** What could not be read; the text is a sentence that names the file. */
export interface FileDamage {
  readonly text: string;
  readonly offset: number;
  /** Flows that were read before. */
  readonly flows: number;
}

/** The most that a compressed file is unpacked to. */
const MOST_UNPACKED = 1024 * 1024 * 1024;

const unpack = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.unzip);

async function unpacked(file: string, source: ByteSource): Promise<ByteSource> {
  try {
    return bytesSource(await unpack(source.read(0, source.size), { maxOutputLength: MOST_UNPACKED }));
  } catch (error) {
    throw new FileFailure(
      `${file} looks compressed, but cannot be unpacked: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/**
 * Every flow of a file of any format (NF-11). Flows before and after damage are there; it is told. Large bodies are left
 * in the file. Throws a FileFailure where there is nothing to read.
 */
export async function* readFlows(file: string, onDamage: (damage: FileDamage) => void): AsyncGenerator<Finished> {
  const opened = attempt(file, () => openSource(file));
  try {
    const isPacked = kindOf(opened) === 'compressed';
    const source = isPacked ? await unpacked(file, opened) : opened;
    const tell = (damage: FileDamage): void => onDamage({ ...damage, text: `${file}: ${damage.text}` });
    const kind = kindOf(source);
    if (kind === 'har') yield* harFlows(source, tell);
    else if (kind === 'dump') yield* new Dump(source, { ...(isPacked ? {} : { file }), onDamage: tell }).flows();
    else if (kind !== 'empty')
      throw new FileFailure(`${file} holds no flows that sluice can read: it is neither a dump of mitmproxy nor a HAR`);
  } catch (error) {
    throw failure(file, 'read', error);
  } finally {
    opened.close();
  }
}

function attempt<Result>(file: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw failure(file, 'read', error);
  }
}

export interface Saving {
  readonly format: 'mitm' | 'har';
  /** Of a dump: 17, which mitmproxy 8.1 and later read, or 21. */
  readonly version?: DumpVersion;
  /** Puts the flows behind those that are in the dump. */
  readonly append?: boolean;
  /** The version of sluice, for a HAR. */
  readonly program?: string;
}

export interface Saved {
  readonly flows: number;
  /** What the format cannot hold, each once, in sentences. */
  readonly warnings: readonly string[];
}

/** What can be written: a flow, or for a dump of one version how it stands in another of the same. */
export type Writable = Finished | Standing;
type Flows = Iterable<Writable> | AsyncIterable<Writable>;

const PIECE = 262_144;

/** The bytes of an extent. Throws where they are not there any more: a length before them has been written. */
function* bytesOf(source: ByteSource, { file, offset, length }: Extent): Generator<Uint8Array> {
  for (let at = 0; at < length; ) {
    const bytes = source.read(offset + at, Math.min(PIECE, length - at));
    if (bytes.length === 0) throw new FileFailure(`a body in ${file} is gone, so nothing was saved`);
    at += bytes.length;
    yield bytes;
  }
}

/** Parts of one file often follow one another: it is opened once for them. */
function* inPieces(parts: readonly NetPart[]): Generator<Uint8Array> {
  let file = '';
  let source: OpenedSource | null = null;
  try {
    for (const part of parts) {
      if (part instanceof Uint8Array) {
        yield part;
        continue;
      }
      if (!source || file !== part.file) {
        source?.close();
        source = null;
        source = openSource(part.file);
        file = part.file;
      }
      yield* bytesOf(source, part);
    }
  } finally {
    source?.close();
  }
}

/** Few large pieces of many small ones. */
async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    size += piece.length;
    if (size < PIECE) continue;
    yield Buffer.concat(waiting, size);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting, size);
}

/** Turns flows into bytes, and counts. */
class Encoder {
  flows = 0;
  readonly warnings = new Set<string>();
  private readonly warn = (text: string): void => void this.warnings.add(text);
  private readonly presence = new Presence();

  constructor(private readonly saving: Saving) {}

  async *dump(flows: Flows): AsyncGenerator<Uint8Array> {
    const { version = 17 } = this.saving;
    const writing = { version, warn: this.warn, given: new Set<string>() };
    for await (const flow of flows) {
      if ('source' in flow) yield* this.again(flow, writing);
      else yield* inPieces(dumpParts(this.present(flow), writing));
      this.flows += 1;
    }
  }

  private present(flow: Finished): Finished {
    return this.presence.of(flow, this.warn);
  }

  /** As it stands, unless its id was given before. */
  private again(flow: Standing, writing: DumpWriting): Iterable<Uint8Array> {
    const { name, source, offset, length } = flow;
    if (name === null || writing.given?.has(name)) {
      const finished = new Dump(source).flow({ offset, handshake: null }, 0);
      return inPieces(dumpParts(finished, writing));
    }
    writing.given?.add(name);
    return bytesOf(source, { file: '', offset, length, growing: false });
  }

  async *har(flows: Flows): AsyncGenerator<Uint8Array> {
    const writer = new HarWriter({ version: this.saving.program ?? '', warn: this.warn });
    yield Buffer.from(writer.start());
    for await (const finished of flows) {
      if ('source' in finished) continue; // for dumps alone
      const text = writer.flow(this.present(finished));
      if (text !== '') this.flows += 1;
      yield Buffer.from(text);
    }
    yield Buffer.from(writer.end());
  }

  bytes(flows: Flows): AsyncGenerator<Uint8Array> {
    return gathered(this.saving.format === 'har' ? this.har(flows) : this.dump(flows));
  }
}

const SECRET = 0o600;

async function replace(file: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}`);
  try {
    const to = fs.createWriteStream(beside, { mode: SECRET, flags: 'wx', flush: true });
    const packing = file.endsWith('.zhar') ? [zlib.createDeflate()] : [];
    await pipeline([Readable.from(bytes, { objectMode: true }), ...packing, to]);
    await fs.promises.rename(beside, file);
  } catch (error) {
    await fs.promises.rm(beside, { force: true });
    throw error;
  }
}

/** Behind what is there; as it was if that fails. */
async function append(file: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await fs.promises.open(file, 'a+', SECRET);
  const { size } = await handle.stat();
  try {
    checkDump(file, size);
    for await (const piece of bytes) await handle.appendFile(piece);
    await handle.sync();
  } catch (error) {
    await handle.truncate(size);
    throw error;
  } finally {
    await handle.close();
  }
}

function checkDump(file: string, size: number): void {
  if (size === 0) return;
  const source = openSource(file);
  try {
    if (kindOf(source) !== 'dump')
      throw new FileFailure(`${file} is no dump of mitmproxy, so flows cannot be put behind it`);
    const broken = new Dump(source).brokenAt();
    if (broken !== null)
      throw new FileFailure(`${file} breaks off at byte ${broken}, so flows that are put behind it could not be read`);
  } finally {
    source.close();
  }
}

const MOST_LINKS = 40;

/** Where a file really is, behind links. Throws a FileFailure for a device or a pipe, which nothing is to be put in place of. */
function placeOf(file: string): string {
  let place = file;
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const stat = fs.lstatSync(place, { throwIfNoEntry: false });
    if (!stat || stat.isFile() || stat.isDirectory()) return place;
    if (!stat.isSymbolicLink()) throw new FileFailure(`${file} is no regular file, so nothing is written to it`);
    place = path.resolve(path.dirname(place), fs.readlinkSync(place));
  }
  throw new FileFailure(`${file} is a link that leads to itself`);
}

/**
 * Writes flows to a file, which only its owner can read (mode 0600). It is written beside and then put in its place, so
 * that a failure leaves the old one, or behind a link its target; bodies that were left in the old one are in it no more. Throws a FileFailure.
 */
export async function writeFlows(file: string, flows: Flows, saving: Saving): Promise<Saved> {
  const encoder = new Encoder(saving);
  if (saving.append && saving.format === 'har')
    throw new FileFailure(`${file}: flows cannot be put behind those of a HAR, only of a dump`);
  try {
    await (saving.append ? append : replace)(placeOf(file), encoder.bytes(flows));
  } catch (error) {
    throw failure(file, 'written', error);
  }
  return { flows: encoder.flows, warnings: [...encoder.warnings] };
}
