import type { FlowId } from '../flow/flow.js';
import type { Place } from '../journal/places.js';
import type { Undoable } from '../protocol.js';
import type { Ledger } from './ledger.js';

/** Actions that can be undone. */
const MOST = 100;

/** A flow stood there with the store's thread. */
const OUTSIDE = 'outside';

/** How a flow stood: where its record is, or null for one that was not there. */
type Stood = Place | typeof OUTSIDE | null;

/** What was done to flows, and how each stood before. */
interface Action {
  readonly what: Undoable;
  readonly stood: Map<FlowId, Stood>;
}

/** What came of undoing or redoing. */
export interface Undone {
  readonly what: Undoable;
  readonly flows: number;
}

/** Has flows that nobody has done anything to. */
interface Others {
  has(id: FlowId): boolean;
  forget(id: FlowId): void;
  takeBack(id: FlowId): void;
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
    private readonly others: Others,
  ) {}

  /** Something is done; what it answers with is to hear of each flow before that. Those under way do not count. */
  begin(what: Undoable): (id: FlowId) => void {
    let action: Action | null = null;
    return (id) => {
      if (this.ledger.isLive(id) || action?.stood.has(id)) return;
      action ??= this.add(what);
      action.stood.set(id, this.standing(id));
    };
  }

  /** Flows are made; what it answers with is to hear of each. */
  beginMaking(what: Undoable): (id: FlowId) => void {
    let action: Action | null = null;
    return (id) => {
      action ??= this.add(what);
      action.stood.set(id, null);
    };
  }

  /** Undoes the newest action, flow by flow; at last says what was done, or in words why it cannot be. */
  undo(): Generator<void, Undone | string> {
    return this.step(this.done, this.undone, 'undo');
  }

  redo(): Generator<void, Undone | string> {
    return this.step(this.undone, this.done, 'redo');
  }

  /** The oldest action cannot be undone any more; whether there was one. */
  forgetOldest(): boolean {
    const oldest = this.done.shift() ?? this.undone.shift();
    if (oldest) this.forget(oldest);
    return oldest !== undefined;
  }

  private add(what: Undoable): Action {
    const action: Action = { what, stood: new Map() };
    for (const other of this.undone.splice(0)) this.forget(other);
    this.done.push(action);
    if (this.done.length > MOST) this.forgetOldest();
    return action;
  }

  private *step(from: Action[], to: Action[], name: string): Generator<void, Undone | string> {
    const action = from.at(-1);
    if (!action) return `there is nothing to ${name}`;
    for (const id of action.stood.keys()) {
      if (this.ledger.isLive(id)) return 'a flow of it is still running: kill it first, or wait';
      yield;
    }
    from.splice(from.indexOf(action), 1);
    const stands: Action = { what: action.what, stood: new Map() };
    for (const [id, before] of action.stood) {
      stands.stood.set(id, this.standing(id));
      this.putBack(id, before);
      yield;
    }
    to.push(stands);
    return { what: action.what, flows: stands.stood.size };
  }

  private standing(id: FlowId): Stood {
    return this.others.has(id) ? OUTSIDE : this.ledger.shelf.retain(id);
  }

  private putBack(id: FlowId, stood: Stood): void {
    if (stood === OUTSIDE) return this.others.takeBack(id);
    if (this.others.has(id)) return this.others.forget(id);
    this.ledger.restore(id, stood);
    this.ledger.shelf.release(stood);
  }

  private forget({ stood }: Action): void {
    for (const place of stood.values()) if (place !== OUTSIDE) this.ledger.shelf.release(place);
  }
}
