import type { FlowId } from '../flow/flow.js';
import type { ProxyCommand } from '../protocol.js';
import type { Work } from './desk.js';
import type { Files } from './files.js';

/** Flows that are fetched in one go: taking them in must not keep traffic waiting. */
const AT_ONCE = 25;
/** Milliseconds of work on a command in one go, and steps between two looks at the clock. */
const [SLICE, STRIDE] = [4, 16];

/** Commands that may overtake those about many flows. */
const QUICK = new Set<ProxyCommand['type']>(['return-credit', 'stop', 'open-store']);

/** The flow of that index which must be here for a command to be carried out; null behind the last. */
function neededBy(command: ProxyCommand, index: number): FlowId | null {
  if (command.type === 'save-flows' || command.type === 'remove') return null;
  if ('flows' in command) return command.flows[index]?.id ?? null;
  if (index > 0) return null;
  if ('flow' in command) return command.flow.id;
  return 'id' in command ? command.id : null;
}

/**
 * Carries out commands in their order, those about many flows in slices that leave traffic its turn; flows that are with
 * the store's thread are fetched before the first command about them.
 */
export class Fetching {
  private waiting: ProxyCommand[] = [];
  private next = 0;
  /** Flows of the next command that are known to be here. */
  private here = 0;
  private isBusy = false;

  constructor(
    private readonly files: Files,
    private readonly obey: (command: ProxyCommand) => Work | null,
  ) {}

  hear(command: ProxyCommand): void {
    if (QUICK.has(command.type)) return void this.obey(command);
    this.waiting.push(command);
    if (!this.isBusy) this.go();
  }

  private go(): void {
    for (let command = this.waiting[this.next]; command; command = this.waiting[this.next]) {
      const outside = this.outside();
      if (outside.length > 0) return this.fetch(outside);
      this.next += 1;
      this.here = 0;
      const work = this.obey(command);
      if (work && !this.hasDone(work)) return;
    }
    this.waiting = [];
    this.next = 0;
  }

  /** What the next command needs from outside, and those behind it while there is room; nothing if it can go on. */
  private outside(): FlowId[] {
    const wanted = new Set<FlowId>();
    for (let at = this.next; at < this.waiting.length && wanted.size < AT_ONCE; at += 1) {
      const command = this.waiting[at];
      if (!command) break;
      let index = at === this.next ? this.here : 0;
      for (let id = neededBy(command, index); id !== null && wanted.size < AT_ONCE; id = neededBy(command, index)) {
        if (this.files.has(id)) wanted.add(id);
        index += 1;
      }
      if (at === this.next) this.here = index;
      if (wanted.size === 0 || command.type === 'remove') break;
    }
    return [...wanted];
  }

  private fetch(ids: readonly FlowId[]): void {
    this.isBusy = true;
    this.files.bring(ids, () => {
      this.isBusy = false;
      this.go();
    });
  }

  /** Whether it could be done at once; if not, it goes on by itself, and then with the next command. */
  private hasDone(work: Work): boolean {
    const until = performance.now() + SLICE;
    while (performance.now() < until) for (let step = 0; step < STRIDE; step += 1) if (work.next().done) return true;
    this.isBusy = true;
    setImmediate(() => {
      this.isBusy = false;
      if (this.hasDone(work)) this.go();
    });
    return false;
  }
}
