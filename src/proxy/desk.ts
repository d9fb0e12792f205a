import type { BodyData } from '../flow/extent.js';
import type { FlowId } from '../flow/flow.js';
import type { FlowTarget, LogLevel, ProxyCommand, ProxyEvent, Undoable, Watched } from '../protocol.js';
import type { Context } from './context.js';
import type { Earlier } from './earlier.js';
import { Entry } from './entry.js';
import type { Feed } from './feed.js';
import { dropMessage, editMessage, injectInto, killFlow, resumeFlow } from './flowacts.js';
import { History, type Undone } from './history.js';
import { type Allowance, Quota } from './quota.js';
import { Replay, replayRefusal } from './replay.js';
import { ScriptDesk } from './scriptdesk.js';
import { Settings } from './settings.js';
import type { Record } from './shelf.js';

interface OnFlows {
  readonly type: ProxyCommand['type'];
  readonly flows: readonly FlowTarget[];
}

/** Done step by step, so that traffic has its turn. */
export type Work = Generator<void, void>;

/** Does something to a flow, or says why it cannot. */
type Act = (record: Record, target: FlowTarget) => string | null;

/** Hears the commands of the interface and carries them out, or refuses them with a reason. */
export class Desk {
  private watched: Entry | null = null;
  private readonly settings: Settings;
  private readonly history: History;
  readonly scripts: ScriptDesk;
  readonly quota: Quota;

  constructor(
    private readonly context: Context,
    private readonly feed: Feed<Record>,
    private readonly say: (event: ProxyEvent) => void,
    private readonly earlier: Earlier,
    private readonly stop: () => void,
  ) {
    this.settings = new Settings(context, say);
    this.history = new History(context.ledger, context.files);
    const { shelf } = context.ledger;
    const allowance = (): Allowance => {
      const name = shelf.keeps ? 'sessions_size' : 'body_memory';
      return { name, bytes: context.options[name] };
    };
    this.quota = new Quota(context.ledger, this.history, allowance, (text) => context.log('warn', text));
    shelf.beaten = () => this.quota.keep();
    this.scripts = new ScriptDesk(context, this.settings, this.history, say);
  }

  /** What takes longer is done step by step by who called, or null. */
  hear(command: ProxyCommand): Work | null {
    const work = this.onFlows(command);
    if (!work) this.obey(command);
    return work;
  }

  private onFlows(command: ProxyCommand): Work | null {
    switch (command.type) {
      case 'inject':
        return this.one(command, (record) =>
          injectInto(record, command.toServer, Buffer.from(command.content), command.isText),
        );
      case 'edit-message':
        return this.one(command, (record) => editMessage(record, command.index, Buffer.from(command.content)));
      case 'drop-message':
        return this.one(command, (record) => dropMessage(record, command.index));
      case 'kill':
        return this.each(command, killFlow);
      case 'resume':
        return this.each(command, resumeFlow);
      case 'replay':
        return this.undoably(command, (record) => this.replay(record));
      case 'revert':
        return this.undoably(command, (record, target) => this.revert(record, target));
      case 'duplicate':
        return this.duplicates(command);
      case 'remove':
        return this.removals(command);
      case 'mark':
        return this.undoably(command, (record) => this.mark(record, command.marked));
      case 'undo':
        return this.undone(this.history.undo(), 'undo');
      case 'redo':
        return this.undone(this.history.redo(), 'redo');
      default:
        return null;
    }
  }

  private obey(command: ProxyCommand): void {
    switch (command.type) {
      case 'return-credit':
        return this.feed.returnCredit();
      case 'open-store':
        return this.context.files.open();
      case 'read-flow':
        return this.read(command.id);
      case 'read-talk':
        return this.readTalk(command.id, command.from);
      case 'watch':
        return this.watch(command.id);
      case 'pass-host':
        return this.passHost(command.flow);
      case 'save-flows': {
        const ids = command.flows.map(({ id }) => id);
        const { path, format } = command;
        const to = { path, format, version: Number(this.context.options.dump_version) };
        return this.context.files.save(ids, to, this.say);
      }
      case 'restore-session':
        return this.earlier.restore(command.name, this.say);
      case 'load-flows':
        return this.context.files.load(command.path, this.context.options.readfile_filter, this.say);
      case 'run-script':
        void this.scripts.run(command.flows, command.path);
        return;
      case 'set-option':
        return this.settings.set(command.name, command.value);
      case 'set-script-option':
        return this.settings.setScriptOption(command.name, command.words);
      case 'render-body':
        return this.scripts.render(command);
      case 'call-command':
        return this.scripts.call(command.name, command.words);
      case 'stop':
        return this.stop();
    }
  }

  log(level: LogLevel, text: string): void {
    this.context.log(level, text);
  }

  private refuse(command: ProxyCommand['type'], reason: string): void {
    this.say({ type: 'refused', command, reason });
  }

  /** Does something to each flow; refuses once, with the first reason, if it cannot be done to some. */
  private *each(command: OnFlows, act: Act): Work {
    let first: string | null = null;
    let refused = 0;
    for (const target of command.flows) {
      const record = this.context.ledger.get(target.id);
      const reason = record ? act(record, target) : 'the flow is gone';
      first ??= reason;
      if (reason !== null) refused += 1;
      yield;
    }
    if (first === null) return;
    const others = command.flows.length > 1 ? ` (${refused} of ${command.flows.length} flows)` : '';
    this.refuse(command.type, `${first}${others}`);
  }

  /** The same, so that it can be undone. */
  private undoably(command: OnFlows & { readonly type: Undoable }, act: Act): Work {
    const begun = this.history.begin(command.type);
    return this.each(command, (record, target) => {
      begun(target.id);
      return act(record, target);
    });
  }

  /** Running flows are killed first; what is with the store's thread need not come here. */
  private *removals({ flows }: OnFlows): Work {
    const { ledger, files } = this.context;
    const begun = this.history.begin('remove');
    let isGone = false;
    for (const { id } of flows) {
      const isOutside = files.has(id);
      const record = isOutside ? undefined : ledger.get(id);
      if (record) this.end(record);
      if (record || isOutside) begun(id);
      if (record) ledger.remove(record);
      else if (isOutside) files.forget(id);
      else isGone = true;
      yield;
    }
    if (isGone) this.refuse('remove', 'the flow is gone');
  }

  private end(record: Record): void {
    record.handle?.kill();
    this.context.ledger.abandon(record);
  }

  private *undone(work: Generator<void, Undone | string>, type: 'undo' | 'redo'): Work {
    const outcome = yield* work;
    if (typeof outcome === 'string') this.refuse(type, outcome);
    else this.say({ type: 'undone', ...outcome, isRedo: type === 'redo' });
  }

  /** Does something to one flow, or refuses it. */
  private one(
    command: { readonly type: ProxyCommand['type']; readonly flow: FlowTarget },
    act: (record: Record) => string | null,
  ): Work {
    return this.each({ type: command.type, flows: [command.flow] }, act);
  }

  private readTalk(id: FlowId, from: number): void {
    const conversation = this.context.ledger.get(id)?.conversation;
    if (!conversation) return this.refuse('read-talk', 'the flow has no conversation');
    conversation.ready(() =>
      this.say({ type: 'talk-read', id, batch: conversation.batch(from), contents: conversation.contents() }),
    );
  }

  private read(id: FlowId): void {
    const record = this.context.ledger.get(id);
    if (!record) return this.refuse('read-flow', 'the flow is gone');
    const bodies = record instanceof Entry ? bodiesOf(record) : { request: null, response: null };
    const watched = this.watched?.id === id ? this.watched : record;
    this.say({ type: 'flow-read', flow: record.picture(), ...bodies, watched: watchedOf(watched) });
  }

  private watch(id: FlowId | null): void {
    this.watched?.watch(0);
    const record = id === null ? undefined : this.context.ledger.get(id);
    this.watched = record instanceof Entry ? record : null;
    this.watched?.watch(this.context.options.stream_tail);
  }

  private replay(record: Record): string | null {
    const refusal = replayRefusal(record);
    if (refusal !== null) return refusal;
    this.context.ledger.revive(record as Entry);
    new Replay(this.context, record as Entry);
    return null;
  }

  private revert(record: Record, target: FlowTarget): string | null {
    if (!('revert' in record)) return 'there is nothing to revert';
    if (record.isLive) return 'the flow is still running';
    if (record.revision !== target.revision) return 'the flow changed meanwhile: look again, then revert';
    return record.revert() ? null : 'the flow was not changed';
  }

  private duplicates(command: OnFlows): Work {
    const made = this.history.beginMaking('duplicate');
    return this.each(command, (record) => this.duplicate(record, made));
  }

  private duplicate(record: Record, made: (id: FlowId) => void): string | null {
    if (!('copyTo' in record)) return 'only HTTP flows can be duplicated';
    if (record.isLive) return 'the flow is still running';
    const copy = this.context.ledger.open(record.client);
    record.copyTo(copy);
    this.context.ledger.finished(copy);
    made(copy.id);
    this.say({ type: 'flow-added', id: copy.id });
    return null;
  }

  private mark(record: Record, marked: boolean): string | null {
    record.setMarked(marked);
    return null;
  }

  /** The host of a flow is passed through untouched for the rest of this session. */
  private passHost(target: FlowTarget): void {
    const record = this.context.ledger.get(target.id);
    if (!record) return this.refuse('pass-host', 'the flow is gone');
    const row = record.row();
    if (row.host === '') return this.refuse('pass-host', 'its host is unknown');
    if (row.scheme === 'http') return this.refuse('pass-host', 'plain HTTP requests are always read');
    const pattern = `^${row.host.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}:${row.port}$`;
    const { ignore_hosts } = this.context.options;
    if (!ignore_hosts.includes(pattern)) this.settings.set('ignore_hosts', [...ignore_hosts, pattern]);
    this.log(
      'alert',
      `${row.host}:${row.port} is passed through untouched from its next connection on, for this session.`,
    );
  }
}

function watchedOf(record: Record): { readonly request: Watched; readonly response: Watched } {
  const of = (message: Entry['response'] | Entry['request']): Watched => ({
    tail: message?.tail?.bytes() ?? null,
    arrivals: message?.arrivals ? Float64Array.from(message.arrivals) : null,
  });
  const entry = record instanceof Entry ? record : null;
  return { request: of(entry?.request ?? null), response: of(entry?.response ?? null) };
}

function bodiesOf(entry: Entry): { readonly request: BodyData | null; readonly response: BodyData | null } {
  return {
    request: entry.request.recording?.contents() ?? null,
    response: entry.response?.recording?.contents() ?? null,
  };
}
