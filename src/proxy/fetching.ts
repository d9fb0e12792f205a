import type { FlowId } from '../flow/flow.js';
import type { ProxyCommand } from '../protocol.js';
import type { Files } from './files.js';

/** Flows that are fetched in one go: taking them in must not keep traffic waiting. */
const AT_ONCE = 25;

/** The flows that must be here for a command to be carried out. Those outside need not come in to be saved or deleted. */
function neededBy(command: ProxyCommand): readonly FlowId[] {
  if (command.type === 'save-flows' || command.type === 'remove') return [];
  if ('flows' in command) return command.flows.map(({ id }) => id);
  if ('flow' in command) return [command.flow.id];
  return 'id' in command && command.id !== null ? [command.id] : [];
}

/**
 * Carries out commands in their order; flows that are with the store's thread are fetched before the first command about
 * them.
 */
export class Fetching {
  private waiting: ProxyCommand[] = [];
  private next = 0;
  private isFetching = false;

  constructor(
    private readonly files: Files,
    private readonly obey: (command: ProxyCommand) => void,
  ) {}

  hear(command: ProxyCommand): void {
    if (command.type === 'return-credit' || command.type === 'stop') return this.obey(command);
    this.waiting.push(command);
    if (!this.isFetching) this.go();
  }

  private go(): void {
    for (let command = this.waiting[this.next]; command; command = this.waiting[this.next]) {
      const outside = this.outsideFrom(this.next);
      if (outside.length > 0) return this.fetch(outside);
      this.next += 1;
      this.obey(command);
    }
    this.waiting = [];
    this.next = 0;
  }

  /** What the next command needs from outside, and those behind it while there is room; nothing if it can go on. */
  private outsideFrom(index: number): FlowId[] {
    const wanted = new Set<FlowId>();
    for (let at = index; at < this.waiting.length && wanted.size < AT_ONCE; at += 1) {
      const command = this.waiting[at];
      if (!command) break;
      for (const id of neededBy(command)) {
        if (this.files.outside.has(id)) wanted.add(id);
        if (wanted.size >= AT_ONCE) break;
      }
      if (wanted.size === 0 || command.type === 'remove') break;
    }
    return [...wanted];
  }

  private fetch(ids: readonly FlowId[]): void {
    this.isFetching = true;
    this.files.bring(ids, () => {
      this.isFetching = false;
      this.go();
    });
  }
}
