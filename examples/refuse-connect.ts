// Refuses to open tunnels (CONNECT) to some hosts and those below them. Nothing is dialled for them.
import { type HTTPFlow, Response } from 'sluice';

const REFUSED = ['ads.example', 'tracker.example'];

export function http_connect(flow: HTTPFlow): void {
  const { host } = flow.request;
  if (REFUSED.some((name) => host === name || host.endsWith(`.${name}`)))
    flow.response = Response.make(403, `${host} is not allowed here\n`, { content_type: 'text/plain' });
}
