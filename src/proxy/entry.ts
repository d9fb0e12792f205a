import { now } from '../flow/clock.js';
import type { TalkColumns } from '../flow/conversation.js';
import { type Fields, listMembers, mediaType } from '../flow/fields.js';
import type {
  Carriage,
  ClientFacts,
  ErrorKind,
  Flow,
  FlowError,
  FlowId,
  Origin,
  RequestHead,
  ResponseHead,
  ServerFacts,
  Side,
} from '../flow/flow.js';
import type { FlowRow } from '../flow/row.js';
import { httpRow } from '../flow/rowof.js';
import { announcedLength, type Framing } from '../http/framing.js';
import type { Teller } from '../http/ports.js';
import type { RawRequestHead } from '../http/reader.js';
import { type Conversation, contentsDropped } from './conversation.js';
import { FlowRecord, type RecordListener } from './flowrecord.js';
import { LiveMessage } from './message.js';
import { Recording } from './recording.js';
import type { Spool } from './spool.js';
import { Tail } from './tail.js';

export interface Backup {
  readonly request: LiveMessage<RequestHead>;
  readonly response: LiveMessage<ResponseHead> | null;
  readonly error: FlowError | null;
  readonly replayed: boolean;
  readonly talk: TalkColumns | null;
}

const NO_BODY: Carriage = { how: 'passed', why: 'no body' };
const NO_ROOM: Carriage = { how: 'streamed', why: 'body_memory is used up' };
const SWITCHED: Carriage = { how: 'streamed', why: 'the connection changed to another protocol' };
const AS_MESSAGES: Carriage = { how: 'passed', why: 'the connection changed to websocket messages' };
const NOWHERE = { scheme: 'http', host: '', port: 0 } as const;

/** One HTTP flow in the ledger. It hears what its exchange tells and gives pictures of itself. */
export class Entry extends FlowRecord implements Teller {
  request: LiveMessage<RequestHead>;
  response: LiveMessage<ResponseHead> | null = null;
  replayed = false;
  isReused = false;
  /** The hook and script that it waits for, or null. */
  waitsFor: string | null = null;
  /** Why the body cannot go on, though nobody killed the flow. */
  private cutBy: string | null = null;
  private watchLimit = 0;
  /** The scripts that said how a body goes on. */
  wishers: Readonly<Partial<Record<Side, string>>> = {};
  /** What revert brings back, or null. */
  backup: Backup | null = null;

  constructor(
    id: FlowId,
    client: ClientFacts | null,
    private readonly spool: Spool,
    private readonly storesStreamed: () => boolean,
    private readonly listener: RecordListener<Entry>,
  ) {
    super(id, client);
    const head: RequestHead = { method: '', target: '', origin: NOWHERE, path: '', version: 'HTTP/1.1', fields: [] };
    this.request = new LiveMessage(head, NO_BODY, 0, null, this.createdAt);
  }

  // --- what the exchange tells

  requestHead(head: RequestHead, framing: Framing): void {
    this.request = new LiveMessage(head, NO_BODY, announcedLength(framing), null, this.createdAt);
    this.changed();
  }

  responseHead(head: ResponseHead, framing: Framing): void {
    this.response = new LiveMessage(head, NO_BODY, announcedLength(framing), null, now());
    this.changed();
  }

  carried(side: Side, framing: Framing, carriage: Carriage): void {
    const message = this.side(side);
    if (!message) return;
    const hasNoRoom = carriage.how === 'passed' && framing.type !== 'none' && this.spool.isFull;
    message.carriage = hasNoRoom ? NO_ROOM : carriage;
    const records = framing.type !== 'none' && !hasNoRoom && (carriage.how !== 'streamed' || this.storesStreamed());
    if (records) message.recording = new Recording(this.spool);
    if (framing.type !== 'none' && mediaType(message.head.fields) === 'text/event-stream') message.arrivals = [];
    if (this.watchLimit > 0 && !message.recording) message.tail = new Tail(this.watchLimit);
  }

  interim(head: ResponseHead): void {
    if (this.notes.length < 20)
      this.note({ level: 'info', text: `interim ${head.status} ${head.reason}`, place: null });
  }

  chunk(side: Side): void {
    const message = this.side(side);
    if (message) message.chunks = (message.chunks ?? 0) + 1;
  }

  record(side: Side, bytes: Uint8Array): void {
    this.side(side)?.record(bytes);
    this.changed();
  }

  /** Bytes of a streamed body; they are kept where store_streamed_bodies says so. */
  passed(side: Side, bytes: Uint8Array): void {
    this.record(side, bytes);
  }

  streamed(side: Side): void {
    const message = this.side(side);
    if (!message) return;
    message.carriage = { how: 'streamed', why: 'it grew larger than stream_large_bodies' };
    if (!this.storesStreamed()) message.erase();
  }

  trailers(side: Side, fields: Fields, dropped: readonly string[]): void {
    const message = this.side(side);
    if (message) message.trailers = fields;
    if (dropped.length > 0)
      this.note({ level: 'info', text: `trailers not forwarded: ${dropped.join(', ')}`, place: null });
  }

  ended(side: Side): void {
    this.side(side)?.end(now());
    this.changed();
  }

  malformed(side: Side, raw: string): void {
    if (side === 'request') {
      if (this.request.head.method === '') this.request = this.guess(raw);
      this.request.malformed = raw;
      this.request.endedAt ??= now();
    } else if (this.response) this.response.malformed = raw;
    else {
      const head: ResponseHead = { status: 0, reason: '', version: 'HTTP/1.1', fields: [] };
      this.response = new LiveMessage(head, NO_BODY, 0, null, now());
      this.response.malformed = raw;
      this.response.endedAt = now();
    }
  }

  /** A head that was read but makes no sense as a request: shown as far as it goes. */
  describe(raw: RawRequestHead, inside: Origin | null): void {
    const origin = inside ?? NOWHERE;
    this.requestHead({ ...raw, origin, path: raw.target }, { type: 'none' });
    this.request.end(now());
  }

  /** Its server has switched to websocket. */
  get isWebSocket(): boolean {
    const { response } = this;
    return response?.head.status === 101 && listMembers(response.head.fields, 'upgrade').includes('websocket');
  }

  /** The connection changed to another protocol; bytes go through unread from here on. */
  switched(): void {
    this.isLive = true;
    if (this.response) this.response.carriage = this.isWebSocket ? AS_MESSAGES : SWITCHED;
    this.response?.end(now());
    this.changed();
  }

  /** Messages are told from here on. */
  converse(protocol: Conversation['protocol']): Conversation {
    return this.begin(protocol, this.spool);
  }

  moved(toServer: number, toClient: number): void {
    this.request.size += toServer;
    if (this.response) this.response.size += toClient;
    this.changed();
  }

  /** Ends the exchange, whose body cannot go on. */
  cutOff(message: string): void {
    this.cutBy = message;
    this.handle?.kill();
  }

  failed(kind: ErrorKind, message: string): void {
    if (kind === 'killed' && this.cutBy !== null) return this.fail('cut-off', this.cutBy);
    this.fail(kind, kind === 'cut-off' ? this.cutMessage(message) : message);
  }

  private fail(kind: ErrorKind, message: string): void {
    const why = kind === 'killed' ? 'killed' : kind === 'client-gone' ? 'the client left' : 'cut off';
    this.request.cutOff(why);
    this.response?.cutOff(why);
    this.error = { kind, message, at: now() };
    this.finished();
  }

  finished(): void {
    this.close();
    this.listener.finished(this);
  }

  // --- what the user asks

  /** Keeps the state to come back to; a second call keeps the first (DM-13). */
  keepBackup(): void {
    const { request, response, error, replayed } = this;
    this.backup ??= { request, response, error, replayed, talk: this.conversation?.snapshot() ?? null };
  }

  /** Puts the kept state back and forgets it (DM-15). False when there is none. */
  revert(): boolean {
    if (!this.backup) return false;
    const { talk, ...messages } = this.backup;
    Object.assign(this, messages);
    if (talk) this.conversation?.restore(talk);
    this.backup = null;
    this.notes = [];
    this.changed();
    return true;
  }

  /** The same request is about to be sent again (CR-02, CR-03). */
  beginReplay(): void {
    this.keepBackup();
    const old = this.request;
    this.request = new LiveMessage(old.head, old.carriage, old.expected, old.recording, now());
    this.request.size = old.size;
    this.request.trailers = old.trailers;
    this.request.endedAt = this.request.startedAt;
    this.response = null;
    this.error = null;
    this.cutBy = null;
    this.replayed = true;
    this.isLive = true;
    this.notes = [];
    this.changed();
  }

  replaceMessages(request: LiveMessage<RequestHead>, response: LiveMessage<ResponseHead> | null): void {
    this.request = request;
    this.response = response;
    this.changed();
  }

  /** A script says how that side's body goes on. */
  wishedBy(side: Side, script: string): void {
    this.wishers = { ...this.wishers, [side]: script };
  }

  /** Somebody looks on: the last bytes of what is not recorded are kept from here on, for 0 no more. */
  watch(limit: number): void {
    this.watchLimit = limit;
    for (const message of [this.request, this.response])
      if (message) message.tail = limit > 0 && !message.recording && message.isGrowing ? new Tail(limit) : null;
  }

  /** Scripts have the flow: who, while it waits for them, or null. */
  waits(forWhom: string | null): void {
    this.waitsFor = forWhom;
    this.changed();
  }

  connectedTo(server: ServerFacts, isReused: boolean): void {
    this.server = server;
    this.isReused = isReused;
    this.changed();
  }

  /** A finished copy under another id (DM-16). */
  copyTo(copy: Entry): void {
    copy.request = this.request;
    copy.response = this.response;
    copy.error = this.error;
    copy.server = this.server;
    copy.isReused = this.isReused;
    copy.replayed = this.replayed;
    copy.isLive = false;
    for (const recording of this.recordings()) recording.share();
    copy.changed();
  }

  /** Its bodies are not kept any longer; whether it had any. */
  lose(why: string): boolean {
    const { request, response, backup, conversation } = this;
    const lost = [request, response, backup?.request, backup?.response].filter((message) => message?.lose(why));
    const hasTalk = conversation?.lose() ?? false;
    if (hasTalk) {
      this.notes = [...this.notes, { level: 'info', text: contentsDropped(why), place: null }];
      this.backup &&= { ...this.backup, talk: null };
    }
    if (lost.length === 0 && !hasTalk) return false;
    this.changed();
    return true;
  }

  /** The flow is gone from the ledger, and so are the files of its bodies. */
  dispose(): void {
    this.conversation?.dispose();
    for (const recording of this.recordings()) recording.release();
  }

  /** Those of its messages, and of what V brings back, each once. */
  recordings(): readonly Recording[] {
    const { request, response, backup } = this;
    const found: Recording[] = [];
    for (const message of [request, response, backup?.request, backup?.response])
      if (message?.recording && !found.includes(message.recording)) found.push(message.recording);
    return found;
  }

  // --- pictures

  get hasChanged(): boolean {
    return this.backup !== null;
  }

  picture(): Flow {
    const { id, revision, createdAt, client, marked, replayed, notes } = this;
    const server = this.server && { ...this.server, reused: this.isReused };
    const talk = this.conversation?.picture() ?? null;
    const common = { id, revision, createdAt, client, server, held: this.heldSide, marked, replayed, notes, talk };
    const base = { ...common, kind: 'http' as const, changed: this.hasChanged, request: this.request.picture() };
    const response = this.response?.picture() ?? null;
    if (this.error) return { ...base, phase: 'failed', error: this.error, response };
    if (!response) return { ...base, phase: 'requested' };
    return { ...base, phase: this.isLive ? 'responding' : 'done', response };
  }

  row(): FlowRow {
    return httpRow(this);
  }

  // --- inside

  protected tell(): void {
    this.listener.changed(this);
  }

  /** The message of that side, or null while there is none. */
  side(side: Side): LiveMessage<RequestHead | ResponseHead> | null {
    return side === 'request' ? this.request : this.response;
  }

  /** What a head that could not be read seems to ask for, so that its row says something. */
  private guess(raw: string): LiveMessage<RequestHead> {
    const [, method = '', target = ''] = /^(\S{1,20}) (\S{1,200})/.exec(raw) ?? [];
    const head: RequestHead = { method, target, origin: NOWHERE, path: target, version: 'HTTP/1.1', fields: [] };
    return new LiveMessage(head, NO_BODY, 0, null, this.createdAt);
  }

  private cutMessage(message: string): string {
    const { response } = this;
    if (!response) return message;
    const of = response.expected === null ? '' : ` of ${response.expected}`;
    return `${message}: ${response.size}${of} bytes of the body came`;
  }
}
