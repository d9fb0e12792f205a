// Lets pages from anywhere read the answers of a server (CORS), and answers the browser's questions before it asks them.
import { Response } from 'sluice';

function allow(request, headers) {
  headers.set('Access-Control-Allow-Origin', request.headers.get('origin') ?? '*');
  headers.set('Access-Control-Allow-Credentials', 'true');
}

export function request(flow) {
  const { request } = flow;
  const method = request.headers.get('access-control-request-method');
  if (request.method !== 'OPTIONS' || method === undefined) return;
  const response = Response.make(204);
  allow(request, response.headers);
  response.headers.set('Access-Control-Allow-Methods', method);
  const wanted = request.headers.get('access-control-request-headers');
  if (wanted !== undefined) response.headers.set('Access-Control-Allow-Headers', wanted);
  flow.response = response;
}

export function response(flow) {
  if (flow.request.method !== 'OPTIONS' && flow.request.headers.has('origin'))
    allow(flow.request, flow.response.headers);
}
