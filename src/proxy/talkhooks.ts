import type { TalkImage } from '../flow/image.js';
import { failureText } from '../protocol.js';
import type { TalkEvent } from '../script/events.js';
import type { Thrown } from '../script/image.js';
import type { Settled } from '../script/thread.js';
import type { Context } from './context.js';
import type { Conversation } from './conversation.js';
import { Entry } from './entry.js';
import { imageOf, passageImage } from './image.js';
import type { Judge, Judgement, Utterance } from './lane.js';
import type { Passage } from './passage.js';
import type { Script } from './script.js';
import { isHalted } from './scripts.js';
import { type Newest, talkImage } from './talkimage.js';

interface Names {
  readonly start: TalkEvent;
  readonly message: TalkEvent;
  readonly end: TalkEvent;
  readonly error: TalkEvent | null;
}

const NAMES: Readonly<Record<'websocket' | 'tcp', Names>> = {
  websocket: { start: 'websocket_start', message: 'websocket_message', end: 'websocket_end', error: null },
  tcp: { start: 'tcp_start', message: 'tcp_message', end: 'tcp_end', error: 'tcp_error' },
};

/** What scripts made of a conversation. */
interface Verdict extends Judgement {
  readonly kills: boolean;
}

/** Shows the messages of one conversation to the scripts and to the intercept filter, one after the other. */
export class TalkHooks implements Judge {
  /** Null for what follows an Upgrade to another protocol than a websocket: it is no raw TCP connection. */
  private readonly names: Names | null;
  private readonly waiting: (() => void)[] = [];
  private isBusy = false;
  private isKnown = false;
  /** How many messages each script's thread knows as they are now, and which thread that is. */
  private readonly known = new Map<Script, { readonly thread: number; readonly count: number }>();
  private kill = (): void => {};

  constructor(
    private readonly context: Context,
    private readonly record: Entry | Passage,
    private readonly conversation: Conversation,
    protocol: 'websocket' | 'tcp',
  ) {
    this.names = record instanceof Entry && protocol === 'tcp' ? null : NAMES[protocol];
    conversation.revised((index) => {
      for (const [script, { thread, count }] of this.known)
        this.known.set(script, { thread, count: Math.min(count, index) });
    });
  }

  get looks(): boolean {
    return this.wants(this.names?.message) || this.intercepts;
  }

  /** Before the first message; `kill` ends the conversation. */
  start(done: () => void, kill: () => void): void {
    this.kill = kill;
    this.tell(this.names?.start, done);
  }

  end(isBroken: boolean): void {
    const event = isBroken ? (this.names?.error ?? this.names?.end) : this.names?.end;
    this.tell(event, () => {
      if (this.isKnown || this.names === NAMES.websocket) this.context.scripts.forget(this.record.id);
    });
  }

  judge(said: Utterance, done: (index: number, judgement: Judgement) => void): void {
    this.next(() => {
      const index = this.conversation.tell(said, said.content);
      const event = this.names?.message;
      const untouched: Verdict = { content: null, isDropped: false, holds: this.intercepts, kills: false };
      const settle = (verdict: Verdict): void => {
        this.release();
        if (verdict.kills) this.kill();
        else done(index, verdict);
      };
      if (event && this.wants(event)) this.ask(event, untouched, { index, said }, settle);
      else settle(untouched);
    });
  }

  private wants(event: TalkEvent | undefined): boolean {
    return event !== undefined && this.context.scripts.wants(event);
  }

  private get intercepts(): boolean {
    const { intercept } = this.context;
    return intercept?.(this.record.picture()) ?? false;
  }

  private tell(event: TalkEvent | undefined, done: () => void): void {
    if (event === undefined || !this.wants(event)) return this.next(() => this.release(done));
    const nothing: Verdict = { content: null, isDropped: false, holds: false, kills: false };
    this.next(() => {
      this.ask(event, nothing, null, ({ kills }) => {
        this.release();
        if (kills) this.kill();
        done();
      });
    });
  }

  private next(action: () => void): void {
    if (this.isBusy) this.waiting.push(action);
    else {
      this.isBusy = true;
      action();
    }
  }

  private release(then: () => void = () => {}): void {
    this.isBusy = false;
    then();
    const action = this.waiting.shift();
    if (action) this.next(action);
  }

  private ask(
    event: TalkEvent,
    before: Verdict,
    current: { readonly index: number; readonly said: Utterance } | null,
    done: (verdict: Verdict) => void,
  ): void {
    this.isKnown = true;
    let verdict = before;
    const wasHeld = this.record.heldSide !== null;
    const newest = (): Newest | null =>
      current && {
        index: current.index,
        content: verdict.content ?? current.said.content,
        dropped: verdict.isDropped,
      };
    this.whenReadable(event, current?.index ?? this.conversation.length, () =>
      this.context.scripts.ask(
        event,
        (script) => ({ type: 'talk', event, flow: this.image(), talk: this.talkFor(script, newest()) }),
        (settled, script) => {
          verdict = this.heard(event, verdict, settled, script);
          return !verdict.kills && !isHalted(settled);
        },
        () => {
          if (!wasHeld && this.record.heldSide !== null && !verdict.holds) this.record.released(); // a hook held it for itself
          done(verdict);
        },
      ),
    );
  }

  /** Of these first messages those that a script does not know are read from where they were recorded. */
  private whenReadable(event: TalkEvent, old: number, done: () => void): void {
    const isBehind = this.context.scripts.having(event).some((script) => this.knownTo(script) < old);
    if (isBehind) this.conversation.ready(done);
    else done();
  }

  private knownTo(script: Script): number {
    const known = this.known.get(script);
    return known?.thread === script.generation ? known.count : 0;
  }

  private image() {
    const { record } = this;
    return record instanceof Entry ? imageOf(record, record.error) : passageImage(record);
  }

  private talkFor(script: Script, newest: Newest | null): TalkImage {
    const { conversation } = this;
    const from = this.knownTo(script);
    this.known.set(script, { thread: script.generation, count: newest ? newest.index + 1 : conversation.length });
    return talkImage(conversation, from, newest);
  }

  private heard(event: TalkEvent, before: Verdict, settled: Settled, script: Script): Verdict {
    const { outcome, thrown, warnings, lost } = settled;
    for (const warning of warnings)
      script.log('warn', failureText({ id: this.record.id, ...warning }, script.source.file));
    if (thrown) this.blame(script, thrown);
    if (lost !== null) this.blame(script, { event, message: `${lost}; the message went on as it was`, place: null });
    if (outcome?.type !== 'talk') return before;
    const { note, message, kills, hold } = outcome;
    if (note) this.record.annotate(note);
    return {
      content: message?.content ?? before.content,
      isDropped: message?.isDropped ?? before.isDropped,
      holds: hold ?? before.holds,
      kills: kills || before.kills,
    };
  }

  private blame(script: Script, thrown: Thrown): void {
    const failure = { id: this.record.id, ...thrown };
    this.record.note({ level: 'error', text: failureText(failure, script.source.file), place: thrown.place });
    this.context.scriptFailed(failure, script.source.file);
  }
}
