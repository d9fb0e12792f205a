import type { Note, Side } from '../flow/flow.js';
import type { FlowImage } from '../flow/image.js';
import type { Pieces } from '../flow/pieces.js';
import { type BodyWish, type HookEvent, NO_VERDICT, type Verdict } from '../http/ports.js';
import { failureText } from '../protocol.js';
import type { FlowChange, Thrown } from '../script/image.js';
import type { Settled } from '../script/thread.js';
import type { Context } from './context.js';
import type { Entry } from './entry.js';
import { FlowRules } from './flowrules.js';
import { applyLive, imageOf, withoutField } from './image.js';
import { Lookout } from './lookout.js';
import type { Script } from './script.js';
import { isHalted } from './scripts.js';

/** Takes the pieces a function made of a body. */
type TakePieces = (side: Side, pieces: Pieces, taken: number, isLast: boolean) => void;

const IGNORED = 'has been sent already: what was changed of it is ignored, and the flow shows what was sent';

/** Asks the scripts about one flow, one event after the other, and puts what they say onto it. */
export class FlowHooks {
  private readonly waiting: (() => void)[] = [];
  private isBusy = false;
  private isKnown = false;
  private readonly lookouts: Partial<Record<Side, Lookout>> = {};

  constructor(
    private readonly context: Context,
    private readonly entry: Entry,
    private readonly take: TakePieces,
  ) {}

  /** Calls the hooks for an event; `done` hears what came of all of them. */
  ask(
    event: HookEvent | 'http_connect' | 'http_connect_upstream' | 'http_connected' | 'http_connect_error',
    sent: readonly Side[],
    done: (verdict: Verdict) => void,
  ): void {
    this.isKnown = true;
    this.next(() => {
      this.whenReadable(() => this.call(event, sent, done));
    });
  }

  look(side: Side, bytes: Uint8Array, endsChunk: boolean | null): void {
    this.lookouts[side]?.push(bytes, endsChunk);
  }

  lookEnd(side: Side): void {
    this.lookouts[side]?.end();
  }

  /** The flow is over. */
  close(): void {
    if (this.isKnown)
      this.next(() => {
        this.context.scripts.forget(this.entry.id);
        this.release();
      });
  }

  private next(action: () => void): void {
    if (this.isBusy) this.waiting.push(action);
    else {
      this.isBusy = true;
      action();
    }
  }

  private release(): void {
    this.isBusy = false;
    const action = this.waiting.shift();
    if (action) this.next(action);
  }

  /** Scripts read bodies from where they were recorded. */
  private whenReadable(done: () => void): void {
    const { request, response } = this.entry;
    const afterRequest = (): void => (response?.recording ? response.recording.ready(done) : done());
    if (request.recording) request.recording.ready(afterRequest);
    else afterRequest();
  }

  private call(event: Parameters<FlowHooks['ask']>[0], sent: readonly Side[], done: (verdict: Verdict) => void): void {
    const { context, entry } = this;
    const { scripts } = context;
    let verdict: Verdict = NO_VERDICT;
    const [first] = scripts.having(event);
    const wasHeld = entry.heldSide !== null;
    if (first) entry.waits(`waits for the ${event} hook of ${first.name}`);
    scripts.ask(
      event,
      () => ({ type: 'flow', event, flow: this.image(event), sent }),
      (settled, script) => {
        verdict = this.heard(event, sent, verdict, settled, script);
        return !verdict.kill && !isHalted(settled);
      },
      () => {
        entry.waits(null);
        if (!wasHeld && entry.heldSide !== null && verdict.hold !== true) entry.released(); // a hook held it for itself
        this.release();
        done(this.undecoded(event, verdict));
      },
    );
  }

  /**
   * Where the function that was agreed on gets the body decoded, the head must not say that it is coded. That is known
   * once all scripts were asked: a later one may have put another function in its place.
   */
  private undecoded(event: string, verdict: Verdict): Verdict {
    const side: Side = event === 'requestheaders' ? 'request' : 'response';
    if (verdict.wish !== 'look' || !this.lookouts[side]?.isDecoded) return verdict;
    withoutField(this.entry, side, 'content-encoding', this.context.ledger.spool);
    return { ...verdict, request: this.entry.request.head, response: this.entry.response?.head ?? null };
  }

  /** The flow as it is; at its headers, with what options have in mind for the body. */
  private image(event: string): FlowImage {
    const { entry, context } = this;
    const image = imageOf(entry, entry.error);
    const rules = new FlowRules(context, entry);
    if (event === 'requestheaders')
      return { ...image, request: { ...image.request, streams: rules.streams('request') } };
    if (event !== 'responseheaders' || !image.response) return image;
    return { ...image, response: { ...image.response, streams: rules.streams('response') } };
  }

  private heard(event: string, sent: readonly Side[], before: Verdict, settled: Settled, script: Script): Verdict {
    const { outcome, thrown, warnings, lost } = settled;
    for (const warning of warnings)
      script.log('warn', failureText({ id: this.entry.id, ...warning }, script.source.file));
    if (thrown) this.blame(script, thrown);
    if (lost !== null) this.blame(script, { event, message: `${lost}; the flow went on as it was`, place: null });
    if (outcome?.type !== 'flow') return before;
    const { change, wishes } = outcome;
    let verdict = before;
    if (change) verdict = this.applied(event, sent, verdict, change, script, warnings.length > 0);
    if (!wishes) return verdict;
    const wish = wishes.stream.request ?? wishes.stream.response ?? null;
    if (wish !== null) verdict = { ...verdict, wish: this.wished(event, wish, script, wishes.isDecoded) };
    return { ...verdict, kill: verdict.kill || wishes.kill, hold: wishes.hold ?? verdict.hold };
  }

  private applied(
    event: string,
    sent: readonly Side[],
    verdict: Verdict,
    change: FlowChange,
    script: Script,
    isTold: boolean,
  ): Verdict {
    const { entry, context } = this;
    const ignored = sent.filter((side) => isChanged(change, side));
    if (ignored.length > 0 && event !== 'error' && !isTold)
      script.log('warn', `in ${event}: the ${ignored.join(' and the ')} ${IGNORED}`);
    applyLive(entry, change, sent, context.ledger.spool);
    const side: Side = event.startsWith('response') ? 'response' : 'request';
    const body = change[side]?.body;
    const trailers = change.names.includes(`${side}.trailers`) ? (change[side]?.trailers ?? null) : null;
    return {
      ...verdict,
      request: entry.request.head,
      response: entry.response?.head ?? null,
      given: side === 'request' && entry.response ? { head: entry.response.head, size: entry.response.size } : null,
      size: body === undefined ? verdict.size : (body?.length ?? 0),
      trailers: trailers ?? verdict.trailers,
    };
  }

  private wished(event: string, wish: BodyWish, script: Script, isDecoded: boolean): BodyWish {
    const side: Side = event === 'requestheaders' ? 'request' : 'response';
    this.entry.wishedBy(side, script.name);
    if (wish === 'look')
      this.lookouts[side] = new Lookout(script, this.entry.id, side, isDecoded, {
        take: (pieces, taken, isLast) => this.take(side, pieces, taken, isLast),
        blame: (thrown) => this.blame(script, thrown),
        cut: (why) => this.entry.cutOff(why),
      });
    return wish;
  }

  private blame(script: Script, thrown: Thrown): void {
    const failure = { id: this.entry.id, ...thrown };
    const note: Note = { level: 'error', text: failureText(failure, script.source.file), place: thrown.place };
    this.entry.note(note);
    this.context.scriptFailed(failure, script.source.file);
  }
}

/** More than the trailers changed. */
function isChanged(change: FlowChange, side: Side): boolean {
  return change.names.some((name) => (name === side || name.startsWith(`${side}.`)) && name !== `${side}.trailers`);
}
