import type { ByteSource } from '../../../content/source.js';
import { sourceOf } from '../../../content/source.js';
import type { FlowId } from '../../../flow/flow.js';
import type { Finished } from '../../../flow/image.js';
import { rowOf } from '../../../flow/picture.js';
import type { FlowRow } from '../../../flow/row.js';
import { NetReader, type NetReading } from '../netreader.js';
import { Damage, type Far, type NetMap, type NetValue } from '../tnetstring.js';
import type { Certificates } from './connection.js';
import { finishedOf } from './flow.js';
import { handshakeId, joined } from './middle.js';
import { isBefore, JOINED, migrate } from './migrate.js';
import { type Find, quickRow, ROW_PLAN } from './row.js';
import { isMap, NEWEST, numberAt, textAt, Unreadable } from './state.js';

/*
 * A dump is flows one after the other, with nothing around them (NF-01).
 */

/** Where a flow stands in a dump. */
export interface DumpPlace {
  readonly offset: number;
  readonly length: number;
  /** Where the flow stands that a websocket of an old format was asked for in; null for any other flow. */
  readonly handshake: number | null;
}

/** A flow as it stands in a dump. */
export interface Standing {
  /** Its id, or null. */
  readonly name: string | null;
  readonly source: ByteSource;
  readonly offset: number;
  readonly length: number;
}

export interface DumpEntry extends DumpPlace {
  readonly row: FlowRow;
}

/** What could not be read: one flow, or all from there on. */
export interface DumpDamage {
  readonly offset: number;
  readonly text: string;
  /** Flows that were read before. */
  readonly flows: number;
}

export interface DumpReading {
  /** The file of the source: large bodies are left in it. */
  readonly file?: string;
  readonly onDamage?: (damage: DumpDamage) => void;
}

/** What a flow must have to be told from a value of anything else. */
function stateIn(value: NetValue, offset: number): NetMap {
  if (!isMap(value) || !value.has('version')) throw new Unreadable(`what stands at byte ${offset} is no flow`);
  return value;
}

function readingOf(file: string | undefined): NetReading {
  return file === undefined ? {} : { file };
}

const ROW_READING: NetReading = { file: '', inline: 4096, plan: ROW_PLAN };

const UNNAMED = ['client_conn', 'server_conn', 'backup', 'metadata', 'request', 'response', 'websocket', 'messages'];
const NAME_READING: NetReading = { file: '', plan: new Map(UNNAMED.map((key) => [key, 'skip'])) };

/** Websockets of old formats name the flow of their handshake by its id. */
class Handshakes {
  private readonly offsets = new Map<string, number>();

  /** Remembers the flow if it is one, and finds that of a websocket. */
  of(state: NetMap, offset: number): number | null {
    if (!isBefore(state, JOINED)) return null;
    const wanted = handshakeId(state);
    if (wanted !== null) return this.taken(wanted);
    const id = textAt(state, 'id');
    if (id !== null) this.offsets.set(id, offset);
    return null;
  }

  /** A handshake belongs to the first websocket that names it. */
  private taken(id: string): number | null {
    const offset = this.offsets.get(id) ?? null;
    this.offsets.delete(id);
    return offset;
  }
}

/** Reads the flows of one dump. */
export class Dump {
  private readonly reader: NetReader;
  private readonly rows: NetReader;
  private readonly names: NetReader;
  private readonly certificates: Certificates = new Map();
  private count = 0;
  private readonly find: Find;

  constructor(
    private readonly source: ByteSource,
    private readonly reading: DumpReading = {},
  ) {
    this.reader = new NetReader(source, readingOf(reading.file));
    this.rows = new NetReader(source, ROW_READING);
    this.names = new NetReader(source, NAME_READING);
    this.find = (list, names) => this.rows.find(list, names);
  }

  /** Every flow and its row, without its body being read. */
  *index(): Generator<DumpEntry> {
    const handshakes = new Handshakes();
    this.count = 0;
    for (const [offset, end] of this.places()) {
      const entry = this.attempt(offset, () => this.entry(offset, end - offset, this.count + 1, handshakes));
      if (!entry) continue;
      this.count += 1;
      yield entry;
    }
  }

  /** Every flow. */
  *flows(): Generator<Finished> {
    const handshakes = new Handshakes();
    this.count = 0;
    for (const [offset] of this.places()) {
      const finished = this.attempt(offset, () => {
        const state = stateIn(this.reader.read(offset).value, offset);
        return this.finished(state, handshakes.of(state, offset), this.count + 1);
      });
      if (!finished) continue;
      this.count += 1;
      yield finished;
    }
  }

  /** Where the first flow begins that is not whole, or null: what is written behind it could not be read. */
  brokenAt(): number | null {
    const reader = new NetReader(this.source, { chunk: 64 });
    for (let at = 0; at < this.source.size; ) {
      try {
        at = reader.step(at);
      } catch (error) {
        if (error instanceof Damage) return at;
        throw error;
      }
    }
    return null;
  }

  /** The flow there as it stands, if it is of that version. Throws a Damage or an Unreadable. */
  standing({ offset, length }: Pick<DumpPlace, 'offset' | 'length'>, version: number): Standing | null {
    const { value, end } = this.names.read(offset);
    const state = stateIn(value, offset);
    if (end !== offset + length || numberAt(state, 'version') !== version) return null;
    return { name: textAt(state, 'id'), source: this.source, offset, length };
  }

  /** The flow there. Throws a Damage or an Unreadable. */
  flow({ offset, handshake }: Pick<DumpPlace, 'offset' | 'handshake'>, id: number): Finished {
    return this.finished(stateIn(this.reader.read(offset).value, offset), handshake, id);
  }

  private finished(read: NetMap, handshake: number | null, id: number): Finished {
    const state = migrate(this.whole(read, handshake));
    const load = (far: Far): Uint8Array => sourceOf({ type: 'extent', extent: far.extent }).read(0, far.extent.length);
    return finishedOf(state, { id: id as FlowId, certificates: this.certificates, load });
  }

  /** A websocket of an old format with the flow of its handshake. */
  private whole(state: NetMap, handshake: number | null): NetMap {
    if (!isBefore(state, JOINED)) return state;
    if (handshakeId(state) === null && textAt(state, 'type') !== 'websocket') return state;
    const asked = handshake === null ? null : stateIn(this.reader.read(handshake).value, handshake);
    return joined(migrate(state, JOINED - 1), asked && migrate(asked, JOINED - 1));
  }

  private entry(offset: number, length: number, id: number, handshakes: Handshakes): DumpEntry {
    const state = stateIn(this.rows.read(offset).value, offset);
    if (!isBefore(state, JOINED)) {
      if (!isBefore(state, NEWEST + 1)) migrate(state);
      const row = quickRow(state, id as FlowId, this.find);
      if (row) return { offset, length, handshake: null, row };
    }
    const whole = stateIn(this.reader.read(offset).value, offset);
    const handshake = handshakes.of(whole, offset);
    return { offset, length, handshake, row: rowOf(this.finished(whole, handshake, id)) };
  }

  /** Where values begin and end, up to the first whose end cannot be told. */
  private *places(): Generator<readonly [offset: number, end: number]> {
    for (let offset = 0; offset < this.source.size; ) {
      const at = offset;
      const end = this.attempt(at, () => this.rows.step(at));
      if (end === null) return;
      yield [at, end];
      offset = end;
    }
  }

  private attempt<Result>(offset: number, read: () => Result): Result | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Damage) && !(error instanceof Unreadable)) throw error;
      this.reading.onDamage?.({ offset, text: error.message, flows: this.count });
      return null;
    }
  }
}
