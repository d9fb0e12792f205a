// Answers every tenth request with 503, to see whether a client tries again.
import { Response } from 'sluice';

const EVERY = 10;
let count = 0;

export function request(flow) {
  count += 1;
  if (count % EVERY === 0) flow.response = Response.make(503, 'try again\n', { 'Retry-After': '1' });
}
