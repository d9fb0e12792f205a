import path from 'node:path';
import type { BodyData } from '../flow/extent.js';
import type { FlowId, Note } from '../flow/flow.js';
import {
  type FlowTarget,
  failureText,
  type LogLevel,
  type ProxyCommand,
  type ProxyEvent,
  type Watched,
} from '../protocol.js';
import type { Request } from '../script/image.js';
import { runScript } from '../script/run.js';
import type { Context } from './context.js';
import { Entry } from './entry.js';
import type { Feed } from './feed.js';
import { applyChange, imageOf } from './image.js';
import { Replay, replayRefusal } from './replay.js';
import type { Script } from './script.js';
import { scriptFault } from './scripts.js';
import { Settings } from './settings.js';
import type { Record } from './shelf.js';

/** Hears the commands of the interface and carries them out, or refuses them with a reason. */
export class Desk {
  private watched: Entry | null = null;
  private readonly settings: Settings;

  constructor(
    private readonly context: Context,
    private readonly feed: Feed,
    private readonly say: (event: ProxyEvent) => void,
    private readonly stop: () => void,
  ) {
    this.settings = new Settings(context, say);
  }

  hear(command: ProxyCommand): void {
    switch (command.type) {
      case 'return-credit':
        return this.feed.returnCredit();
      case 'read-flow':
        return this.read(command.id);
      case 'watch':
        return this.watch(command.id);
      case 'kill':
        return this.each(command, (record) => this.kill(record));
      case 'resume':
        return this.each(command, (record) => this.resume(record));
      case 'replay':
        return this.each(command, (record) => this.replay(record));
      case 'revert':
        return this.each(command, (record, target) => this.revert(record, target));
      case 'duplicate':
        return this.each(command, (record) => this.duplicate(record));
      case 'remove':
        return this.each(command, (record) => this.remove(record));
      case 'mark':
        return this.each(command, (record) => this.mark(record, command.marked));
      case 'pass-host':
        return this.passHost(command.flow);
      case 'run-script':
        void this.runScript(command.flows, command.path);
        return;
      case 'set-option':
        return this.settings.set(command.name, command.value);
      case 'set-script-option':
        return this.settings.setScriptOption(command.name, command.words);
      case 'render-body':
        return this.renderBody(command);
      case 'call-command':
        return this.callCommand(command.name, command.words);
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
  private each(
    command: { readonly type: ProxyCommand['type']; readonly flows: readonly FlowTarget[] },
    act: (record: Record, target: FlowTarget) => string | null,
  ): void {
    const reasons: string[] = [];
    for (const target of command.flows) {
      const record = this.context.ledger.get(target.id);
      const reason = record ? act(record, target) : 'the flow is gone';
      if (reason !== null) reasons.push(reason);
    }
    const [first] = reasons;
    if (first === undefined) return;
    const others = command.flows.length > 1 ? ` (${reasons.length} of ${command.flows.length} flows)` : '';
    this.refuse(command.type, `${first}${others}`);
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

  private kill(record: Record): string | null {
    if (!record.isLive || !record.handle) return 'the flow is not running any more';
    record.handle.kill();
    return null;
  }

  private resume(record: Record): string | null {
    if (!('heldSide' in record) || !record.heldSide) return 'the flow is not held';
    record.released();
    record.handle?.release();
    return null;
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

  private duplicate(record: Record): string | null {
    if (!('copyTo' in record)) return 'only HTTP flows can be duplicated';
    if (record.isLive) return 'the flow is still running';
    const copy = this.context.ledger.open(record.client);
    record.copyTo(copy);
    this.context.ledger.finished(copy);
    this.say({ type: 'flow-added', id: copy.id });
    return null;
  }

  private remove(record: Record): string | null {
    this.context.ledger.remove(record);
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

  /** What a script asks for by itself. */
  asked(request: Request, script: Script): void {
    switch (request.type) {
      case 'add-option':
        return this.added(script, this.context.extras.addOption(script, request.name, request.shape));
      case 'add-command':
        return this.added(script, this.context.extras.addCommand(script, request.name, request.doc));
      case 'add-column':
        return this.added(script, this.context.extras.addColumn(script, request.name, request.width));
      case 'add-view':
        return this.added(script, this.context.extras.addView(script, request.name, request.types));
      case 'execute':
        return this.say({ type: 'command-asked', line: request.line });
      case 'shutdown':
        return this.say({ type: 'quit-asked' });
      case 'set-option':
        return this.settings.setByName(request.name, request.value);
      case 'resume':
      case 'kill': {
        const record = this.context.ledger.get(request.flow);
        if (!record) return;
        if (request.type === 'kill') this.kill(record);
        else this.resume(record);
      }
    }
  }

  private added(script: Script, refusal: string | null): void {
    if (refusal !== null) script.log('error', refusal);
  }

  private renderBody({ id, side, revision, view }: Extract<ProxyCommand, { type: 'render-body' }>): void {
    const rendered = (text: string | null): void => this.say({ type: 'body-rendered', id, side, revision, view, text });
    const script = this.context.extras.viewOwner(view);
    const record = this.context.ledger.get(id);
    if (!script || !(record instanceof Entry)) return rendered(null);
    const flow = imageOf(record, record.error);
    script.call({ type: 'render', view, flow, side }, ({ outcome, thrown, lost }) => {
      const failure = thrown ?? (lost === null ? null : { event: view, message: lost, place: null });
      if (failure) this.context.scriptFailed({ id, ...failure }, script.source.file);
      rendered(outcome?.type === 'said' && outcome.text !== '' ? outcome.text : null);
    });
  }

  private callCommand(name: string, words: readonly string[]): void {
    const script = this.context.extras.ownerOf(name);
    if (!script) return this.refuse('call-command', `there is no command "${name}"`);
    script.call({ type: 'command', name, words }, ({ outcome, thrown, lost }) => {
      const failure = thrown ?? (lost === null ? null : { event: name, message: lost, place: null });
      if (failure) this.context.scriptFailed({ id: null, ...failure }, script.source.file);
      else if (outcome?.type === 'said' && outcome.text !== '')
        this.say({ type: 'command-answered', text: outcome.text });
    });
  }

  private async runScript(targets: readonly FlowTarget[], script: string): Promise<void> {
    const file = path.resolve(script);
    const fault = scriptFault(script, file);
    if (fault !== null) return this.refuse('run-script', fault);
    const records = targets.map(({ id }) => this.context.ledger.get(id)).filter((record) => record !== undefined);
    const entries = records.filter((record): record is Entry => record instanceof Entry && !record.isLive);
    if (entries.length < records.length)
      this.refuse('run-script', 'a flow that is still running, or is no HTTP flow, was left out');
    if (entries.length === 0) return;
    for (const entry of entries) entry.clearScriptNotes();
    const images = entries.map((entry) => imageOf(entry, entry.error));
    const report = await runScript(file, images, this.context.options, {
      changed: (id, change) => this.onEntry(id, (entry) => applyChange(entry, change, this.context.ledger.spool)),
      failed: (failure) => {
        const text = failureText(failure, file);
        this.log('error', text);
        const note: Note = { level: 'error', text, place: failure.place };
        for (const { id } of images)
          if (failure.id === null || failure.id === id) this.onEntry(id, (entry) => entry.note(note));
      },
      log: (level, text) => this.log(level, text),
    });
    this.say({ type: 'script-finished', report });
  }

  private onEntry(id: FlowId, act: (entry: Entry) => void): void {
    const record = this.context.ledger.get(id);
    if (record instanceof Entry) act(record);
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
