import type { FlowId, Side } from '../flow/flow.js';
import type { Place } from '../journal/places.js';
import { packDelta, packWhole } from '../journal/whole.js';
import type { Conversation } from './conversation.js';
import { Entry } from './entry.js';
import { stateOf } from './memento.js';
import { packedBytes, type Segments } from './segments.js';
import type { SharedObjects } from './shared.js';
import type { Record } from './shelf.js';

/** Milliseconds a flow has to run before it is written down: most are over by then, and written once. */
const AGE = 100;

const SIDES: readonly Side[] = ['request', 'response'];

/** What of a flow under way has been written. */
interface Written {
  /** The conversation whose alterations are heard of. */
  readonly conversation: Conversation | null;
  readonly places: Place[];
  revision: number;
  /** What makes all of it be written again when it changes. */
  shape: string;
  readonly sizes: { [S in Side]: number };
  readonly arrivals: { [S in Side]: number };
  messages: number;
  contents: number;
  /** The first message that was altered since. */
  altered: number;
}

/** Writes flows under way as they come, so that a crash leaves what was there of them. */
export class LiveJournal {
  private readonly written = new Map<FlowId, Written>();

  constructor(
    private readonly segments: Segments,
    private readonly shared: SharedObjects,
    private readonly folder: string,
  ) {}

  /** Writes what is new of each. */
  sweep(records: Iterable<Record>, now: number): void {
    for (const record of records) if (now - record.createdAt >= AGE) this.look(record);
  }

  /** It is over, or gone. Answers with whether anything of it was written. */
  forget(id: FlowId): boolean {
    const written = this.written.get(id);
    if (!written) return false;
    this.written.delete(id);
    for (const place of written.places) this.segments.release(place);
    return true;
  }

  private look(record: Record): void {
    const known = this.written.get(record.id);
    if (known?.revision === record.revision) return;
    const shape = shapeOf(record);
    if (known?.shape === shape) this.more(record, known);
    else this.anew(record, shape, known);
  }

  private anew(record: Record, shape: string, known: Written | undefined): void {
    const place = this.segments.append(record.id, () =>
      packedBytes('live', packWhole(stateOf(record, this.folder), this.shared)),
    );
    this.forget(record.id);
    const { conversation } = record;
    const written: Written = {
      conversation,
      places: [place],
      revision: record.revision,
      shape,
      sizes: { request: sizeOf(record, 'request'), response: sizeOf(record, 'response') },
      arrivals: { request: arrivalsOf(record, 'request').length, response: arrivalsOf(record, 'response').length },
      messages: conversation?.length ?? 0,
      contents: conversation?.recording.size ?? 0,
      altered: Number.POSITIVE_INFINITY,
    };
    this.written.set(record.id, written);
    if (conversation !== known?.conversation) conversation?.revised((index) => this.altered(record.id, index));
  }

  private altered(id: FlowId, index: number): void {
    const written = this.written.get(id);
    if (written) written.altered = Math.min(written.altered, index);
  }

  private more(record: Record, written: Written): void {
    written.revision = record.revision;
    if (record instanceof Entry) for (const side of SIDES) this.bytes(record, side, written);
    this.messages(record, written);
  }

  private bytes(entry: Entry, side: Side, written: Written): void {
    const message = entry.side(side);
    if (!message || message.size === written.sizes[side]) return;
    const bytes = message.recording?.since(written.sizes[side]) ?? new Uint8Array();
    const arrivals = arrivalsOf(entry, side).slice(written.arrivals[side]);
    const { size, chunks } = message;
    this.add('data', entry.id, packDelta({ side, size, chunks, bytes, arrivals }), written);
    written.sizes[side] = size;
    written.arrivals[side] += arrivals.length;
  }

  private messages({ id, conversation }: Record, written: Written): void {
    if (!conversation) return;
    const from = Math.min(written.messages, written.altered);
    if (from >= conversation.length && !conversation.end) return;
    const bytes = conversation.recording.since(written.contents);
    const delta = { batch: conversation.from(from), end: conversation.end, offset: written.contents, bytes };
    this.add('talk', id, packDelta(delta), written);
    written.messages = conversation.length;
    written.contents = conversation.recording.size;
    written.altered = Number.POSITIVE_INFINITY;
  }

  private add(type: 'data' | 'talk', id: FlowId, payload: Uint8Array, written: Written): void {
    written.places.push(this.segments.add(type, id, payload));
  }
}

function sizeOf(record: Record, side: Side): number {
  return record instanceof Entry ? (record.side(side)?.size ?? 0) : 0;
}

function arrivalsOf(record: Record, side: Side): readonly number[] {
  return (record instanceof Entry ? record.side(side)?.arrivals : null) ?? [];
}

/** All that is not more bytes or more messages. */
function shapeOf(record: Record): string {
  const { server, marked, comment, notes, conversation } = record;
  const parts: unknown[] = [server?.startedAt, marked, comment, notes.length, conversation?.recording.isInFile];
  if (record instanceof Entry)
    for (const side of SIDES) {
      const message = record.side(side);
      parts.push(message?.startedAt, message?.endedAt, message?.carriage.why, message?.recording?.isInFile);
    }
  else parts.push(record.why);
  return parts.join('|');
}
