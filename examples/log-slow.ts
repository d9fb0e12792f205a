// Warns of slow responses: how long the server took to begin, and how long its body took.
import type { AnsweredFlow } from 'sluice';

/** Seconds. */
const SLOW = 1;

export function response(flow: AnsweredFlow): void {
  const { request, response } = flow;
  const sent = request.timestampEnd ?? Number.NaN;
  const begun = response.timestampStart ?? Number.NaN;
  const ended = response.timestampEnd ?? Number.NaN;
  if (ended - sent > SLOW)
    console.warn(`slow: ${request.prettyUrl} ${(begun - sent).toFixed(3)} s, body ${(ended - begun).toFixed(3)} s`);
}
