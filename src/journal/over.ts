import type { FlowError } from '../flow/flow.js';
import type { FlowState, MessageState } from './state.js';

/** A flow under way as one that is over since that error; `why` its bodies are not whole. */
export function over(state: FlowState, error: FlowError, why: string): FlowState {
  if (state.kind === 'passage') return { ...state, error, endedAt: error.at };
  const { request, response } = state;
  return {
    ...state,
    error: state.error ?? error,
    request: cut(request, why),
    response: response && cut(response, why),
  };
}

function cut<Head>(message: MessageState<Head>, why: string): MessageState<Head> {
  return message.endedAt === null ? { ...message, cut: message.cut ?? why } : message;
}
