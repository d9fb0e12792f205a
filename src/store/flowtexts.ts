import { bytesToText } from '../flow/charset.js';
import type { Fields } from '../flow/fields.js';
import { bracketed, type Side } from '../flow/flow.js';
import { prettyUrl } from '../flow/flowfilter.js';
import {
  bytesThere,
  type Finished,
  type FlowImage,
  type PassageImage,
  type RequestImage,
  type ResponseImage,
  type TalkImage,
} from '../flow/image.js';
import { type BodyPiece, bodyTexts, messageTexts } from './bodytexts.js';

/** Text of a flow, and where in the flow it is. */
export type FlowText =
  /** The lines of a head. */
  | { readonly part: 'head'; readonly side: Side; readonly text: string }
  | { readonly part: 'body'; readonly side: Side; readonly piece: BodyPiece }
  | { readonly part: 'message'; readonly index: number; readonly piece: BodyPiece };

function lineOf(text: string): string {
  return bytesToText(text).replace(/[\r\n]+/g, ' ');
}

function fieldLines(fields: Fields, trailers: Fields): string[] {
  return [...fields, ...trailers].map(([name, value]) => lineOf(`${name}: ${value}`));
}

async function* messageParts(side: Side, image: RequestImage | ResponseImage, head: string): AsyncGenerator<FlowText> {
  const lines = [head, ...fieldLines(image.fields, image.trailers)];
  yield { part: 'head', side, text: lines.join('\n') };
  const body = bytesThere(image);
  if (body) for await (const piece of bodyTexts(body, image.fields)) yield { part: 'body', side, piece };
}

function* talkParts({ messages, from }: TalkImage): Generator<FlowText> {
  for (const [at, { content }] of messages.entries()) {
    if (content === null) continue;
    for (const piece of messageTexts(content)) yield { part: 'message', index: from + at, piece };
  }
}

/** It is no HTTP exchange. */
export function isPassage(flow: FlowImage | PassageImage): flow is PassageImage {
  return !('request' in flow);
}

/** Everything of a flow that can be searched, in the order of its tabs. */
export async function* flowTexts({ flow, talk }: Finished): AsyncGenerator<FlowText> {
  if (isPassage(flow)) yield { part: 'head', side: 'request', text: `${bracketed(flow.host)}:${flow.port}` };
  else {
    const { request, response } = flow;
    yield* messageParts('request', request, lineOf(`${request.method} ${prettyUrl({ ...request, origin: request })}`));
    if (response) yield* messageParts('response', response, lineOf(`${response.status} ${response.reason}`));
  }
  if (talk) yield* talkParts(talk);
}
