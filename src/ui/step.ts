import type { MessageKind } from '../flow/conversation.js';
import type { BodyData } from '../flow/extent.js';
import type { FlowId, Side } from '../flow/flow.js';
import type { FlowTarget, ProxyCommand, StoreQuery } from '../protocol.js';
import type { State } from './state.js';

/** What must be done about a step. Data, so that a test can compare it. */
export type Effect =
  | { readonly type: 'tell'; readonly command: ProxyCommand }
  | { readonly type: 'ask'; readonly query: StoreQuery }
  | {
      readonly type: 'load-body';
      readonly id: FlowId;
      readonly side: Side;
      readonly revision: number;
      readonly data: BodyData;
      readonly mode: string;
      /** The byte of the decoded body that is sought in what is shown of it, or null. */
      readonly seek: number | null;
    }
  | {
      readonly type: 'load-message';
      readonly id: FlowId;
      readonly index: number;
      readonly data: BodyData;
      readonly mode: string;
      readonly kind: MessageKind;
      /** The byte that is sought in what is shown of it, or null. */
      readonly seek: number | null;
    }
  /** Lets the user edit a held message, and sends what came of it. */
  | { readonly type: 'edit-message'; readonly flow: FlowTarget; readonly index: number; readonly data: BodyData }
  | { readonly type: 'complete-path'; readonly before: string; readonly path: string }
  | { readonly type: 'remember'; readonly line: string }
  | {
      readonly type: 'open-viewer';
      readonly data: BodyData;
      readonly extension: string;
      readonly codings: readonly string[];
    }
  | {
      readonly type: 'save-body';
      readonly data: BodyData;
      readonly codings: readonly string[];
      readonly path: string;
    }
  | { readonly type: 'open-editor'; readonly file: string; readonly line: number }
  | { readonly type: 'load-keys'; readonly path: string }
  /** `reason` is why it cannot go on, for the user to read when the terminal is given back. */
  | { readonly type: 'quit'; readonly reason: string | null };

/** The next state, then whatever must be done about it. */
export type Step = readonly [State, ...Effect[]];

export function tell(command: ProxyCommand): Effect {
  return { type: 'tell', command };
}

export function ask(query: StoreQuery): Effect {
  return { type: 'ask', query };
}
