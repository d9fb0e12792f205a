import { now } from '../flow/clock.js';
import type { TalkColumns } from '../flow/conversation.js';
import type { ClientFacts, ErrorKind, Flow, FlowId, ServerFacts } from '../flow/flow.js';
import type { FlowRow } from '../flow/row.js';
import { passageRow } from '../flow/rowof.js';
import { type Conversation, contentsDropped } from './conversation.js';
import { FlowRecord, type RecordListener } from './flowrecord.js';
import type { Spool } from './spool.js';

/** A connection in the ledger that never became an exchange: raw TCP, passed through unread, or failed before a request. */
export class Passage extends FlowRecord {
  sent = 0;
  received = 0;
  endedAt: number | null = null;
  /** What revert brings back, or null. */
  backup: TalkColumns | null = null;

  constructor(
    id: FlowId,
    client: ClientFacts | null,
    readonly host: string,
    readonly port: number,
    readonly scheme: string,
    public why: string,
    private readonly listener: RecordListener<Passage>,
  ) {
    super(id, client);
  }

  /** Its bytes are told as messages from here on. */
  converse(spool: Spool): Conversation {
    return this.begin('tcp', spool);
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

  /** The contents of its messages are not kept any longer; whether there were any. */
  lose(why: string): boolean {
    if (!this.conversation?.lose()) return false;
    this.backup = null;
    this.note({ level: 'info', text: contentsDropped(why), place: null });
    return true;
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
    this.endedAt = now();
    this.close();
    this.listener.finished(this);
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

  protected tell(): void {
    this.listener.changed(this);
  }
}
