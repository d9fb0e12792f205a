import { now } from '../flow/clock.js';
import type { FlowId } from '../flow/flow.js';
import { stateIn } from '../journal/decode.js';
import { pack, packedLength, writePacked } from '../journal/lines.js';
import { type LoadedRun, packRun } from '../journal/loaded.js';
import { type Place, Places } from '../journal/places.js';
import type { FlowState } from '../journal/state.js';
import { packWhole } from '../journal/whole.js';
import type { FileCommand, SessionStanding } from '../protocol.js';
import { BodyFiles } from './bodyfiles.js';
import { Entry } from './entry.js';
import { LiveJournal } from './livejournal.js';
import { type RecordMaker, recordFrom, stateOf } from './memento.js';
import type { LiveMessage } from './message.js';
import type { Recording } from './recording.js';
import { type Packed, packedBytes, Segments, type SegmentsSettings } from './segments.js';
import { SharedObjects } from './shared.js';
import type { Record, Shelf } from './shelf.js';
import type { Spool } from './spool.js';
import { StandingFile } from './standing.js';

/** Milliseconds between two writes to the disk. */
const BEAT = 100;

type JournalNews = Extract<FileCommand, { readonly type: 'session' | 'places' | 'segment' | 'taken-in' }>;

const NOTHING = new Uint8Array();
const NOBODY = { flows: 0, bytes: 0 };

/**
 * The flows of the session: those that are over as records in segments, which are on the disk within a fifth of a
 * second, and of those under way what has come of them.
 */
export class Journal implements Shelf {
  /** Those whose bodies are still being written. */
  private readonly settling = new Map<FlowId, Record>();
  private readonly segments: Segments;
  private readonly shared: SharedObjects;
  private readonly live: LiveJournal;
  private readonly files: BodyFiles;
  private readonly standingFile: StandingFile;
  private readonly timer: NodeJS.Timeout;
  readonly places: Places;
  /** How many flows there are. */
  private count = 0;
  /** What a session has that is being taken in; its bytes stay in its own files. */
  private coming = NOBODY;
  private takenIn: ReadonlyMap<number, string> = new Map();

  constructor(
    private readonly settings: SegmentsSettings,
    private readonly spool: Spool,
    private readonly make: RecordMaker,
    private readonly underWay: () => readonly Record[],
    nextId: () => number,
  ) {
    this.places = new Places((number, block) => this.heard({ type: 'places', number, block }));
    this.segments = new Segments(settings, (number, memory) => this.heard({ type: 'segment', number, memory }));
    this.shared = new SharedObjects(this.segments);
    this.files = new BodyFiles((bytes) => spool.counted(-bytes));
    this.live = new LiveJournal(this.segments, this.shared, settings.folder);
    this.standingFile = new StandingFile(settings.folder, () => ({
      flows: this.count + this.settling.size + underWay().length + this.coming.flows,
      bytes: this.bytes + this.coming.bytes,
      nextId: nextId(),
      nextSegment: this.segments.nextNumber,
    }));
    this.timer = setInterval(() => this.beat(), BEAT).unref();
  }

  /** Hears what another thread has to know to read the flows. */
  heard = (_news: JournalNews): void => {};

  /** Called ten times a second. */
  beaten = (): void => {};

  /** Whether it is on the disk. */
  get keeps(): boolean {
    return this.settings.keeps;
  }

  /** Bytes of everything, on the disk or else in memory. */
  get bytes(): number {
    return this.segments.bytes + this.spool.bytes;
  }

  /** Bytes that wait for a disk that takes no more. */
  get refusedBytes(): number {
    return this.segments.refusedBytes;
  }

  /** The first flow behind that one which is over, or null. */
  after(id: FlowId): FlowId | null {
    return this.places.after(id);
  }

  /** All that was to be heard up to now. */
  *news(): Generator<JournalNews> {
    yield { type: 'session', folder: this.folder };
    yield { type: 'taken-in', segments: this.takenIn };
    for (const [number, block] of this.places.all()) yield { type: 'places', number, block };
    for (const [number, memory] of this.segments.held()) yield { type: 'segment', number, memory };
  }

  get folder(): string {
    return this.settings.folder;
  }

  /**
   * A session with so much in it is about to be taken in, or none after all. Calls back once the folder says so: from
   * then on it is not empty, whenever it ends.
   */
  expect(coming: Pick<SessionStanding, 'flows' | 'bytes'> | null, done: () => void): void {
    this.coming = coming ?? NOBODY;
    this.standingFile.end(done);
  }

  /** All of it has come. */
  arrived(): void {
    this.coming = { flows: 0, bytes: this.coming.bytes };
  }

  /** Segments of another session are in its folder now, and stay. */
  takeIn(segments: ReadonlyMap<number, string>): void {
    for (const [number, folder] of segments) this.segments.adopt(number, folder);
    this.takenIn = segments;
  }

  /** A flow has its record there. */
  place(id: FlowId, place: Place): void {
    if (this.has(id)) return;
    this.places.put(id, place);
    this.count += 1;
  }

  /** A flow that is only in words yet; names of files in it are whole paths. */
  bring(state: FlowState): Record {
    const record = recordFrom(state, this.settings.folder, this.spool, this.make);
    this.put(record);
    return record;
  }

  put(record: Record): void {
    this.live.forget(record.id);
    const recordings = recordingsOf(record);
    const busy = recordings.find(({ isSettling }) => isSettling);
    if (!busy) return this.write(record, recordings);
    this.settling.set(record.id, record);
    busy.ready(() => {
      if (this.settling.get(record.id) === record) this.put(record);
    });
  }

  get(id: FlowId): Record | undefined {
    const settling = this.settling.get(id);
    if (settling) return settling;
    const place = this.places.get(id);
    return place === null ? undefined : this.at(place);
  }

  has(id: FlowId): boolean {
    return this.settling.has(id) || this.places.get(id) !== null;
  }

  /** It is not listed any more; whoever retained its standing can put it back. */
  remove(id: FlowId): void {
    const settling = this.settling.get(id);
    if (settling) this.write(settling);
    const wasRunning = this.live.forget(id);
    const place = this.places.get(id);
    if (place !== null) {
      this.places.put(id, null);
      this.count -= 1;
      this.release(place);
    }
    if (place !== null || wasRunning) this.segments.add('removed', id, NOTHING);
  }

  /** A flow that was left in its file is deleted, or not after all. */
  note(type: 'removed' | 'back', id: FlowId): void {
    this.segments.add(type, id, NOTHING);
  }

  /** Flows were left in their file. */
  loaded(run: LoadedRun): void {
    this.segments.add('loaded', 0, packRun(run));
  }

  ids(): FlowId[] {
    const kept = this.places.ids();
    return [...kept, ...[...this.settling.keys()].filter((id) => this.places.get(id) === null)];
  }

  /** Where the flow's record is, which stays readable until it is released. */
  retain(id: FlowId): Place | null {
    const settling = this.settling.get(id);
    if (settling) this.write(settling);
    const place = this.places.get(id);
    if (place !== null) this.segments.retain(place);
    if (place !== null) this.files.retain(place);
    return place;
  }

  release(place: Place | null): void {
    if (place === null) return;
    this.segments.release(place);
    this.files.release(place);
  }

  /** The flow as a record has it. */
  recall(place: Place): Record | undefined {
    return this.at(place);
  }

  /** Calls back once all that is over is on the disk, or cannot be. */
  flush(done: () => void): void {
    this.segments.flush(done);
  }

  stop(done: () => void): void {
    clearInterval(this.timer);
    if (this.settings.keeps) this.live.sweep(this.underWay(), Number.POSITIVE_INFINITY);
    const bodies = [...this.settling.values()].flatMap(recordingsOf);
    for (const record of [...this.settling.values()]) this.write(record);
    this.segments.flush(() => {
      if (this.settings.keeps) this.standingFile.end(() => allReady(bodies, done));
      else done();
    });
  }

  private beat(): void {
    if (this.settings.keeps) {
      this.live.sweep(this.underWay(), now());
      this.segments.write();
      this.standingFile.keep();
    }
    this.beaten();
  }

  private at(place: Place): Record | undefined {
    const placed = this.segments.read(place);
    const state = placed && stateIn(placed.record, this.shared);
    return state ? recordFrom(state, placed.folder, this.spool, this.make) : undefined;
  }

  private write(record: Record, recordings = recordingsOf(record)): void {
    const { id } = record;
    this.settling.delete(id);
    const before = this.places.get(id);
    const place = this.append(record);
    this.places.put(id, place);
    this.files.add(place, recordings);
    if (!this.settings.keeps) for (const recording of recordings) recording.settled();
    if (before === null) this.count += 1;
    else this.release(before);
  }

  private append(record: Record): Place {
    return this.segments.append(record.id, () => this.pack(record));
  }

  private pack(record: Record): Packed {
    const lines = record instanceof Entry && isOrdinary(record) ? pack(record, this.shared) : null;
    if (!lines) return packedBytes('whole', packWhole(stateOf(record, this.settings.folder), this.shared));
    return { type: 'lines', length: packedLength(lines), fill: (bytes, start) => writePacked(lines, bytes, start) };
  }
}

function recordingsOf(record: Record): readonly Recording[] {
  const { conversation } = record;
  const messages = record instanceof Entry ? record.recordings() : [];
  return conversation ? [conversation.recording, ...messages] : messages;
}

function allReady([first, ...others]: readonly Recording[], done: () => void): void {
  if (first) first.ready(() => allReady(others, done));
  else done();
}

/** It has nothing that an exchange seldom has. */
function isOrdinary(entry: Entry): boolean {
  const { request, response } = entry;
  if (entry.hasChanged || entry.error || entry.notes.length > 0 || entry.conversation) return false;
  if (!isWell(request) || (response && !isWell(response))) return false;
  for (const _ in entry.metadata) return false;
  return entry.comment === '';
}

function isWell({ malformed, cut, arrivals, recording }: LiveMessage<unknown>): boolean {
  return malformed === null && cut === null && arrivals === null && (recording?.failure ?? null) === null;
}
