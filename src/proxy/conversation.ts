import { now } from '../flow/clock.js';
import {
  type MessageKind,
  type Talk,
  type TalkBatch,
  TalkColumns,
  type TalkEnd,
  type TalkMessage,
} from '../flow/conversation.js';
import type { BodyData } from '../flow/extent.js';
import { Recording } from './recording.js';
import type { Spool } from './spool.js';

/** What is new about a message. */
export interface Said {
  readonly fromClient: boolean;
  readonly kind: MessageKind;
  readonly isInjected: boolean;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  readonly size: number;
}

/** A note for a flow whose messages have lost their contents. */
export function contentsDropped(why: string): string {
  return `the contents of its messages were dropped: ${why}`;
}

function bytesSent({ dropped, size }: TalkMessage): number {
  return dropped ? 0 : size;
}

/** The messages of one flow: numbers in columns, all contents one behind the other in one recording. */
export class Conversation {
  private columns = new TalkColumns();
  recording: Recording;
  private readonly heldOnes = new Set<number>();
  private ending: TalkEnd | null = null;
  private sent = 0;
  received = 0;
  /** When the last message came: the list is in the order of time (S4-06). */
  private latest = Number.NEGATIVE_INFINITY;
  /** The first message that was altered since the last batch. */
  private alteredFrom = Number.POSITIVE_INFINITY;
  private readonly revisers: ((index: number) => void)[] = [];

  constructor(
    readonly protocol: Talk['protocol'],
    private readonly spool: Spool,
    private readonly changed: () => void,
  ) {
    this.recording = new Recording(spool);
  }

  get length(): number {
    return this.columns.length;
  }

  get end(): TalkEnd | null {
    return this.ending;
  }

  /** When it was over, as far as it tells: its end, else its last message; -Infinity where there is neither. */
  get endedAt(): number {
    return this.ending?.at ?? this.columns.get(this.columns.length - 1)?.at ?? Number.NEGATIVE_INFINITY;
  }

  get isHeld(): boolean {
    return this.heldOnes.size > 0;
  }

  /** The first message that is held. */
  get held(): TalkMessage | null {
    const [first] = this.heldOnes;
    return first === undefined ? null : (this.columns.get(first) ?? null);
  }

  /** The disk cannot keep up. */
  get isBehind(): boolean {
    return this.recording.isBehind;
  }

  relieved(done: () => void): void {
    this.recording.relieved(done);
  }

  /** Adds a message that has just been told: it comes behind the others in time, too, though it may have waited. */
  tell(said: Said, content: Uint8Array | null): number {
    this.latest = Math.max(this.latest, said.at);
    return this.add({ ...said, at: this.latest }, content);
  }

  /** Adds a message and answers with its number; `content` is null for one that is not kept. */
  add(said: Said, content: Uint8Array | null): number {
    const { fromClient, kind, isInjected: injected, at, size } = said;
    const offset = content && this.keep(content);
    this.count(fromClient, size);
    const signs = { dropped: false, injected, edited: false, held: false };
    const index = this.columns.push({ fromClient, kind, at, size, offset, ...signs });
    this.changed();
    return index;
  }

  get(index: number): TalkMessage | undefined {
    return this.columns.get(index);
  }

  /** Other content takes the place of what came. */
  edit(index: number, content: Uint8Array): void {
    this.alter(index, { offset: this.keep(content), size: content.length, edited: true });
    this.tellRevised(index);
  }

  drop(index: number): void {
    this.alter(index, { dropped: true });
    this.tellRevised(index);
  }

  /** Calls back with the number of each message that is edited or dropped. */
  revised(heard: (index: number) => void): void {
    this.revisers.push(heard);
  }

  hold(index: number): void {
    this.heldOnes.add(index);
    this.alter(index, { held: true });
  }

  release(index: number): void {
    if (this.heldOnes.delete(index)) this.alter(index, { held: false });
  }

  /** A close frame came, or an end; the first one counts. */
  finish(byClient: boolean, code: number | null, reason: string): void {
    if (this.ending) return;
    this.ending = { byClient, code, reason, at: now() };
    this.changed();
  }

  /** It ended long ago. */
  ended(end: TalkEnd): void {
    this.ending = end;
  }

  /** The messages as they are, to come back to. */
  snapshot(): TalkColumns {
    return this.columns.copy();
  }

  restore(columns: TalkColumns): void {
    this.take(columns);
    this.alteredFrom = 0;
    this.changed();
  }

  /** It is as it was kept. */
  recall(columns: TalkColumns, end: TalkEnd | null, recording: Recording): void {
    this.take(columns);
    this.ending = end;
    this.recording = recording;
  }

  /** The contents of its messages are not kept any longer; whether there were any. */
  lose(): boolean {
    if (this.recording.size === 0) return false;
    const all = this.columns.batch(0);
    this.columns.take({ ...all, offsets: all.offsets.fill(-1) });
    this.recording = new Recording(this.spool);
    this.recording.end();
    this.alteredFrom = 0;
    return true;
  }

  /** What a script made of messages that have gone on long ago. */
  revise(
    changes: readonly { readonly index: number; readonly content: Uint8Array | null; readonly isDropped: boolean }[],
  ): void {
    this.recording.reopen();
    for (const { index, content, isDropped } of changes) {
      if (content) this.edit(index, content);
      if (isDropped) this.drop(index);
    }
    this.recording.end();
  }

  /** No more will come. */
  close(): void {
    this.recording.end();
  }

  dispose(): void {
    this.recording.release();
  }

  contents(): BodyData {
    return this.recording.contents();
  }

  /** Calls back once the contents of all messages can be read. */
  ready(done: () => void): void {
    this.recording.ready(done);
  }

  /** Messages from that one on, or from the first before it that was altered since the last batch. */
  batch(from: number): TalkBatch {
    const first = Math.min(from, this.alteredFrom, this.columns.length);
    this.alteredFrom = Number.POSITIVE_INFINITY;
    return this.columns.batch(first);
  }

  /** Messages from that one on. */
  from(first: number): TalkBatch {
    return this.columns.batch(first);
  }

  picture(): Talk {
    const { protocol, length: count, sent, received, ending: end } = this;
    return { protocol, count, sent, received, end };
  }

  private take(columns: TalkColumns): void {
    this.columns = columns;
    this.sent = columns.total(true);
    this.received = columns.total(false);
  }

  private count(fromClient: boolean, bytes: number): void {
    if (fromClient) this.sent += bytes;
    else this.received += bytes;
  }

  private tellRevised(index: number): void {
    for (const heard of this.revisers) heard(index);
  }

  private keep(content: Uint8Array): number | null {
    if (this.recording.failure !== null) return null;
    const offset = this.recording.size;
    this.recording.add(content);
    return offset;
  }

  private alter(index: number, change: Partial<TalkMessage>): void {
    const message = this.columns.get(index);
    if (!message) return;
    const altered = { ...message, ...change };
    this.columns.put(index, altered);
    this.count(message.fromClient, bytesSent(altered) - bytesSent(message));
    this.alteredFrom = Math.min(this.alteredFrom, index);
    this.changed();
  }
}
