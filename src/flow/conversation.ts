/*
 * conversation   the messages of a websocket or of a raw TCP connection, in the order they came
 * sign           what was done to a message
 */

export type MessageKind = 'text' | 'binary' | 'data';

const KINDS: readonly MessageKind[] = ['text', 'binary', 'data'];

/** One message: a websocket message with its fragments joined, or what one read of a TCP connection gave (DMW-02, DMW-03). */
export interface TalkMessage {
  readonly fromClient: boolean;
  readonly kind: MessageKind;
  /** Milliseconds since 1970, with a fraction. */
  readonly at: number;
  /** Bytes of the content, permessage-deflate taken off. */
  readonly size: number;
  /** Where its content begins among the contents of the conversation, or null where it was not kept. */
  readonly offset: number | null;
  readonly dropped: boolean;
  readonly injected: boolean;
  readonly edited: boolean;
  /** Stopped by the user until released. */
  readonly held: boolean;
}

const FROM_CLIENT = 1;
const DROPPED = 2;
const INJECTED = 4;
const EDITED = 8;
const HELD = 16;
const KIND_SHIFT = 5;

function signsOf(message: TalkMessage): number {
  const { fromClient, dropped, injected, edited, held, kind } = message;
  const signs = (fromClient ? FROM_CLIENT : 0) | (dropped ? DROPPED : 0) | (injected ? INJECTED : 0);
  return signs | (edited ? EDITED : 0) | (held ? HELD : 0) | (KINDS.indexOf(kind) << KIND_SHIFT);
}

/** Messages from one on, as they travel: one number a message in each column. */
export interface TalkBatch {
  readonly from: number;
  readonly at: Float64Array;
  readonly sizes: Float64Array;
  /** -1 for content that was not kept. */
  readonly offsets: Float64Array;
  readonly signs: Uint8Array;
}

/** Many messages in few bytes each. */
export class TalkColumns {
  private at = new Float64Array(16);
  private sizes = new Float64Array(16);
  private offsets = new Float64Array(16);
  private signs = new Uint8Array(16);
  length = 0;

  push(message: TalkMessage): number {
    if (this.length === this.at.length) this.grow(2 * this.length);
    this.length += 1;
    this.put(this.length - 1, message);
    return this.length - 1;
  }

  put(index: number, message: TalkMessage): void {
    this.at[index] = message.at;
    this.sizes[index] = message.size;
    this.offsets[index] = message.offset ?? -1;
    this.signs[index] = signsOf(message);
  }

  get(index: number): TalkMessage | undefined {
    if (index < 0 || index >= this.length) return undefined;
    const signs = this.signs[index] ?? 0;
    const offset = this.offsets[index] ?? -1;
    return {
      fromClient: (signs & FROM_CLIENT) !== 0,
      kind: KINDS[signs >> KIND_SHIFT] ?? 'data',
      at: this.at[index] ?? 0,
      size: this.sizes[index] ?? 0,
      offset: offset < 0 ? null : offset,
      dropped: (signs & DROPPED) !== 0,
      injected: (signs & INJECTED) !== 0,
      edited: (signs & EDITED) !== 0,
      held: (signs & HELD) !== 0,
    };
  }

  /** Bytes of all messages of one side that were sent on. */
  total(fromClient: boolean): number {
    const wanted = fromClient ? FROM_CLIENT : 0;
    let total = 0;
    for (let index = 0; index < this.length; index += 1)
      if (((this.signs[index] ?? 0) & (FROM_CLIENT | DROPPED)) === wanted) total += this.sizes[index] ?? 0;
    return total;
  }

  /** The same messages once more; what happens to one does not happen to the other. */
  copy(): TalkColumns {
    const copy = new TalkColumns();
    copy.take(this.batch(0));
    return copy;
  }

  batch(from: number): TalkBatch {
    const end = this.length;
    return {
      from,
      at: this.at.slice(from, end),
      sizes: this.sizes.slice(from, end),
      offsets: this.offsets.slice(from, end),
      signs: this.signs.slice(from, end),
    };
  }

  /** Puts a batch over what is there from its first message on. */
  take(batch: TalkBatch): void {
    const length = batch.from + batch.at.length;
    if (length > this.at.length) this.grow(Math.max(length, 2 * this.at.length));
    this.at.set(batch.at, batch.from);
    this.sizes.set(batch.sizes, batch.from);
    this.offsets.set(batch.offsets, batch.from);
    this.signs.set(batch.signs, batch.from);
    this.length = Math.max(this.length, length);
  }

  private grow(capacity: number): void {
    this.at = grown(this.at, new Float64Array(capacity));
    this.sizes = grown(this.sizes, new Float64Array(capacity));
    this.offsets = grown(this.offsets, new Float64Array(capacity));
    this.signs = grown(this.signs, new Uint8Array(capacity));
  }
}

function grown<Column extends Float64Array | Uint8Array>(old: Column, larger: Column): Column {
  larger.set(old);
  return larger;
}

/** How a conversation ended (DMW-01). */
export interface TalkEnd {
  readonly byClient: boolean;
  /** The code of the close frame, 1006 where none came (RFC 6455 7.1.5); null for raw TCP. */
  readonly code: number | null;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What a flow says of its conversation. */
export interface Talk {
  readonly protocol: 'websocket' | 'tcp';
  readonly count: number;
  /** Bytes of the messages to the server and to the client. */
  readonly sent: number;
  readonly received: number;
  readonly end: TalkEnd | null;
}
