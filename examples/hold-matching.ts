// Holds the flows one wants to look at until they are released with a: requests that log in, and answers that say no.
import type { AnsweredFlow, HTTPFlow } from 'sluice';

export function request(flow: HTTPFlow): void {
  if (flow.request.method === 'POST' && flow.request.path.startsWith('/login')) flow.intercept();
}

export function response(flow: AnsweredFlow): void {
  if (flow.response.statusCode === 401 || flow.response.statusCode === 403) flow.intercept();
}
