// Serves a page of its own at http://sluice.test/ that counts the requests to each host.
import { ctx, type HTTPFlow, Response } from 'sluice';

const counts = new Map<string, number>();

export function load(): void {
  ctx.serve('sluice.test', 80, (request) => {
    if (request.path !== '/') return null; // 404
    const lines = [...counts].map(([host, count]) => `${count} ${host}\n`);
    return Response.make(200, lines.join(''), { content_type: 'text/plain' });
  });
}

export function response(flow: HTTPFlow): void {
  const { prettyHost } = flow.request;
  if (prettyHost !== 'sluice.test') counts.set(prettyHost, (counts.get(prettyHost) ?? 0) + 1);
}
