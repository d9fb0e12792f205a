// Rewrites the query of requests: one parameter gets another value, those that only track are taken out.
import type { HTTPFlow } from 'sluice';

const TRACKING = /^(utm_\w+|fbclid|gclid)$/;

export function request(flow: HTTPFlow): void {
  const { query } = flow.request;
  if (query.has('lang')) query.set('lang', 'en');
  for (const name of query.keys()) if (TRACKING.test(name)) query.delete(name);
}
