import type { BodyData } from '../flow/extent.js';
import type { FlowError, RequestHead, ResponseHead } from '../flow/flow.js';
import type { Changed, FlowChange, FlowImage, RequestImage, ResponseImage } from '../script/image.js';
import type { Entry } from './entry.js';
import { LiveMessage } from './message.js';
import { recordingOf } from './recording.js';
import type { Spool } from './spool.js';

/*
 * Between the ledger and a script: a flow's image, and what came back put onto the flow.
 */

const EMPTY: BodyData = { type: 'bytes', bytes: new Uint8Array() };

function bodyData(message: LiveMessage<RequestHead | ResponseHead>): BodyData | null {
  if (!message.isWhole) return null;
  return message.recording?.contents() ?? EMPTY;
}

export function imageOf(entry: Entry, error: FlowError | null): FlowImage {
  const { request, response } = entry;
  const { origin, method, path, version, fields } = request.head;
  return {
    id: entry.id,
    request: { method, ...origin, path, version, fields, body: bodyData(request) },
    response: response && {
      status: response.head.status,
      reason: response.head.reason,
      version: response.head.version,
      fields: response.head.fields,
      body: bodyData(response),
    },
    error,
  };
}

function withHead<Head>(
  old: LiveMessage<Head>,
  head: Head,
  body: Uint8Array | undefined,
  spool: Spool,
): LiveMessage<Head> {
  const recording = body ? recordingOf(body, spool) : old.recording;
  const message = new LiveMessage(head, old.carriage, old.expected, recording, old.startedAt);
  message.size = body ? body.length : old.size;
  message.chunks = old.chunks;
  message.trailers = old.trailers;
  message.endedAt = old.endedAt;
  message.cut = body ? null : old.cut;
  return message;
}

function requestAfter(old: RequestHead, change: Changed<RequestImage>): RequestHead {
  const { method, scheme, host, port, path, version, fields } = change;
  return { ...old, method, origin: { scheme, host, port }, path, version, fields };
}

function responseAfter(change: Changed<ResponseImage>): ResponseHead {
  const { status, reason, version, fields } = change;
  return { status, reason, version, fields };
}

export function applyChange(entry: Entry, change: FlowChange, spool: Spool): void {
  const request = withHead(entry.request, requestAfter(entry.request.head, change.request), change.request.body, spool);
  const response =
    entry.response && change.response
      ? withHead(entry.response, responseAfter(change.response), change.response.body, spool)
      : entry.response;
  entry.replaceMessages(request, response);
}
