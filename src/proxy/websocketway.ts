import { now } from '../flow/clock.js';
import { type Deflate, keepsContext, MessageReader, MessageWriter } from '../websocket/codec.js';
import { CLOSE, type FrameHead, FrameRuler, goesOn, isControl, TEXT } from '../websocket/ruler.js';
import type { Conversation } from './conversation.js';
import type { Judge, Lane } from './lane.js';
import type { Outbox } from './outbox.js';
import { type Passing, Unread } from './unread.js';
import type { Way } from './way.js';

/** Bytes from which on a message is not read, kept, and shown to those who look: it passes in its frames. */
export const LARGEST_MESSAGE = 16 * 1024 * 1024;
/** RFC 6455 5.5. */
const LARGEST_CONTROL = 125;

/** Hears what the user should know of a websocket. */
export interface WebSocketTeller {
  note(text: string): void;
  concluded(fromClient: boolean, code: number, reason: string): void;
  fail(why: string): void;
}

/**
 * A websocket one way. While nobody looks, frames go on at once as they came, and are read on the side; else each
 * message waits until it is complete and judged. Changing or dropping a message leaves the two ends of a compression
 * that keeps its context with different histories: from then on compressed messages are written anew.
 */
export class WebSocketWay implements Way {
  private readonly ruler: FrameRuler;
  private readonly reader: MessageReader;
  private readonly writer: MessageWriter;
  private readonly who: string;
  /** The message whose frames are coming; null between messages. */
  private current: Passing | null = null;
  private isCurrentLarge = false;
  private isFinal = false;
  /** The frames of a control message that is coming; null outside of one. */
  private control: Buffer[] | null = null;
  private hasClosed = false;
  /** Frames are not looked at any more. */
  private isStray = false;
  /** A frame came that ends the websocket: no ping overtakes it. */
  private isEnding = false;
  private readonly unread = new Unread();
  /** Bytes that wait for the lane, in front of all that come after them; null while there are none. */
  private backlog: Buffer[] | null = null;
  private readonly injections: (() => void)[] = [];
  private rewrites = false;
  /** Nothing is read any more. */
  private isBlind = false;
  private hasEnded = false;

  constructor(
    private readonly fromClient: boolean,
    private readonly deflate: Deflate,
    private readonly conversation: Conversation,
    private readonly judge: Judge,
    readonly lane: Lane,
    private readonly out: Outbox,
    private readonly teller: WebSocketTeller,
    /** Called when the sender may go on. */
    private readonly relieved: () => void,
  ) {
    this.who = fromClient ? 'client' : 'server';
    this.ruler = new FrameRuler({
      begun: (head, early) => this.begun(head, early),
      bytes: (part) => this.took(part),
      ended: () => this.ended(),
      lost: (rest) => this.lost(rest),
    });
    this.reader = new MessageReader(fromClient, deflate, LARGEST_MESSAGE, {
      get isFull() {
        return lane.isFull;
      },
      message: (content, isText) => this.read(content, isText),
      concluded: (code, reason) => this.lane.after(() => teller.concluded(fromClient, code, reason)),
      broken: (why) => this.giveUp(`what the ${this.who} sends cannot be read (${why})`),
    });
    this.writer = new MessageWriter(fromClient, deflate, (bytes) => this.out.put(Buffer.from(bytes)));
  }

  get isFull(): boolean {
    return this.lane.isFull || this.backlog !== null || this.unread.isFull;
  }

  push(bytes: Buffer): void {
    this.ruler.push(bytes);
    this.sendInjections();
    this.out.flush();
  }

  /** The lane has room again. */
  readOn(): void {
    this.reader.resume();
  }

  end(done: () => void): void {
    this.hasEnded = true;
    if (this.current) {
      this.unread.forget(this.current);
      this.letGo(this.current);
    }
    this.whenRead(() => this.lane.after(done));
  }

  inject(content: Buffer, isText: boolean): string | null {
    if (this.hasEnded || this.hasClosed) return `the ${this.who} has closed its side`;
    if (this.isBlind) return `what the ${this.who} sends is not read, so nothing can be put between`;
    const passing = { at: now(), isCompressed: false, frames: [], size: 0 };
    this.injections.push(() => this.say(content, { ...passing, kind: isText ? 'text' : 'binary' }, true));
    this.sendInjections();
    this.out.flush();
    return null;
  }

  close(): void {
    this.isBlind = true;
    this.lane.close();
    this.reader.close();
    this.writer.close();
  }

  // --- frames

  private begun(head: FrameHead, early: Buffer): void {
    if (this.hasClosed) this.stray(`something of the ${this.who} follows a close frame`);
    else if (isControl(head.opcode) && head.length > LARGEST_CONTROL)
      this.stray(`a control frame of the ${this.who} has more than ${LARGEST_CONTROL} bytes`);
    if (this.isStray) {
      if (early.length > 0) this.put(early);
      return;
    }
    this.isEnding ||= !goesOn(head, this.current !== null, this.deflate !== null);
    if (isControl(head.opcode)) {
      this.control = early.length > 0 ? [early] : [];
      this.hasClosed ||= head.opcode === CLOSE;
      return;
    }
    const message = this.current ?? this.begin(head);
    this.isFinal = head.isFinal;
    message.size += head.length;
    if (message.size >= LARGEST_MESSAGE && !this.isCurrentLarge) this.enlarge(message);
    if (early.length > 0) this.takeData(message, early);
  }

  private begin({ isCompressed, opcode }: FrameHead): Passing {
    const isOpen = !this.judge.looks && this.lane.isIdle && !this.unread.holdsBack;
    const frames = this.isBlind || (isOpen && !(this.rewrites && isCompressed)) ? null : [];
    const kind = opcode === TEXT ? 'text' : 'binary';
    const message: Passing = { at: now(), kind, isCompressed, frames, size: 0 };
    this.current = message;
    if (!this.isBlind) this.unread.add(message);
    return message;
  }

  private took(part: Buffer): void {
    if (this.isStray) this.put(part);
    else if (this.control) this.control.push(part);
    else if (this.current) this.takeData(this.current, part);
  }

  private takeData(message: Passing, part: Buffer): void {
    if (message.frames) message.frames.push(part);
    else this.put(part);
    if (!this.isCurrentLarge) this.feed(part);
  }

  /** The reader unmasks in place, so it gets bytes of its own. */
  private feed(part: Buffer): void {
    if (!this.isBlind) this.reader.push(Buffer.from(part));
  }

  private ended(): void {
    if (this.isStray) return;
    if (this.control) return this.endControl(Buffer.concat(this.control));
    const message = this.current;
    if (!message || !this.isFinal) return;
    this.current = null;
    this.unread.completed(message);
    if (!this.isCurrentLarge) return;
    this.isCurrentLarge = false;
    const { fromClient } = this;
    if (!this.isBlind) this.conversation.tell({ ...message, fromClient, isInjected: false }, null);
  }

  /**
   * Pings overtake what is judged, so that a held message does not end the connection; a close waits for its turn.
   * Where nothing before is held back it goes at once: later it might fall into a frame that is passing.
   */
  private endControl(frame: Buffer): void {
    this.control = null;
    const isInOrder = !this.unread.holdsBack && (this.lane.isIdle || !this.isEnding);
    const go = (): void => {
      this.out.put(frame);
      this.out.flush();
    };
    if (this.backlog || isInOrder) this.put(frame);
    else this.whenRead(this.isEnding ? () => this.lane.after(go) : go);
    this.feed(frame);
  }

  /** What comes from here on is no websocket any more: it passes behind all that came before. */
  private stray(why: string): void {
    if (this.isStray) return;
    this.isStray = true;
    if (this.isBlind) return;
    this.teller.note(`${why}: it passes unread from here on`);
    if (!this.backlog) this.queue([]);
  }

  private lost(rest: Buffer): void {
    this.giveUp(`a frame of the ${this.who} has no readable length`);
    this.put(rest);
  }

  private put(bytes: Buffer): void {
    if (this.backlog) this.backlog.push(bytes);
    else this.out.put(bytes);
  }

  // --- what is not read

  /** A message that has grown too large goes on in its frames, those held back first. */
  private enlarge(message: Passing): void {
    this.isCurrentLarge = true;
    this.unread.forget(message);
    this.reader.restart(this.unread.messages);
    this.letGo(message);
    if (message.isCompressed && keepsContext(this.deflate, this.fromClient))
      this.giveUp(`a compressed message of the ${this.who} is too large to be read, and those after it refer to it`);
  }

  /** What was held back of a message goes on behind the lane, and its later frames behind that. */
  private letGo(message: Passing): void {
    const { frames } = message;
    if (!frames) return;
    message.frames = null;
    this.queue(frames);
  }

  private queue(frames: readonly Buffer[]): void {
    this.backlog = [...(this.backlog ?? []), ...frames];
    this.whenRead(() => this.lane.after(() => this.clearBacklog()));
  }

  private clearBacklog(): void {
    const { backlog } = this;
    this.backlog = null;
    for (const frame of backlog ?? []) this.out.put(frame);
    this.out.flush();
    this.relieved();
  }

  /** Nothing is read from here on: all frames go on as they come. */
  private giveUp(why: string): void {
    if (this.isBlind) return;
    if (this.rewrites) return this.teller.fail(`${why}; it cannot pass unread after a compressed message was changed`);
    this.isBlind = true;
    this.teller.note(`${why}: it passes unread from here on`);
    for (const next of this.unread.clear()) {
      if (typeof next === 'function') next();
      else this.letGo(next);
    }
    if (!this.lane.isIdle) this.queue([]); // what comes now overtakes nothing
    this.relieved();
  }

  // --- messages

  private read(content: Buffer, isText: boolean): void {
    const message = this.unread.take(this.current);
    if (!message) return;
    this.say(content, { ...message, kind: isText ? 'text' : 'binary' }, false);
    this.unread.act();
    this.out.flush();
    this.relieved();
  }

  /** Does something once the reader has given all messages that have come whole by now. */
  private whenRead(action: () => void): void {
    this.unread.after(this.current, action);
  }

  private say(content: Buffer, message: Passing, isInjected: boolean): void {
    const { fromClient } = this;
    const { at, kind, frames, isCompressed } = message;
    const said = { fromClient, kind, isInjected, at, size: content.length };
    if (!frames) {
      this.conversation.tell(said, content);
      return;
    }
    const pass = (other: Uint8Array | null, done: () => void): void => {
      if (other && isCompressed) this.rewrite();
      if (other || isInjected || (isCompressed && this.rewrites))
        return this.writer.send(other ?? content, kind === 'text', isCompressed, () => {
          this.out.flush();
          done();
        });
      for (const frame of frames) this.out.put(frame);
      this.out.flush();
      done();
    };
    const drop = (): void => {
      if (isCompressed) this.rewrite();
    };
    this.lane.say({ ...said, content, pass, drop });
  }

  private rewrite(): void {
    this.rewrites ||= keepsContext(this.deflate, this.fromClient);
  }

  /** Only between messages. */
  private sendInjections(): void {
    if (this.current || !this.ruler.isAtBorder) return;
    for (const inject of this.injections.splice(0)) inject();
  }
}
