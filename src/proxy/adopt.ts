import type { RequestHead, ResponseHead } from '../flow/flow.js';
import type { Finished, FlowImage, PassageImage, RequestImage, ResponseImage, TalkImage } from '../flow/image.js';
import { bodyFacts, passageEndedAt } from '../flow/picture.js';
import type { Conversation } from './conversation.js';
import { Entry } from './entry.js';
import { LiveMessage } from './message.js';
import type { Passage } from './passage.js';
import { recordingFrom } from './recording.js';
import type { Spool } from './spool.js';

/** Makes a record what a file says of a flow. */
export function adopt(record: Entry | Passage, { flow, talk }: Finished, spool: Spool): void {
  if (record instanceof Entry && 'request' in flow) adoptHttp(record, flow, spool);
  else if (!(record instanceof Entry) && !('request' in flow)) adoptPassage(record, flow, talk);
  if (!talk) return;
  const conversation = record instanceof Entry ? record.converse(talk.protocol) : record.converse(spool);
  converse(conversation, talk);
  const { sent, received } = conversation.picture();
  if (!(record instanceof Entry)) Object.assign(record, { sent, received });
}

function adoptHttp(entry: Entry, flow: FlowImage, spool: Spool): void {
  const { method, scheme, host, port, path, version, fields } = flow.request;
  const head: RequestHead = { method, target: path, origin: { scheme, host, port }, path, version, fields };
  Object.assign(entry, {
    createdAt: flow.createdAt,
    request: messageOf(head, flow.request, spool),
    response: flow.response && responseOf(flow.response, spool),
    error: flow.error,
    marked: flow.marked,
    replayed: flow.replayed,
    server: flow.server,
    isReused: flow.server?.reused ?? false,
    comment: flow.comment,
    foreign: flow.foreign ?? null,
    isLive: false,
  });
  if (Object.keys(flow.metadata).length > 0) entry.metadata = flow.metadata;
}

function responseOf(image: ResponseImage, spool: Spool): LiveMessage<ResponseHead> {
  const { status, reason, version, fields } = image;
  return messageOf({ status, reason, version, fields }, image, spool);
}

function messageOf<Head>(head: Head, image: RequestImage | ResponseImage, spool: Spool): LiveMessage<Head> {
  const { there, isLost, carriage, expected, size, cut } = bodyFacts(image);
  const message = new LiveMessage(head, carriage, expected, there && recordingFrom(there, spool), image.startedAt);
  message.size = size;
  message.cut = cut;
  message.isLost = isLost;
  message.trailers = image.trailers;
  message.endedAt = image.endedAt ?? image.startedAt;
  return message;
}

function adoptPassage(passage: Passage, flow: PassageImage, talk: TalkImage | null): void {
  const { createdAt, error, server, marked, comment, foreign = null } = flow;
  Object.assign(passage, {
    createdAt,
    error,
    server,
    marked,
    comment,
    foreign,
    isLive: false,
    endedAt: passageEndedAt(flow, talk),
  });
  if (Object.keys(flow.metadata).length > 0) passage.metadata = flow.metadata;
}

function converse(conversation: Conversation, talk: TalkImage): void {
  for (const message of talk.messages) {
    const { content, injected: isInjected } = message;
    const index = conversation.add({ ...message, isInjected }, content?.type === 'bytes' ? content.bytes : null);
    if (message.dropped) conversation.drop(index);
  }
  if (talk.end) conversation.ended(talk.end);
  conversation.close();
}
