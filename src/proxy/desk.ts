import fs from 'node:fs';
import path from 'node:path';
import type { BodyData } from '../flow/extent.js';
import type { FlowId, Note } from '../flow/flow.js';
import { isMistake, type OptionName, type OptionValue, withOption } from '../options.js';
import { type FlowTarget, failureText, type LogLevel, type ProxyCommand, type ProxyEvent } from '../protocol.js';
import { runScript } from '../script/run.js';
import type { Context } from './context.js';
import { Entry } from './entry.js';
import type { Feed } from './feed.js';
import { applyChange, imageOf } from './oneshot.js';
import { Replay, replayRefusal } from './replay.js';
import { compileRules } from './rulebook.js';
import type { Record } from './shelf.js';

/** Hears the commands of the interface and carries them out, or refuses them with a reason. */
export class Desk {
  constructor(
    private readonly context: Context,
    private readonly feed: Feed,
    private readonly say: (event: ProxyEvent) => void,
    private readonly stop: () => void,
  ) {}

  hear(command: ProxyCommand): void {
    switch (command.type) {
      case 'return-credit':
        return this.feed.returnCredit();
      case 'read-flow':
        return this.read(command.id);
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
        return this.setOption(command.name, command.value);
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
    this.say({ type: 'flow-read', flow: record.picture(), ...bodies });
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
    if (!ignore_hosts.includes(pattern)) this.setOption('ignore_hosts', [...ignore_hosts, pattern]);
    this.log(
      'alert',
      `${row.host}:${row.port} is passed through untouched from its next connection on, for this session.`,
    );
  }

  private setOption(name: OptionName, value: OptionValue): void {
    const options = withOption(this.context.options, name, value);
    const rules = compileRules(options, this.context.options, this.context.trust);
    if (isMistake(rules)) return this.refuse('set-option', rules.mistake);
    Object.assign(this.context, rules, { options });
    this.say({ type: 'option-changed', name, value });
  }

  private async runScript(targets: readonly FlowTarget[], script: string): Promise<void> {
    const file = path.resolve(script);
    if (!fs.existsSync(file)) return this.refuse('run-script', `No such script: ${script}`);
    if (/\.py$/.test(file))
      return this.refuse('run-script', 'Python scripts do not run here: scripts are .js, .mjs or .ts modules.');
    if (!/\.(js|mjs|cjs|ts|mts)$/.test(file))
      return this.refuse('run-script', `Not a script: ${script} (scripts are .js, .mjs or .ts modules)`);
    const records = targets.map(({ id }) => this.context.ledger.get(id)).filter((record) => record !== undefined);
    const entries = records.filter((record): record is Entry => record instanceof Entry && !record.isLive);
    if (entries.length < records.length)
      this.refuse('run-script', 'a flow that is still running, or is no HTTP flow, was left out');
    if (entries.length === 0) return;
    for (const entry of entries) entry.clearScriptNotes();
    const images = entries.map((entry) => imageOf(entry, entry.error));
    const report = await runScript(file, images, this.context.options.script_timeout, {
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

function bodiesOf(entry: Entry): { readonly request: BodyData | null; readonly response: BodyData | null } {
  return {
    request: entry.request.recording?.contents() ?? null,
    response: entry.response?.recording?.contents() ?? null,
  };
}
