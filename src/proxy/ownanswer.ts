import type { RequestHead, ResponseHead } from '../flow/flow.js';
import type { Exchange } from '../http/exchange.js';
import { NO_BODY } from '../http/framing.js';
import type { Page } from './context.js';

/** Answers a request with the page that sluice gives by itself; `flush` follows. */
export async function answerWithPage(
  page: Page,
  exchange: Exchange,
  request: RequestHead,
  flush: () => void,
): Promise<void> {
  const { status, reason, fields, body } = await page.respond(request.path);
  if (exchange.isOver) return;
  const head: ResponseHead = { status, reason, version: 'HTTP/1.1', fields };
  const isHead = request.method === 'HEAD';
  exchange.connected(false);
  exchange.responseHead(head, isHead ? NO_BODY : { type: 'length', length: body.length });
  if (!isHead) exchange.response.data(body);
  exchange.response.end();
  flush();
}
