// Answers some requests by itself; no server is asked.
import { type HTTPFlow, Response } from 'sluice';

export function request(flow: HTTPFlow): void {
  const { method, prettyHost, path } = flow.request;
  if (prettyHost === 'api.example.com' && method === 'GET' && path === '/v1/user')
    flow.response = Response.make(200, JSON.stringify({ id: 1, name: 'Ada' }), { content_type: 'application/json' });
}
