import type { Body, Message as FlowMessage, HttpFlow, Progress } from '../flow/flow.js';
import { type FlowFilter, parseFilter } from '../flow/flowfilter.js';
import type { HTTPFlow } from './httpflow.js';
import type { Message } from './message.js';
import type { Request } from './request.js';
import type { Response } from './response.js';

/*
 * Filter expressions for scripts (CTX-07): the language of the prompt, over flows as a script has them now.
 */

/** A filter expression that has been read. */
export interface ScriptFilter {
  /** Its text. */
  readonly pattern: string;
  match(flow: HTTPFlow): boolean;
}

function bodyOf(message: Message): Body {
  const size = message.rawContent?.length ?? 0;
  const kept = { type: size === 0 ? 'empty' : 'kept' } as const;
  const contents = message.rawContent === null ? ({ type: 'missing', why: null } as const) : kept;
  const carriage = { how: 'passed', why: 'a script asks' } as const;
  return { carriage, contents, growing: false, size, expected: size, chunks: null };
}

function messageOf<Head>(message: Message, head: Head): FlowMessage<Head> {
  const { timestampStart, timestampEnd } = message;
  return {
    head,
    /** Read from the disk only where it is looked at. */
    get body() {
      return bodyOf(message);
    },
    trailers: message.trailers?.toFields() ?? [],
    startedAt: (timestampStart ?? 0) * 1000,
    endedAt: timestampEnd === null ? null : timestampEnd * 1000,
    malformed: null,
  };
}

function requestOf(request: Request): HttpFlow['request'] {
  const { method, path, scheme, host, port, httpVersion: version, headers } = request;
  const origin = { scheme, host, port };
  return messageOf(request, { method, target: path, path, origin, version, fields: headers.toFields() });
}

function progressOf({ response, error, image }: HTTPFlow): Progress {
  const answer = response && messageOf(response, responseHead(response));
  if (error) {
    const { kind, message, timestamp } = error;
    return { phase: 'failed', error: { kind, message, at: timestamp * 1000 }, response: answer };
  }
  if (!answer) return { phase: 'requested' };
  return { phase: image.live ? 'responding' : 'done', response: answer };
}

function responseHead({ statusCode: status, reason, httpVersion: version, headers }: Response) {
  return { status, reason, version, fields: headers.toFields() };
}

/** The flow as filters see it. */
function pictureOf(flow: HTTPFlow): HttpFlow {
  const { id, client, server } = flow.image;
  return {
    kind: 'http',
    id,
    revision: 0,
    createdAt: flow.timestampCreated * 1000,
    client,
    server,
    held: flow.intercepted ? (flow.response ? 'response' : 'request') : null,
    marked: flow.marked !== '',
    replayed: flow.isReplay !== null,
    get changed() {
      return flow.modified();
    },
    notes: [],
    talk: null,
    request: requestOf(flow.request),
    ...progressOf(flow),
  };
}

function filterOf(text: string): FlowFilter {
  if (typeof text !== 'string') throw new TypeError(`a filter is text, not ${typeof text}`);
  const filter = parseFilter(text);
  if (typeof filter !== 'function') throw new TypeError(filter.mistake);
  return filter;
}

/** mitmproxy's flowfilter. */
export const flowfilter = {
  /** Reads a filter expression once. Throws with what is wrong and where. */
  parse(text: string): ScriptFilter {
    const filter = filterOf(text);
    return { pattern: text, match: (flow) => filter(pictureOf(flow)) };
  },

  /** Whether a flow matches an expression, or one that has been read. */
  match(filter: ScriptFilter | string, flow: HTTPFlow): boolean {
    return (typeof filter === 'string' ? flowfilter.parse(filter) : filter).match(flow);
  },
} as const;
