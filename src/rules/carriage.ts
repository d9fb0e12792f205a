import type { Carriage, Side } from '../flow/flow.js';
import { shortSize } from '../flow/sizes.js';
import type { Options } from '../options.js';

/** What the head says of the body's length: bytes, null where it does not say, 0 for no body. */
export type Announced = number | null;

/** The streaming threshold for that side, or null (stream_large_bodies, ST-02). */
export function streamLimit(options: Options, side: Side): number | null {
  return side === 'request' && options.stream_direction === 'responses' ? null : options.stream_large_bodies;
}

/** What else has a say in it: scripts, filters, the kind of body. */
export interface Circumstances {
  /** As a hook asked for at the head, or null. */
  readonly wish: 'whole' | 'pass' | 'look' | null;
  /** The script that asked. */
  readonly by: string;
  /** A hook that wants to see the body before it goes on, or null: "response hook of redact.ts". */
  readonly hook: string | null;
  /** The stream_filter that matches, or null. */
  readonly rule: string | null;
  /** The end of the body is known: its length, or the last chunk. */
  readonly ends: boolean;
}

/**
 * The one place where it is decided how a body is carried. What a script asks for wins; then streaming, which wins over a
 * hold and over hooks; a hold and a hook buffer, hooks only what is sure to end.
 */
export function carriageOf(
  options: Options,
  side: Side,
  announced: Announced,
  isHeld: boolean,
  { wish, by, hook, rule, ends }: Circumstances,
): Carriage {
  if (announced === 0) return NO_BODY;
  if (wish === 'look') return { how: 'streamed', why: `a stream function of ${by}` };
  if (wish === 'pass') return { how: 'streamed', why: `${by} set stream` };
  if (wish === 'whole') return { how: 'buffered', why: `${by} set stream = false` };
  if (rule !== null) return { how: 'streamed', why: `stream_filter ${rule}` };
  const limit = streamLimit(options, side);
  if (limit !== null && (limit === 0 || (announced !== null && announced > limit)))
    return { how: 'streamed', why: `larger than stream_large_bodies (${shortSize(limit)})` };
  if (isHeld) return HELD;
  if (hook !== null && ends) return { how: 'buffered', why: hook };
  return options.body_handling === 'buffer' ? BUFFERED : PASSED;
}

const NO_BODY: Carriage = { how: 'passed', why: 'no body' };
const HELD: Carriage = { how: 'buffered', why: 'intercept holds it' };
const BUFFERED: Carriage = { how: 'buffered', why: 'body_handling is buffer' };
const PASSED: Carriage = { how: 'passed', why: 'the default' };
