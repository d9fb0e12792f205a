import fs from 'node:fs';
import path from 'node:path';
import type { BodyData, Extent } from '../flow/extent.js';
import type { Spool, SpoolFile } from './spool.js';

/** Bodies up to this many bytes stay in memory. */
export const IN_MEMORY = 65_536;

/** What was recorded of one body: in memory while it is small, then in a file of the spool. */
export class Recording {
  private parts: Uint8Array[] = [];
  private file: SpoolFile | null = null;
  private growing = true;
  private users = 1;
  /** Where the bytes are, for a recording that was there before: a file that is not ours to write. */
  private outside: Extent | null = null;
  private givenFailure: string | null = null;
  /** Bytes in memory, and those of them that count for the spool. */
  private held = 0;
  private counted = 0;
  size = 0;

  constructor(private readonly spool: Spool) {}

  add(bytes: Uint8Array): void {
    this.size += bytes.length;
    if (this.spool.hasRoom && !this.takesRoom(bytes.length, this.spool.hasRoom)) return;
    if (this.givenFailure !== null) return;
    if (!this.file && !this.spool.hasRoom && this.size > IN_MEMORY) this.spill();
    if (this.givenFailure !== null) return;
    if (this.file) return this.file.append(bytes);
    this.parts.push(bytes);
    this.held += bytes.length;
  }

  /** Where there are no files, memory has an end. */
  private takesRoom(bytes: number, hasRoom: (bytes: number) => boolean): boolean {
    if (this.givenFailure === null && !hasRoom(bytes)) this.givenFailure = 'body_memory is used up';
    if (this.givenFailure !== null) return false;
    this.counted += bytes;
    this.spool.counted(bytes);
    return true;
  }

  /** Its bytes are elsewhere too by now, where they count. */
  settled(): void {
    this.spool.counted(-this.counted);
    this.counted = 0;
  }

  /** Why the recording is not whole, or null. */
  get failure(): string | null {
    return this.file?.failure ?? this.givenFailure;
  }

  /** The disk cannot keep up: the sender should pause until `relieved`. */
  get isBehind(): boolean {
    return this.file?.isBehind ?? false;
  }

  relieved(done: () => void): void {
    if (this.file) this.file.relieved(done);
    else done();
  }

  /** Bytes that can be read back. */
  get kept(): number {
    return this.file?.written ?? this.outside?.length ?? this.held;
  }

  end(): void {
    this.growing = false;
    this.file?.close();
  }

  /** More follows after all. */
  reopen(): void {
    this.growing = true;
    if (this.outside) this.file = this.spool.continued(this.outside);
    else this.file?.reopen();
    this.outside = null;
  }

  /** Its bytes are in a file that is not ours to write; there may have been more of them. */
  refer(extent: Extent, size = extent.length, failure: string | null = null): void {
    this.outside = extent;
    this.size = size;
    this.givenFailure = failure;
    this.growing = false;
  }

  /** Its bytes are these. */
  hold(bytes: Uint8Array, failure: string | null): void {
    this.parts = bytes.length > 0 ? [bytes] : [];
    this.size = bytes.length;
    this.held = bytes.length;
    this.givenFailure = failure;
    this.growing = false;
  }

  /** The file in the session's own folder that its bytes are in, or null; those of sessions taken in stay with them. */
  get ownFile(): string | null {
    const file = this.file?.file ?? this.outside?.file;
    return file !== undefined && path.dirname(file) === this.spool.folder ? file : null;
  }

  get isInFile(): boolean {
    return this.file !== null || this.outside !== null;
  }

  /** Not all of it can be read back yet. */
  get isSettling(): boolean {
    return this.file?.isBusy ?? false;
  }

  /** Its bytes from that one on; none where they are in a file. */
  since(from: number): Uint8Array {
    return this.file || this.outside ? NOTHING : this.joined().subarray(from);
  }

  erase(): void {
    this.settled();
    this.outside = null;
    this.parts = [];
    this.held = 0;
    this.file?.erase();
    this.file = null;
    this.growing = false;
    this.size = 0;
  }

  /** Another flow uses it too. */
  share(): void {
    this.users += 1;
  }

  /** A flow that used it is gone; with the last one its file goes. */
  release(): void {
    this.users -= 1;
    if (this.users === 0) this.erase();
  }

  contents(): BodyData {
    if (this.outside) return { type: 'extent', extent: this.outside };
    if (!this.file) return { type: 'bytes', bytes: this.joined() };
    const { file, written } = this.file;
    return { type: 'extent', extent: { file, offset: 0, length: written, growing: this.growing } };
  }

  /** Where all of it will be once it is written. */
  final(): BodyData {
    const data = this.contents();
    if (data.type === 'bytes' || !this.file || this.failure !== null) return data;
    return { type: 'extent', extent: { ...data.extent, length: this.size } };
  }

  /** Hands over the whole body piece by piece; each time `take` calls `more` when it can go on. */
  read(take: Take, done: (failure: string | null) => void): void {
    const { file, outside } = this;
    if (outside) return readFile(outside.file, outside.offset, outside.length, take, done);
    if (!file) {
      if (this.size > 0) take(this.joined(), () => done(null));
      else done(null);
      return;
    }
    file.flushed(() => {
      if (file.failure !== null) done(file.failure);
      else readFile(file.file, 0, this.size, take, done);
    });
  }

  /** Calls back once all that was recorded can be read. */
  ready(done: () => void): void {
    if (this.file) this.file.flushed(done);
    else done();
  }

  /** Null where the disk refuses: what is in memory stays, and no more comes to it. */
  private opened(): SpoolFile | null {
    try {
      return this.spool.open();
    } catch (error) {
      this.givenFailure = `the disk refused it: ${(error as Error).message}`;
      return null;
    }
  }

  private joined(): Uint8Array {
    const [only] = this.parts;
    if (this.parts.length === 1 && only) return only;
    const whole = Buffer.concat(this.parts);
    this.parts = [whole];
    return whole;
  }

  private spill(): void {
    const file = this.opened();
    if (!file) return;
    for (const part of this.parts) file.append(part);
    this.parts = [];
    this.held = 0;
    this.file = file;
  }
}

const NOTHING = new Uint8Array();

type Take = (bytes: Uint8Array, more: () => void) => void;

function readFile(
  file: string,
  start: number,
  length: number,
  take: Take,
  done: (failure: string | null) => void,
): void {
  if (length === 0) return done(null);
  const stream = fs.createReadStream(file, { start, end: start + length - 1, highWaterMark: 262_144 });
  stream.on('data', (bytes) => {
    stream.pause();
    take(bytes as Buffer, () => stream.resume());
  });
  stream.on('error', (error) => done(error.message));
  stream.on('end', () => done(null));
}

/** A recording of what is there already: bytes, or a part of a file that stays where it is. */
export function recordingFrom(data: BodyData, spool: Spool): Recording {
  if (data.type === 'bytes') return recordingOf(data.bytes, spool);
  const recording = new Recording(spool);
  recording.refer(data.extent);
  return recording;
}

/** A recording of bytes that are there already. */
export function recordingOf(bytes: Uint8Array, spool: Spool): Recording {
  const recording = new Recording(spool);
  if (bytes.length > 0) recording.add(bytes);
  recording.end();
  return recording;
}
