import type { FlowId, Side } from './flow.js';

/*
 * What a search finds: places in flows where a regular expression matches.
 */

/** Where in a flow something is. */
export type HitPlace =
  /** Its method and URL, or the address of a connection. */
  | { readonly part: 'url' }
  /** A line of a head: -1 for the status line, then the fields, then the trailers. */
  | { readonly part: 'head'; readonly side: Side; readonly line: number }
  /** Bytes of the decoded body before it, as UTF-8 where the body is text in another character set. */
  | { readonly part: 'body'; readonly side: Side; readonly offset: number }
  | { readonly part: 'message'; readonly index: number; readonly offset: number };

export interface Hit {
  readonly id: FlowId;
  readonly place: HitPlace;
  /** The line it is in, around it. */
  readonly before: string;
  readonly match: string;
  readonly after: string;
  /** The last that is told of this body, which has more of them. */
  readonly isLastOfMore: boolean;
}

/**
 * What is searched for: a regular expression that ignores case, whose `^` and `$` are the ends of a line, and whose dot
 * is any character of a line. Or why it cannot be searched for.
 */
export function searchExpression(pattern: string): RegExp | { readonly mistake: string } {
  try {
    const expression = new RegExp(pattern, 'gim');
    if (!expression.test('')) return expression;
    return { mistake: `The expression ${pattern} matches even where there is nothing.` };
  } catch (error) {
    return { mistake: error instanceof Error ? `${error.message}.` : String(error) };
  }
}
