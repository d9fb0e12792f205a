import type { BodyData } from '../../src/flow/extent.js';
import type { FlowId } from '../../src/flow/flow.js';
import type { FlowImage, PassageImage, RequestImage, ResponseImage, TalkMessageImage } from '../../src/flow/image.js';
import { HTTPFlow, Request, Response } from '../../src/script/api.js';

/*
 * What scripts see, made as the host makes it.
 */

export function body(content: string | Uint8Array): BodyData {
  return { type: 'bytes', bytes: typeof content === 'string' ? Buffer.from(content, 'latin1') : content };
}

export function requestImage(given: Partial<RequestImage> = {}): RequestImage {
  const where = { scheme: 'http', host: 'a.test', port: 80, path: '/x?y=z' } as const;
  const common = { version: 'HTTP/1.1', fields: [['Host', 'a.test']], trailers: [], body: null } as const;
  return { method: 'GET', ...where, ...common, startedAt: 1000, endedAt: 2000, ...given };
}

export function responseImage(given: Partial<ResponseImage> = {}): ResponseImage {
  const common = { version: 'HTTP/1.1', fields: [], trailers: [], body: null } as const;
  return { status: 200, reason: 'OK', ...common, startedAt: 3000, endedAt: 4000, ...given };
}

export function request(given: Partial<RequestImage> = {}): Request {
  return new Request(requestImage(given));
}

export function response(given: Partial<ResponseImage> = {}): Response {
  return new Response(responseImage(given));
}

export function flowImage(given: Partial<FlowImage> = {}): FlowImage {
  const peers = { client: null, server: null, createdAt: 500, comment: '', metadata: {}, error: null };
  const state = { live: true, held: false, marked: false, replayed: false };
  return { id: 7 as FlowId, request: requestImage(), response: null, ...peers, ...state, ...given };
}

export function passageImage(given: Partial<PassageImage> = {}): PassageImage {
  const facts = { host: 'a.test', port: 25, error: null, client: null, server: null, createdAt: 500 };
  const notes = { marked: false, comment: '', metadata: {} };
  return { id: 7 as FlowId, live: true, held: false, ...facts, ...notes, ...given };
}

export function messageImage(given: Partial<TalkMessageImage> = {}): TalkMessageImage {
  const signs = { injected: false, dropped: false };
  const message = { fromClient: true, kind: 'text', at: 1500, size: 2, offset: 0 } as const;
  return { ...message, ...signs, content: body('hi'), ...given };
}

export function flow(given: Partial<FlowImage> = {}): HTTPFlow {
  return new HTTPFlow(flowImage(given));
}
