import type { Carriage, Side } from '../flow/flow.js';
import { announcedLength, type Framing } from '../http/framing.js';
import type { Rules } from '../http/ports.js';
import { carriageOf, streamLimit } from '../rules/carriage.js';
import type { Context } from './context.js';
import type { Entry } from './entry.js';

/** The decisions about one flow's messages, from the options as they are when its heads come. */
export class FlowRules implements Rules {
  constructor(
    private readonly context: Context,
    private readonly entry: Entry,
  ) {}

  get alwaysCloses(): boolean {
    return !this.context.options.validate_inbound_headers;
  }

  carriage(side: Side, framing: Framing, isHeld: boolean): Carriage {
    return carriageOf(this.context.options, side, announcedLength(framing), isHeld);
  }

  limit(side: Side): number | null {
    return streamLimit(this.context.options, side);
  }

  holds(): boolean {
    const filter = this.context.intercept;
    if (!filter || this.entry.replayed) return false;
    return filter(this.entry.picture());
  }
}
