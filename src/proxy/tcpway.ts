import { now } from '../flow/clock.js';
import type { Lane } from './lane.js';
import type { Outbox } from './outbox.js';
import type { Way } from './way.js';

/** Raw bytes one way: what one read gave is a message (DMW-03). */
export class TcpWay implements Way {
  private hasEnded = false;

  constructor(
    private readonly fromClient: boolean,
    readonly lane: Lane,
    private readonly out: Outbox,
  ) {}

  get isFull(): boolean {
    return this.lane.isFull;
  }

  push(bytes: Buffer): void {
    this.say(bytes, false);
  }

  end(done: () => void): void {
    this.hasEnded = true;
    this.lane.after(done);
  }

  inject(content: Buffer): string | null {
    if (this.hasEnded) return 'that side of the connection has ended';
    this.say(content, true);
    return null;
  }

  close(): void {
    this.lane.close();
  }

  private say(content: Buffer, isInjected: boolean): void {
    this.lane.say({
      fromClient: this.fromClient,
      kind: 'data',
      isInjected,
      at: now(),
      size: content.length,
      content,
      pass: (other, done) => {
        this.out.put(other ?? content);
        this.out.flush();
        done();
      },
      drop: () => {},
    });
  }
}
