import type { Conversation, Said } from './conversation.js';

/** A whole message on its way. */
export interface Utterance extends Said {
  readonly content: Buffer;
  /** Sends it on as it came, or with other content; `done` is called when it has been handed on. */
  pass(content: Uint8Array | null, done: () => void): void;
  /** It will not be sent. */
  drop(): void;
}

/** What is to become of a message. */
export interface Judgement {
  /** What takes the place of its content, or null. */
  readonly content: Uint8Array | null;
  readonly isDropped: boolean;
  readonly holds: boolean;
}

/** Who wants to see messages before they go on. */
export interface Judge {
  /** Whether anybody does. */
  readonly looks: boolean;
  /** Adds the message to the conversation, and tells its number and what is to become of it. */
  judge(said: Utterance, done: (index: number, judgement: Judgement) => void): void;
}

interface Held {
  readonly said: Utterance;
  readonly index: number;
  /** What takes the place of its content, or null. */
  readonly content: Uint8Array | null;
}

/** Messages, or their bytes, that may wait before the sender is asked to pause. */
const MOST = 256;
const MOST_BYTES = 1_048_576;

/** One direction of a conversation: its messages go on in order, each after whoever looks at it has said what becomes of it. */
export class Lane {
  private readonly queue: (Utterance | (() => void))[] = [];
  private waiting = 0;
  private isBusy = false;
  private isOver = false;
  private isRunning = false;
  private held: Held | null = null;

  constructor(
    private readonly conversation: Conversation,
    private readonly judge: Judge,
    /** Called when the sender may go on. */
    private readonly relieved: () => void,
  ) {}

  /** Nothing waits here: what is sent now overtakes nothing. */
  get isIdle(): boolean {
    return !this.isBusy && this.queue.length === 0;
  }

  get isFull(): boolean {
    return this.queue.length > MOST || this.waiting > MOST_BYTES;
  }

  say(said: Utterance): void {
    if (this.isOver) return;
    this.queue.push(said);
    this.waiting += said.size;
    if (!this.isRunning) this.run();
  }

  /** Does something once all messages before have gone on. */
  after(action: () => void): void {
    if (this.isOver) return;
    this.queue.push(action);
    if (!this.isRunning) this.run();
  }

  /** Lets a held message go on, as it was or as it has been edited. */
  release(): void {
    const held = this.unhold();
    if (held) this.pass(held.said, held.content);
  }

  /** Changes the message that is held. False where it is another. */
  edit(index: number, content: Uint8Array): boolean {
    if (this.held?.index !== index) return false;
    const { said, content: before } = this.held;
    if (isSame(content, before ?? said.content)) return true;
    this.held = { ...this.held, content };
    this.conversation.edit(index, content);
    return true;
  }

  /** Drops the message that is held. False where it is another. */
  drop(index: number): boolean {
    if (this.held?.index !== index) return false;
    const held = this.unhold();
    this.conversation.drop(index);
    held?.said.drop();
    this.goOn();
    return true;
  }

  /** Nothing goes on any more. */
  close(): void {
    this.isOver = true;
    this.queue.length = 0;
    this.unhold();
  }

  private unhold(): Held | null {
    const { held } = this;
    if (held) this.conversation.release(held.index);
    this.held = null;
    return held;
  }

  private goOn(): void {
    this.isBusy = false;
    if (this.isRunning) return;
    this.run();
    this.relieved();
  }

  private run(): void {
    this.isRunning = true;
    while (!this.isBusy && !this.isOver) {
      const next = this.queue.shift();
      if (next === undefined) break;
      if (typeof next === 'function') next();
      else this.treat(next);
    }
    this.isRunning = false;
  }

  private treat(said: Utterance): void {
    this.waiting -= said.size;
    this.isBusy = true;
    if (this.judge.looks) return this.judge.judge(said, (index, judgement) => this.judged(said, index, judgement));
    this.conversation.tell(said, said.content);
    this.pass(said, null);
  }

  private judged(said: Utterance, index: number, { content: given, isDropped, holds }: Judgement): void {
    if (this.isOver) return;
    const content = given && !isSame(given, said.content) ? given : null;
    if (content) this.conversation.edit(index, content);
    if (isDropped) {
      this.conversation.drop(index);
      said.drop();
      this.goOn();
    } else if (holds) {
      this.held = { said, index, content };
      this.conversation.hold(index);
    } else this.pass(said, content);
  }

  private pass(said: Utterance, content: Uint8Array | null): void {
    said.pass(content, () => this.goOn());
  }
}

function isSame(content: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(content, other) === 0;
}
