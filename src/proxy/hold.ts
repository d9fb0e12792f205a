import type { Side } from '../flow/flow.js';
import type { Conversation } from './conversation.js';

/** Whether a flow is held, and who wants to hear of its release. */
export class Hold {
  side: Side | null = null;
  private isByMessage = false;
  private readonly listeners: (() => void)[] = [];

  release(): void {
    this.side = null;
    for (const heard of this.listeners.splice(0)) heard();
  }

  /** Calls back when nobody holds it any more; at once where nobody does. */
  onRelease(heard: () => void): void {
    if (this.side === null) heard();
    else this.listeners.push(heard);
  }

  /** A held message holds its flow; without one the flow is as it was. */
  follow({ held }: Conversation): void {
    if (held) this.side = held.fromClient ? 'request' : 'response';
    else if (this.isByMessage) this.side = null;
    this.isByMessage = held !== null;
  }
}
