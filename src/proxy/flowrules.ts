import { mediaType } from '../flow/fields.js';
import type { Carriage, Side } from '../flow/flow.js';
import { announcedLength, type Framing } from '../http/framing.js';
import type { BodyWish, HookEvent, Rules } from '../http/ports.js';
import { carriageOf, streamLimit } from '../rules/carriage.js';
import type { Context } from './context.js';
import type { Entry } from './entry.js';

/** Media types of bodies that are meant to be read while they come; they may never end. */
const FEEDS = /^(text\/event-stream|multipart\/x-mixed-replace|application\/(grpc|x-ndjson|stream\+json))/;

/** The decisions about one flow's messages, from the options as they are when its heads come. */
export class FlowRules implements Rules {
  constructor(
    private readonly context: Context,
    private readonly entry: Entry,
    readonly altSvcPort: number | null = null,
  ) {}

  get alwaysCloses(): boolean {
    return !this.context.options.validate_inbound_headers;
  }

  hooks(event: HookEvent): boolean {
    return this.context.scripts.wants(event);
  }

  carriage(side: Side, framing: Framing, isHeld: boolean, wish: BodyWish | null): Carriage {
    const hook = this.hookFor(side);
    const carriage = carriageOf(this.context.options, side, announcedLength(framing), isHeld, {
      wish,
      by: this.entry.wishers[side] ?? '',
      hook,
      rule: this.ruleFor(),
      ends: hook === null || (framing.type !== 'close' && !this.isFeed(side)),
    });
    if (carriage.how === 'streamed') this.tell(side);
    return carriage;
  }

  /** Whether options stream that side's body, as far as its head tells (ST-02). */
  streams(side: Side): boolean {
    const message = this.entry.side(side);
    if (!message) return false;
    const nobody = { wish: null, by: '', hook: null, rule: this.ruleFor(), ends: true };
    return carriageOf(this.context.options, side, message.expected, false, nobody).how === 'streamed';
  }

  limit(side: Side): number | null {
    return streamLimit(this.context.options, side);
  }

  holds(): boolean {
    const filter = this.context.intercept;
    if (!filter || this.entry.replayed) return false;
    return filter(this.entry.picture());
  }

  /** ST-10. */
  private tell(side: Side): void {
    const { host } = this.entry.request.head.origin;
    this.context.log('info', side === 'request' ? `Streaming request to ${host}.` : `Streaming response from ${host}.`);
  }

  private ruleFor(): string | null {
    const { streamed } = this.context;
    if (streamed.length === 0) return null;
    const flow = this.entry.picture();
    return streamed.find(({ filter }) => filter(flow))?.text ?? null;
  }

  private hookFor(side: Side): string | null {
    if (!this.hooks(side)) return null;
    const [script] = this.context.scripts.having(side);
    return script ? `${side} hook of ${script.name}` : null;
  }

  private isFeed(side: Side): boolean {
    const message = this.entry.side(side);
    return message !== null && FEEDS.test(mediaType(message.head.fields));
  }
}
