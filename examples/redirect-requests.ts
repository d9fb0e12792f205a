// Sends the requests for one host to another one: here, those for the real service to one on this machine.
import type { HTTPFlow } from 'sluice';

const FROM = 'api.example.com';
const TO = { scheme: 'http', host: '127.0.0.1', port: 3000 } as const;

export function request(flow: HTTPFlow): void {
  const { request } = flow;
  if (request.prettyHost !== FROM) return;
  const original = request.prettyUrl;
  // This changes the Host field, too. To keep it, send the connection elsewhere: dial-elsewhere.ts.
  request.scheme = TO.scheme;
  request.host = TO.host;
  request.port = TO.port;
  request.headers.set('X-Original-URL', original);
}
