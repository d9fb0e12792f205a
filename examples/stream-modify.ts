// Replaces text in responses while they pass. It is found across the borders of chunks, and its length may change.
import { type AnsweredFlow, type HTTPFlow, replacing } from 'sluice';

const FIND = 'foo bar';
const REPLACEMENT = 'something else';

/** A stream function sees the bytes as they are on the wire, so ask for a body that is not compressed. */
export function requestheaders(flow: HTTPFlow): void {
  flow.request.anticomp();
}

export function responseheaders(flow: AnsweredFlow): void {
  const type = flow.response.headers.get('content-type') ?? '';
  if (type.startsWith('text/')) flow.response.stream = replacing(FIND, REPLACEMENT);
}
