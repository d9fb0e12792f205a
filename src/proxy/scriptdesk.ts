import path from 'node:path';
import type { FlowId, Note } from '../flow/flow.js';
import { type FlowTarget, failureText, type ProxyCommand, type ProxyEvent } from '../protocol.js';
import type { Request } from '../script/image.js';
import { runScript } from '../script/run.js';
import type { Context } from './context.js';
import { Entry } from './entry.js';
import { injectInto, killFlow, resumeFlow } from './flowacts.js';
import type { History } from './history.js';
import { applyOnce, finishedImage, imageOf } from './image.js';
import type { Script } from './script.js';
import { scriptFault } from './scripts.js';
import type { Settings } from './settings.js';
import type { Record } from './shelf.js';

/** Carries out what scripts ask for, and what the interface asks of them. */
export class ScriptDesk {
  constructor(
    private readonly context: Context,
    private readonly settings: Settings,
    private readonly history: History,
    private readonly say: (event: ProxyEvent) => void,
  ) {}

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
        if (request.type === 'kill') killFlow(record);
        else resumeFlow(record);
        return;
      }
      case 'inject':
        return this.added(script, this.inject(request));
      case 'await-resume':
        return this.awaitResume(request.flow, script);
    }
  }

  private inject({ flow, toServer, content, isText }: Extract<Request, { type: 'inject' }>): string | null {
    const record = this.context.ledger.get(flow);
    if (!record) return 'inject: the flow is gone';
    return injectInto(record, toServer, Buffer.from(content), isText);
  }

  /** A hook that holds a flow waits for its release: it is held from here on, not only when the hook is over. */
  private awaitResume(id: FlowId, script: Script): void {
    const record = this.context.ledger.get(id);
    if (!record?.isLive) return script.released(id);
    const isAnswered = record instanceof Entry && record.response !== null;
    if (record.heldSide === null) record.held(isAnswered ? 'response' : 'request');
    record.hold.onRelease(() => script.released(id));
  }

  private added(script: Script, refusal: string | null): void {
    if (refusal !== null) script.log('error', refusal);
  }

  /** Lets a script's view show a body. */
  render({ id, side, revision, view }: Extract<ProxyCommand, { type: 'render-body' }>): void {
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

  /** Calls a script's command. */
  call(name: string, words: readonly string[]): void {
    const script = this.context.extras.ownerOf(name);
    if (!script) return this.refuse('call-command', `there is no command "${name}"`);
    script.call({ type: 'command', name, words }, ({ outcome, thrown, lost }) => {
      const failure = thrown ?? (lost === null ? null : { event: name, message: lost, place: null });
      if (failure) this.context.scriptFailed({ id: null, ...failure }, script.source.file);
      else if (outcome?.type === 'said' && outcome.text !== '')
        this.say({ type: 'command-answered', text: outcome.text });
    });
  }

  /** Runs a script once over flows that are over. */
  async run(targets: readonly FlowTarget[], script: string): Promise<void> {
    const file = path.resolve(script);
    const fault = scriptFault(script, file);
    if (fault !== null) return this.refuse('run-script', fault);
    const records = targets.map(({ id }) => this.context.ledger.get(id)).filter((record) => record !== undefined);
    const finished = records.filter((record) => !record.isLive && (record instanceof Entry || record.conversation));
    if (finished.length < records.length)
      this.refuse('run-script', 'a flow that is still running, or was passed through unread, was left out');
    if (finished.length === 0) return;
    const begun = this.history.begin('run-script');
    for (const { id } of finished) begun(id);
    for (const record of finished) record.clearScriptNotes();
    const flows = await Promise.all(finished.map(finishedImage));
    const report = await runScript(file, flows, this.context.options, {
      changed: (id, change, messages) =>
        this.onRecord(id, (record) => applyOnce(record, change, messages, this.context.ledger.spool)),
      failed: (failure) => {
        const text = failureText(failure, file);
        this.context.log('error', text);
        const note: Note = { level: 'error', text, place: failure.place };
        for (const { flow } of flows)
          if (failure.id === null || failure.id === flow.id) this.onRecord(flow.id, (record) => record.note(note));
      },
      log: (level, text) => this.context.log(level, text),
    });
    this.say({ type: 'script-finished', report });
  }

  private onRecord(id: FlowId, act: (record: Record) => void): void {
    const record = this.context.ledger.get(id);
    if (record) act(record);
  }

  private refuse(command: ProxyCommand['type'], reason: string): void {
    this.say({ type: 'refused', command, reason });
  }
}
