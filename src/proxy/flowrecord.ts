import { now } from '../flow/clock.js';
import type { ClientFacts, FlowError, FlowId, Note, ServerFacts, Side } from '../flow/flow.js';
import type { Foreign } from '../flow/image.js';
import { Conversation } from './conversation.js';
import { Hold } from './hold.js';
import type { Spool } from './spool.js';

/** What can be done to the exchange behind a flow while it is live. */
export interface Handle {
  kill(): void;
  release(): void;
  /** The conversation under way, or null. */
  readonly talk?: TalkHandle | null;
}

/** What can be done to a conversation while it lasts. Each answers with why it cannot be done, or null. */
export interface TalkHandle {
  inject(toServer: boolean, content: Buffer, isText: boolean): string | null;
  /** Changes the content of a held message. */
  edit(index: number, content: Buffer): string | null;
  /** Drops a held message. */
  drop(index: number): string | null;
}

/** Plain data that scripts keep with a flow. */
export type Metadata = Readonly<Record<string, unknown>>;

export const NO_METADATA: Metadata = {};

/** Everything that is told to the ledger when a record of that kind changes. */
export interface RecordListener<Kind> {
  changed(record: Kind): void;
  finished(record: Kind): void;
}

/** What every flow in the ledger has, be it an exchange or a connection. */
export abstract class FlowRecord {
  revision = 0;
  createdAt = now();
  error: FlowError | null = null;
  readonly hold = new Hold();
  marked = false;
  isLive = true;
  server: ServerFacts | null = null;
  handle: Handle | null = null;
  /** Null while nothing is told as messages. */
  conversation: Conversation | null = null;
  notes: readonly Note[] = [];
  comment = '';
  metadata: Metadata = NO_METADATA;
  /** What the file that it came from says beside all this, or null. */
  foreign: Foreign | null = null;

  constructor(
    readonly id: FlowId,
    readonly client: ClientFacts | null,
  ) {}

  /** There is something to revert. */
  abstract get hasChanged(): boolean;

  /** Tells the ledger. */
  protected abstract tell(): void;

  protected changed(): void {
    this.revision += 1;
    this.tell();
  }

  get heldSide(): Side | null {
    return this.hold.side;
  }

  held(side: Side): void {
    this.hold.side = side;
    this.changed();
  }

  released(): void {
    this.hold.side = null;
    this.changed();
    this.hold.release();
  }

  note(note: Note): void {
    this.notes = [...this.notes, note];
    this.changed();
  }

  clearScriptNotes(): void {
    this.notes = this.notes.filter((note) => note.level !== 'error');
    this.changed();
  }

  /** What a script noted on the flow. */
  annotate(note: { readonly marked?: boolean; readonly comment?: string; readonly metadata?: Metadata }): void {
    this.marked = note.marked ?? this.marked;
    this.comment = note.comment ?? this.comment;
    this.metadata = note.metadata ?? this.metadata;
    this.changed();
  }

  setMarked(marked: boolean): void {
    this.marked = marked;
    this.changed();
  }

  /** Messages are told from here on. */
  protected begin(protocol: Conversation['protocol'], spool: Spool): Conversation {
    const conversation = new Conversation(protocol, spool, () => {
      this.hold.follow(conversation);
      this.changed();
    });
    this.conversation = conversation;
    return conversation;
  }

  /** Nothing is under way any more, and nobody waits. */
  protected close(): void {
    this.isLive = false;
    this.handle = null;
    this.conversation?.close();
    this.released();
  }
}
