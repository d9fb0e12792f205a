import type { MessageKind } from '../flow/conversation.js';

/** Bytes of whole messages that may wait. */
const MOST_BYTES = 4 * 1024 * 1024;
/** As many of them as may wait, however small they are. */
const MOST = 1024;

/** A message whose frames are coming, or have come and are being decoded. */
export interface Passing {
  readonly at: number;
  readonly kind: MessageKind;
  readonly isCompressed: boolean;
  /** Its frames, held back until it is judged; null where they have gone on as they came. */
  frames: Buffer[] | null;
  /** Bytes of its payload as sent. */
  size: number;
}

type Waiting = Passing | (() => void);

/** Messages that the reader of a websocket has not given yet, and what is to be done between them, in order. */
export class Unread {
  private all: Waiting[] = [];
  /** Of those that have come whole. */
  private bytes = 0;
  private held = 0;

  get isFull(): boolean {
    return this.bytes > MOST_BYTES || this.all.length > MOST;
  }

  /** Some message is held back. */
  get holdsBack(): boolean {
    return this.held > 0;
  }

  get messages(): number {
    return this.all.filter((one) => typeof one !== 'function').length;
  }

  add(message: Passing): void {
    this.all.push(message);
    if (message.frames) this.held += 1;
  }

  /** The message has come whole; one that was forgotten does not count. */
  completed(message: Passing): void {
    if (this.all.at(-1) === message) this.bytes += message.size;
  }

  /** The reader will not give the message whose frames are coming. */
  forget(message: Passing): void {
    if (this.all.at(-1) !== message) return;
    this.all.pop();
    if (message.frames) this.held -= 1;
  }

  /** The message that the reader gives now; `current` is the one whose frames are coming, which it may be. */
  take(current: Passing | null): Passing | null {
    const message = this.all.shift();
    if (!message || typeof message === 'function') return null;
    if (message !== current) this.bytes -= message.size;
    if (message.frames) this.held -= 1;
    return message;
  }

  /** Does what is to be done before the next message is given. */
  act(): void {
    for (let next = this.all[0]; typeof next === 'function'; next = this.all[0]) {
      this.all.shift();
      next();
    }
  }

  /** Does something once all messages have been given but the one whose frames are coming. */
  after(current: Passing | null, action: () => void): void {
    const before = current && this.all.at(-1) === current ? this.all.length - 1 : this.all.length;
    if (before === 0) action();
    else this.all.splice(before, 0, action);
  }

  /** All that waits; nothing does from then on. */
  clear(): readonly Waiting[] {
    const { all } = this;
    this.all = [];
    this.bytes = 0;
    this.held = 0;
    return all;
  }
}
