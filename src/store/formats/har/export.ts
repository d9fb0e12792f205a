import { sourceOf } from '../../../content/source.js';
import { bytesToText } from '../../../flow/charset.js';
import { contentCodings, decodeContent } from '../../../flow/codings.js';
import { attribute, cookiesOf, setCookiesOf } from '../../../flow/cookies.js';
import type { BodyData } from '../../../flow/extent.js';
import { type Fields, fieldValue } from '../../../flow/fields.js';
import { formOf, isUrlencoded } from '../../../flow/form.js';
import type {
  BodyImage,
  Finished,
  FlowImage,
  RequestImage,
  ResponseImage,
  TalkMessageImage,
} from '../../../flow/image.js';
import { announcedIn } from '../../../flow/picture.js';
import { queryOf } from '../../../flow/query.js';
import { partialText } from '../../../flow/sizes.js';
import { addressIn } from '../address.js';
import type { Json } from './json.js';
import { OWN, ownOf } from './own.js';
import { targetIn, urlOf } from './target.js';
import { timingsOf } from './timings.js';

/*
 * A flow as an entry of HAR 1.2 (HAR-01). What is missing is marked as missing (GAP-06, STX-15).
 */

/** Bodies above this cannot be text in one piece. */
const LARGEST = 256 * 1024 * 1024;

interface Content {
  /** Null for what is missing. */
  readonly bytes: Uint8Array | null;
  /** Its content codings could not be taken off. */
  readonly isEncoded: boolean;
  /** Bytes as they were sent. */
  readonly size: number;
}

type Warn = (text: string) => void;

/** For people: how much of the body a text is. */
function commentOf({ part, fields }: RequestImage | ResponseImage): Json {
  return part ? { comment: partialText({ ...part, expected: announcedIn(fields) }, part.why) } : {};
}

/** Codings are taken off a body, and stay on a part of one. */
function messageContent({ body, part }: BodyImage, codings: readonly string[], url: string, warn: Warn): Content {
  if (!part) return contentOf(body, codings, url, warn);
  return { ...contentOf(part.data, [], url, warn), isEncoded: codings.length > 0 };
}

function contentOf(body: BodyData | null, codings: readonly string[], url: string, warn: Warn): Content {
  if (!body) return { bytes: null, isEncoded: false, size: -1 };
  const source = sourceOf(body);
  if (source.size > LARGEST) {
    warn(`${url}: a body of ${source.size} bytes is too large for HAR: it is left out`);
    return { bytes: null, isEncoded: false, size: -1 };
  }
  const raw = source.read(0, source.size);
  if (raw.length < source.size) {
    warn(`${url}: the file of a body or a message is gone: it is left out`);
    return { bytes: null, isEncoded: false, size: -1 };
  }
  if (codings.length === 0 || raw.length === 0) return { bytes: raw, isEncoded: false, size: raw.length };
  try {
    return { bytes: decodeContent(raw, codings, LARGEST), isEncoded: false, size: raw.length };
  } catch {
    return { bytes: raw, isEncoded: true, size: raw.length };
  }
}

/** Text where the bytes are UTF-8, else base64. */
function textOf(bytes: Uint8Array): { text: string; encoding?: 'base64' } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'), encoding: 'base64' };
  }
}

function named([name, value]: readonly [string, string]): Json {
  return { name: bytesToText(name), value: bytesToText(value) };
}

function sizeOf(fields: Fields): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 2);
}

function mimeType(fields: Fields): string {
  return bytesToText(fieldValue(fields, 'content-type') ?? '');
}

/** As it was sent: no program takes the content codings off a request. */
function postData(request: RequestImage, { bytes }: Content): Json {
  const { fields } = request;
  if (!bytes || bytes.length === 0) return {};
  const told = textOf(bytes);
  const isForm = isUrlencoded(fields) && told.encoding === undefined;
  const params = isForm ? formOf(told.text).map(([name, value]) => ({ name, value })) : [];
  return { postData: { mimeType: mimeType(fields), ...told, params, ...commentOf(request) } };
}

function requestValue(request: RequestImage, url: string, content: Content): Json {
  const { method, version, fields, path } = request;
  return {
    method: bytesToText(method),
    url,
    httpVersion: version,
    cookies: cookiesOf(fields).map(([name, value]) => ({ name, value })),
    headers: fields.map(named),
    queryString: queryOf(path).map(([name, value]) => ({ name, value })),
    ...postData(request, content),
    ...(content.bytes ? {} : { _contentMissing: true }),
    headersSize: sizeOf(fields),
    bodySize: content.size,
  };
}

function cookieValue([name, cookie]: ReturnType<typeof setCookiesOf>[number]): Json {
  const [path, domain] = [attribute(cookie, 'path'), attribute(cookie, 'domain')];
  return {
    name,
    value: cookie.value,
    ...(path ? { path } : {}),
    ...(domain ? { domain } : {}),
    httpOnly: attribute(cookie, 'httponly') !== undefined,
    secure: attribute(cookie, 'secure') !== undefined,
  };
}

function contentValue(response: ResponseImage, { bytes, isEncoded, size }: Content): Json {
  const type = mimeType(response.fields);
  if (!bytes) return { size: -1, mimeType: type, _contentMissing: true };
  const own = isEncoded ? { [OWN]: { encoded: true } } : {};
  return {
    size: bytes.length,
    compression: bytes.length - size,
    mimeType: type,
    ...textOf(bytes),
    ...commentOf(response),
    ...own,
  };
}

function responseValue(response: ResponseImage, content: Content, error: string | null): Json {
  const { status, reason, version, fields } = response;
  return {
    status,
    statusText: bytesToText(reason),
    httpVersion: version,
    cookies: setCookiesOf(fields).map(cookieValue),
    headers: fields.map(named),
    content: contentValue(response, content),
    redirectURL: bytesToText(fieldValue(fields, 'location') ?? ''),
    headersSize: sizeOf(fields),
    bodySize: content.size,
    ...(error === null ? {} : { _error: error }),
  };
}

/** HAR has no entries without a response: browsers give one of status 0. */
function noResponse(request: RequestImage, error: string | null): Json {
  return {
    status: 0,
    statusText: '',
    httpVersion: request.version,
    cookies: [],
    headers: [],
    content: { size: 0, mimeType: 'x-unknown' },
    redirectURL: '',
    headersSize: -1,
    bodySize: -1,
    _error: error,
  };
}

function messageValue(message: TalkMessageImage, url: string, warn: Warn): Json {
  const { fromClient, kind, at, size, dropped, injected } = message;
  const content = contentOf(message.content, [], url, warn).bytes;
  const bytes = content ?? new Uint8Array();
  const isText = kind === 'text';
  const told = isText ? textOf(bytes) : { text: Buffer.from(bytes).toString('base64') };
  const isBase64 = isText && 'encoding' in told;
  const own = {
    ...(dropped ? { dropped } : {}),
    ...(injected ? { injected } : {}),
    ...(content ? {} : { missing: size }),
    ...(isBase64 ? { base64: true } : {}),
    at,
  };
  const type = fromClient ? 'send' : 'receive';
  return { type, time: at / 1000, opcode: isText ? 1 : 2, data: told.text, [OWN]: own };
}

function peerAddress({ server }: FlowImage): Json {
  const address = server && addressIn(server.address);
  return address ? { serverIPAddress: address.host } : {};
}

function saidOf({ foreign }: FlowImage): Json {
  if (foreign?.format !== 'har') return {};
  const value: unknown = JSON.parse(Buffer.from(foreign.bytes).toString());
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Null for what HAR cannot hold: a flow that is no HTTP. */
export function entryOf({ flow, talk }: Finished, warn: Warn): Json | null {
  if (!('request' in flow)) return null;
  const { request, response, error } = flow;
  const url = urlOf(request, bytesToText(request.path));
  const parsed = targetIn(url);
  const same =
    parsed?.scheme === request.scheme &&
    parsed.host === request.host &&
    parsed.port === request.port &&
    parsed.path === request.path;
  const { timings, time } = timingsOf(flow);
  const message = error?.message ?? null;
  return {
    ...saidOf(flow),
    startedDateTime: dateText(request.startedAt),
    time,
    request: requestValue(request, url, messageContent(request, [], url, warn)),
    response: response
      ? responseValue(response, messageContent(response, contentCodings(response.fields), url, warn), message)
      : noResponse(request, message),
    cache: {},
    timings,
    ...peerAddress(flow),
    ...(flow.comment === '' ? {} : { comment: flow.comment }),
    ...(talk
      ? {
          _resourceType: 'websocket',
          _webSocketMessages: talk.messages.map((message) => messageValue(message, url, warn)),
        }
      : {}),
    [OWN]: ownOf(flow, talk, same ? parsed : null, warn),
  };
}

function dateText(millis: number): string {
  const date = new Date(millis);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
