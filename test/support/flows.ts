import { now } from '../../src/flow/clock.js';
import type { RequestHead } from '../../src/flow/flow.js';
import type { Framing } from '../../src/http/framing.js';
import type { Entry } from '../../src/proxy/entry.js';
import type { TestLedger } from './ledger.js';

const REQUEST: RequestHead = {
  method: 'GET',
  target: '/',
  path: '/',
  origin: { scheme: 'http', host: 'a.test', port: 80 },
  version: 'HTTP/1.1',
  fields: [],
};
const NONE: Framing = { type: 'none' };
const CHUNKED: Framing = { type: 'chunked', codings: '' };

/** A flow under way for a second already, of whose response the head has come. */
export function runningFlow({ ledger }: TestLedger, mediaType = 'text/plain'): Entry {
  const entry = ledger.open(null);
  entry.createdAt = now() - 1000;
  entry.requestHead(REQUEST, NONE);
  entry.carried('request', NONE, { how: 'passed', why: '' });
  entry.ended('request');
  entry.responseHead(
    { status: 200, reason: 'OK', version: 'HTTP/1.1', fields: [['Content-Type', mediaType]] },
    CHUNKED,
  );
  entry.carried('response', CHUNKED, { how: 'buffered', why: '' });
  return entry;
}

/** A flow that is over, with that body in its response. */
export function finishedFlow(test: TestLedger, body: Buffer): Entry {
  const entry = runningFlow(test);
  entry.record('response', body);
  entry.ended('response');
  entry.finished();
  return entry;
}
