/** Milliseconds since 1970, with a fraction; never goes back within a run. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
