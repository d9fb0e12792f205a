import { DEFAULT_LIMITS, type Limits } from '../http/reader.js';
import type { Context } from './context.js';

/** What readers of messages accept, as the options have it. */
export function limitsOf({ options }: Context): Limits {
  const { head_size_limit, validate_inbound_headers } = options;
  return { ...DEFAULT_LIMITS, head: head_size_limit ?? DEFAULT_LIMITS.head, tolerant: !validate_inbound_headers };
}
