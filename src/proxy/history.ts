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

  constructor(private readonly ledger: Ledger) {}

  /** Something is about to be done to these flows; those under way do not count. */
  begin(what: Undoable, ids: Iterable<FlowId>): void {
    const stood = new Map<FlowId, Place | null>();
    for (const id of ids) if (!this.ledger.isLive(id)) stood.set(id, this.ledger.shelf.retain(id));
    if (stood.size > 0) this.add(what, stood);
  }

  /** These flows have just been made. */
  made(what: Undoable, ids: Iterable<FlowId>): void {
    this.add(what, new Map([...ids].map((id) => [id, null])));
  }

  /** Undoes the newest action; in words why it cannot. */
  undo(): Undone | string {
    return this.step(this.done, this.undone, 'undo');
  }

  redo(): Undone | string {
    return this.step(this.undone, this.done, 'redo');
  }

  /** The oldest action cannot be undone any more; whether there was one. */
  forgetOldest(): boolean {
    const oldest = this.done.shift() ?? this.undone.shift();
    if (oldest) this.forget(oldest);
    return oldest !== undefined;
  }

  private add(what: Undoable, stood: Action['stood']): void {
    for (const action of this.undone.splice(0)) this.forget(action);
    this.done.push({ what, stood });
    if (this.done.length > MOST) this.forgetOldest();
  }

  private step(from: Action[], to: Action[], name: string): Undone | string {
    const action = from.at(-1);
    if (!action) return `there is nothing to ${name}`;
    for (const id of action.stood.keys())
      if (this.ledger.isLive(id)) return 'a flow of it is still running: kill it first, or wait';
    from.pop();
    const stands = new Map<FlowId, Place | null>();
    for (const [id, before] of action.stood) {
      stands.set(id, this.ledger.shelf.retain(id));
      this.ledger.restore(id, before);
      this.ledger.shelf.release(before);
    }
    to.push({ what: action.what, stood: stands });
    return { what: action.what, flows: stands.size };
  }

  private forget({ stood }: Action): void {
    for (const place of stood.values()) this.ledger.shelf.release(place);
  }
}
