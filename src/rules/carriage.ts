import type { Carriage, Side } from '../flow/flow.js';
import { shortSize } from '../flow/sizes.js';
import type { Options } from '../options.js';

/** What the head says of the body's length: bytes, null where it does not say, 0 for no body. */
export type Announced = number | null;

/** The streaming threshold for that side, or null (stream_large_bodies, ST-02). */
export function streamLimit(options: Options, side: Side): number | null {
  return side === 'request' && options.stream_direction === 'responses' ? null : options.stream_large_bodies;
}

/** The one place where it is decided how a body is carried. Streaming wins over a hold; a hold buffers. */
export function carriageOf(options: Options, side: Side, announced: Announced, isHeld: boolean): Carriage {
  if (announced === 0) return NO_BODY;
  const limit = streamLimit(options, side);
  if (limit !== null && (limit === 0 || (announced !== null && announced > limit)))
    return { how: 'streamed', why: `larger than stream_large_bodies (${shortSize(limit)})` };
  if (isHeld) return HELD;
  return options.body_handling === 'buffer' ? BUFFERED : PASSED;
}

const NO_BODY: Carriage = { how: 'passed', why: 'no body' };
const HELD: Carriage = { how: 'buffered', why: 'intercept holds it' };
const BUFFERED: Carriage = { how: 'buffered', why: 'body_handling is buffer' };
const PASSED: Carriage = { how: 'passed', why: 'the default' };
