import type { FlowId } from '../flow/flow.js';
import type { Place } from '../journal/places.js';
import type { Undoable } from '../protocol.js';
import type { Ledger } from './ledger.js';

/** Actions that can be undone. */
const MOST = 100;

/** What was done to flows, and how each stood before; null for one that was not there. */
interface Action {
  readonly what: Undoable;
  readonly stood: ReadonlyMap<FlowId, Place | null>;
  /** Flows that were deleted where they are: with the store's thread. */
  readonly outside: readonly FlowId[];
}

/** Where flows are that never came in. */
interface OutsideFlows {
  readonly outside: { has(id: FlowId): boolean };
  forget(ids: readonly FlowId[]): void;
  recall(ids: readonly FlowId[]): void;
}

/** What came of undoing or redoing. */
export interface Undone {
  readonly what: Undoable;
  readonly flows: number;
}

/**
 * What was done to flows that are over. Their records are never changed, so that how one stood before an action is where
 * its record was: undoing puts that back, and keeps what it took away for redoing.
 */
export class History {
  private readonly done: Action[] = [];
  private readonly undone: Action[] = [];

  constructor(
    private readonly ledger: Ledger,
    private readonly files: OutsideFlows,
  ) {}

  /** Something is about to be done to these flows; those under way do not count. Those outside are to be deleted. */
  begin(what: Undoable, ids: Iterable<FlowId>, outside: readonly FlowId[] = []): void {
    const stood = new Map<FlowId, Place | null>();
    for (const id of ids) if (!this.ledger.isLive(id)) stood.set(id, this.ledger.shelf.retain(id));
    if (stood.size + outside.length > 0) this.add({ what, stood, outside });
  }

  /** These flows have just been made. */
  made(what: Undoable, ids: Iterable<FlowId>): void {
    this.add({ what, stood: new Map([...ids].map((id) => [id, null])), outside: [] });
  }

  /** Undoes the newest action; in words why it cannot. */
  undo(): Undone | string {
    return this.step(this.done, this.undone, 'undo');
  }

  redo(): Undone | string {
    return this.step(this.undone, this.done, 'redo');
  }

  private add(added: Action): void {
    for (const action of this.undone.splice(0)) this.forget(action);
    this.done.push(added);
    if (this.done.length > MOST) {
      const oldest = this.done.shift();
      if (oldest) this.forget(oldest);
    }
  }

  private step(from: Action[], to: Action[], name: 'undo' | 'redo'): Undone | string {
    const action = from.at(-1);
    if (!action) return `there is nothing to ${name}`;
    for (const id of [...action.stood.keys(), ...action.outside])
      if (this.ledger.isLive(id)) return 'a flow of it is still running: kill it first, or wait';
    from.pop();
    const stands = new Map<FlowId, Place | null>();
    for (const [id, before] of action.stood) {
      stands.set(id, this.ledger.shelf.retain(id));
      this.ledger.restore(id, before);
      this.ledger.shelf.release(before);
    }
    const { what } = action;
    const outside = name === 'undo' ? this.recalled(action) : this.forgotten(action, stands);
    to.push({ what, stood: stands, outside });
    return { what, flows: stands.size + outside.length };
  }

  private recalled({ outside }: Action): readonly FlowId[] {
    if (outside.length > 0) this.files.recall(outside);
    return outside;
  }

  /** Those that have come in meanwhile are deleted here. */
  private forgotten({ outside }: Action, stands: Map<FlowId, Place | null>): readonly FlowId[] {
    const still = outside.filter((id) => this.files.outside.has(id));
    for (const id of outside) {
      if (this.files.outside.has(id)) continue;
      stands.set(id, this.ledger.shelf.retain(id));
      this.ledger.restore(id, null);
    }
    if (still.length > 0) this.files.forget(still);
    return still;
  }

  private forget({ stood }: Action): void {
    for (const place of stood.values()) this.ledger.shelf.release(place);
  }
}
