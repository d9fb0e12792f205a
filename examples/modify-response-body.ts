// Replaces text in whole response bodies. Compression, character set and Content-Length are taken care of.
import type { AnsweredFlow } from 'sluice';

export function response(flow: AnsweredFlow): void {
  const { response } = flow;
  if (!/^text\/|json|javascript/.test(response.headers.get('content-type') ?? '')) return;
  // null: the body was streamed, so it has gone already. See stream-modify.ts for that.
  if (response.text !== null) response.text = response.text.replaceAll('foo', 'bar');
}
