// Changes a field of forms that are sent. The other fields, the encoding and Content-Length are taken care of.
import type { HTTPFlow } from 'sluice';

export function request(flow: HTTPFlow): void {
  const form = flow.request.urlencodedForm;
  if (flow.request.method === 'POST' && form.has('email')) form.set('email', 'test+form@example.com');
}
