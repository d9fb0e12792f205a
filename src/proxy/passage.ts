import { now } from '../flow/clock.js';
import type { TalkColumns } from '../flow/conversation.js';
import type { ClientFacts, ErrorKind, Flow, FlowError, FlowId, Note, ServerFacts, Side } from '../flow/flow.js';
import type { Foreign } from '../flow/image.js';
import type { FlowRow } from '../flow/row.js';
import { passageRow } from '../flow/rowof.js';
import { Conversation, contentsDropped } from './conversation.js';
import { type Handle, type Metadata, NO_METADATA } from './entry.js';
import { Hold } from './hold.js';
import type { Spool } from './spool.js';

export interface PassageListener {
  changed(passage: Passage): void;
  finished(passage: Passage): void;
}

/** A connection in the ledger that never became an exchange: raw TCP, passed through unread, or failed before a request. */
export class Passage {
  revision = 0;
  createdAt = now();
  sent = 0;
  received = 0;
  error: FlowError | null = null;
  endedAt: number | null = null;
  marked = false;
  isLive = true;
  server: ServerFacts | null = null;
  handle: Handle | null = null;
  /** Null while its bytes are not looked at. */
  conversation: Conversation | null = null;
  readonly hold = new Hold();
  notes: readonly Note[] = [];
  comment = '';
  metadata: Metadata = NO_METADATA;
  /** What the file that it came from says beside all this, or null. */
  foreign: Foreign | null = null;
  /** What revert brings back, or null. */
  backup: TalkColumns | null = null;

  constructor(
    readonly id: FlowId,
    readonly client: ClientFacts | null,
    readonly host: string,
    readonly port: number,
    readonly scheme: string,
    public why: string,
    private readonly listener: PassageListener,
  ) {}

  get heldSide(): Side | null {
    return this.hold.side;
  }

  /** Its bytes are told as messages from here on. */
  converse(spool: Spool): Conversation {
    const conversation = new Conversation('tcp', spool, () => {
      this.hold.follow(conversation);
      this.changed();
    });
    this.conversation = conversation;
    return conversation;
  }

  /** Keeps the messages to come back to; a second call keeps the first (DM-13). */
  keepBackup(): void {
    this.backup ??= this.conversation?.snapshot() ?? null;
  }

  /** Puts the kept messages back and forgets them (DM-15). False when there are none. */
  revert(): boolean {
    if (!this.backup) return false;
    this.conversation?.restore(this.backup);
    this.backup = null;
    this.notes = [];
    this.changed();
    return true;
  }

  clearScriptNotes(): void {
    this.notes = this.notes.filter((note) => note.level !== 'error');
    this.changed();
  }

  /** The contents of its messages are not kept any longer; whether there were any. */
  lose(why: string): boolean {
    if (!this.conversation?.lose()) return false;
    this.backup = null;
    this.note({ level: 'info', text: contentsDropped(why), place: null });
    return true;
  }

  note(note: Note): void {
    this.notes = [...this.notes, note];
    this.changed();
  }

  /** What a script noted on the flow. */
  annotate(note: { readonly marked?: boolean; readonly comment?: string; readonly metadata?: Metadata }): void {
    this.marked = note.marked ?? this.marked;
    this.comment = note.comment ?? this.comment;
    this.metadata = note.metadata ?? this.metadata;
    this.changed();
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

  dispose(): void {
    this.conversation?.dispose();
  }

  moved(sent: number, received: number): void {
    this.sent += sent;
    this.received += received;
    this.changed();
  }

  connectedTo(server: ServerFacts): void {
    this.server = server;
    this.changed();
  }

  failed(kind: ErrorKind, message: string): void {
    if (!this.isLive) return;
    this.error = { kind, message, at: now() };
    this.finished();
  }

  finished(): void {
    if (!this.isLive) return;
    this.isLive = false;
    this.endedAt = now();
    this.handle = null;
    this.conversation?.close();
    this.released();
    this.listener.finished(this);
  }

  setMarked(marked: boolean): void {
    this.marked = marked;
    this.changed();
  }

  picture(): Flow {
    const { id, revision, createdAt, client, server, host, port, why, sent, received, endedAt, error, marked } = this;
    const { notes, heldSide: held } = this;
    const talk = this.conversation?.picture() ?? null;
    const common = { id, revision, createdAt, client, server, held, marked, replayed: false };
    return {
      ...common,
      changed: this.hasChanged,
      notes,
      talk,
      kind: 'tunnel',
      host,
      port,
      why,
      sent,
      received,
      endedAt,
      error,
    };
  }

  get hasChanged(): boolean {
    return this.backup !== null;
  }

  row(): FlowRow {
    return passageRow(this);
  }

  private changed(): void {
    this.revision += 1;
    this.listener.changed(this);
  }
}
