// Marks flows worth a look and says in their comment why.
import type { AnsweredFlow } from 'sluice';

export function response(flow: AnsweredFlow): void {
  const { request, response } = flow;
  const reasons: string[] = [];
  if (response.statusCode >= 500) reasons.push(`status ${response.statusCode}`);
  if (request.query.has('token')) reasons.push('a token in the URL');
  if (request.scheme === 'http' && request.headers.has('authorization')) reasons.push('a password without TLS');
  if (reasons.length === 0) return;
  flow.marked = ':default:';
  flow.comment = reasons.join('; ');
}
