import { type Fields, isToken } from '../flow/fields.js';
import type { RequestImage, ResponseImage } from '../flow/image.js';
import type { HTTPFlow } from './httpflow.js';
import type { Changed, FlowChange } from './image.js';
import type { Message } from './message.js';
import type { Request } from './request.js';
import type { Response } from './response.js';

const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

function sameFields(a: Fields, b: Fields): boolean {
  return (
    a === b || (a.length === b.length && a.every((field, at) => field[0] === b[at]?.[0] && field[1] === b[at]?.[1]))
  );
}

/** What is sent on, whatever the script made of it, as far as request and response have it in common. */
function commonOf(
  message: Message,
  version: RequestImage['version'],
): Omit<Changed<ResponseImage>, 'status' | 'reason'> {
  const body = message.replacement();
  return {
    version: message.httpVersion === 'HTTP/1.0' ? 'HTTP/1.0' : version,
    fields: message.headers.toFields(),
    trailers: message.trailers?.toFields() ?? [],
    ...(body === undefined ? {} : { body }),
  };
}

function commonNames(side: string, message: Message, image: RequestImage | ResponseImage): string[] {
  const names: string[] = [];
  const fields = message.headers.toFields();
  if (fields !== image.fields && !sameFields(fields, image.fields)) names.push(`${side}.headers`);
  if (!sameFields(message.trailers?.toFields() ?? [], image.trailers)) names.push(`${side}.trailers`);
  if (message.replacement() !== undefined) names.push(`${side}.content`);
  return names;
}

function requestChange(request: Request, image: RequestImage, names: string[]): Changed<RequestImage> | null {
  const changed: Changed<RequestImage> = {
    method: request.wireMethod(),
    scheme: request.scheme,
    host: request.host,
    port: request.port,
    path: request.path,
    ...commonOf(request, image.version),
  };
  if (!isToken(changed.method)) throw new TypeError(`not a method: ${JSON.stringify(changed.method)}`);
  if (!TARGET.test(changed.path)) throw new TypeError(`not a path: ${JSON.stringify(changed.path)}`);
  if (changed.host === '' || /[\s/\\?#@]/.test(changed.host))
    throw new TypeError(`not a host: ${JSON.stringify(changed.host)}`);
  const before = names.length;
  for (const name of ['method', 'scheme', 'host', 'port', 'path'] as const)
    if (changed[name] !== image[name]) names.push(`request.${name}`);
  names.push(...commonNames('request', request, image));
  return names.length > before ? changed : null;
}

function responseChange(
  response: Response,
  image: ResponseImage | null,
  names: string[],
): Changed<ResponseImage> | null {
  const { statusCode: status, reason } = response;
  const isKept = status === image?.status;
  if (!isKept && (!Number.isInteger(status) || status < 200 || status > 999))
    throw new RangeError(`not a status code: ${status}`);
  if (/[\r\n\0]/.test(reason)) throw new TypeError('the reason must not hold line breaks or NUL');
  const changed = { status, reason, ...commonOf(response, image?.version ?? 'HTTP/1.1') };
  if (!image) {
    names.push('response');
    return { ...changed, body: response.rawContent };
  }
  const before = names.length;
  if (status !== image.status) names.push('response.statusCode');
  if (reason !== image.reason) names.push('response.reason');
  names.push(...commonNames('response', response, image));
  return names.length > before ? changed : null;
}

/** What a script changed on a flow since the proxy was told, or null. Throws where the result could not be sent. */
export function changeOf(flow: HTTPFlow): FlowChange | null {
  const { image } = flow;
  const names: string[] = [];
  const request = requestChange(flow.request, image.request, names);
  const isNew = flow.response !== null && flow.isNewResponse;
  const response = flow.response && responseChange(flow.response, isNew ? null : image.response, names);
  const noted = flow.noted();
  if (noted && noted.marked !== image.marked) names.push('marked');
  if (noted && noted.comment !== image.comment) names.push('comment');
  if (noted?.metadata) names.push('metadata');
  return names.length === 0 ? null : { request, response, ...noted, names };
}
