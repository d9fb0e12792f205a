import type { StoreQuery } from '../protocol.js';
import type { Effect } from './step.js';
import type { Msg } from './update.js';

/** What performing an effect can reach. */
export interface Hands {
  readonly send: (msg: Msg) => void;
  readonly tell: (command: Extract<Effect, { type: 'tell' }>['command']) => void;
  readonly ask: (query: StoreQuery) => void;
  readonly suspend: () => () => void;
  readonly quit: (reason: string | null) => void;
}
