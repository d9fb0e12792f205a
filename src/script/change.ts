import type { Fields } from '../flow/fields.js';
import type { Changed, FlowChange, FlowImage, RequestImage, ResponseImage } from './image.js';
import type { HTTPFlow, Message } from './objects.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

function sameFields(a: Fields, b: Fields): boolean {
  return a.length === b.length && a.every((field, at) => field[0] === b[at]?.[0] && field[1] === b[at]?.[1]);
}

function bodyOf(message: Message): { readonly body?: Uint8Array } {
  const bytes = message.replacement();
  return bytes ? { body: bytes } : {};
}

/** What a script changed on a flow, or null. Throws where the result could not be sent. */
export function changeOf(image: FlowImage, flow: HTTPFlow): FlowChange | null {
  const names: string[] = [];
  const note = (name: string, differs: boolean): void => {
    if (differs) names.push(name);
  };
  const { request, response } = flow;
  if (!TOKEN.test(request.method)) throw new TypeError(`not a method: ${JSON.stringify(request.method)}`);
  if (!TARGET.test(request.path)) throw new TypeError(`not a path: ${JSON.stringify(request.path)}`);
  const changed: Changed<RequestImage> = {
    method: request.method,
    scheme: request.scheme,
    host: request.host,
    port: request.port,
    path: request.path,
    version: request.httpVersion,
    fields: request.headers.toFields(),
    ...bodyOf(request),
  };
  for (const name of ['method', 'scheme', 'host', 'port', 'path'] as const)
    note(`request.${name}`, changed[name] !== image.request[name]);
  note('request.headers', !sameFields(changed.fields, image.request.fields));
  note('request.content', changed.body !== undefined);
  let answer: Changed<ResponseImage> | null = null;
  if (response && image.response) {
    const { statusCode: status, reason, httpVersion: version } = response;
    if (!Number.isInteger(status) || status < 100 || status > 999) throw new RangeError(`not a status code: ${status}`);
    if (/[\r\n\0]/.test(reason)) throw new TypeError('the reason must not hold line breaks or NUL');
    answer = { status, reason, version, fields: response.headers.toFields(), ...bodyOf(response) };
    note('response.statusCode', status !== image.response.status);
    note('response.reason', reason !== image.response.reason);
    note('response.headers', !sameFields(answer.fields, image.response.fields));
    note('response.content', answer.body !== undefined);
  }
  return names.length === 0 ? null : { request: changed, response: answer, names };
}
