import { type Fields, sameName, trimBlanks } from '../flow/fields.js';
import type { HttpVersion } from '../flow/flow.js';

/** How the end of a body is found (RFC 9112 6.3). `coded` is the list of transfer codings under `chunked`, as sent. */
export type Framing =
  | { readonly type: 'none' }
  | { readonly type: 'length'; readonly length: number }
  | { readonly type: 'chunked'; readonly codings: string }
  | { readonly type: 'close' };

export const NO_BODY: Framing = { type: 'none' };

/** Thrown inside the grammar and caught at its border, where it becomes a statement. */
export class Malformed extends Error {}

const CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'compress', 'x-compress', 'identity']);
const LENGTH = /^\d{1,15}$/;

interface FramingFields {
  readonly length: string | null;
  readonly codings: string | null;
}

/** Reads the fields that decide framing. Repeated Content-Length is refused even when the values agree. */
function framingFields(fields: Fields, tolerant: boolean): FramingFields {
  let length: string | null = null;
  let codings: string | null = null;
  for (const [name, value] of fields) {
    if (name.length === 14 && sameName(name, 'content-length')) {
      if (length !== null && !(tolerant && length === value)) throw new Malformed('repeated Content-Length');
      length = value;
    } else if (name.length === 17 && sameName(name, 'transfer-encoding')) {
      codings = codings === null ? value : `${codings},${value}`;
    }
  }
  return { length, codings };
}

function chunkedFraming(codings: string, isRequest: boolean): Framing {
  const members = codings.split(',').map((coding) => trimBlanks(coding).toLowerCase());
  const last = members.pop();
  if (last !== 'chunked') throw new Malformed(`Transfer-Encoding does not end in chunked: ${JSON.stringify(codings)}`);
  for (const member of members) {
    if (member === 'chunked') throw new Malformed('chunked is applied twice');
    if (!CODINGS.has(member)) throw new Malformed(`unknown transfer coding ${JSON.stringify(member)}`);
    if (member === 'identity' && isRequest) throw new Malformed('transfer coding identity');
  }
  return { type: 'chunked', codings };
}

function lengthFraming(value: string): Framing {
  if (!LENGTH.test(value)) throw new Malformed(`Content-Length is not a number: ${JSON.stringify(value)}`);
  const length = Number(value);
  return length === 0 ? NO_BODY : { type: 'length', length };
}

/**
 * The framing of a request body. With `tolerant` (validate_inbound_headers=false) what can be framed without doubt is
 * accepted: chunked wins over Content-Length, equal repeated lengths count once.
 */
export function requestFraming(method: string, version: HttpVersion, fields: Fields, tolerant: boolean): Framing {
  const { length, codings } = framingFields(fields, tolerant);
  if (codings !== null) {
    if (length !== null && !tolerant) throw new Malformed('both Content-Length and Transfer-Encoding');
    if (version === 'HTTP/1.0' && !tolerant) throw new Malformed('Transfer-Encoding in HTTP/1.0');
    if (method === 'CONNECT') throw new Malformed('CONNECT with a body');
    return chunkedFraming(codings, true);
  }
  if (length === null) return NO_BODY;
  const framing = lengthFraming(length);
  if (method === 'CONNECT' && framing.type !== 'none') throw new Malformed('CONNECT with a body');
  return framing;
}

/** The framing of a response to `method`. HEAD, 1xx, 204 and 304 never have a body (RFC 9112 6.3, 1). */
export function responseFraming(
  method: string,
  status: number,
  version: HttpVersion,
  fields: Fields,
  tolerant: boolean,
): Framing {
  const { length, codings } = framingFields(fields, tolerant);
  if (codings !== null && length !== null && !tolerant)
    throw new Malformed('both Content-Length and Transfer-Encoding');
  if (codings !== null && version === 'HTTP/1.0' && !tolerant) throw new Malformed('Transfer-Encoding in HTTP/1.0');
  const bodiless = status < 200 || status === 204 || status === 304;
  if (bodiless && status !== 304 && codings !== null) throw new Malformed(`Transfer-Encoding with status ${status}`);
  const framing = codings !== null ? chunkedFraming(codings, false) : length === null ? null : lengthFraming(length);
  if (bodiless || method === 'HEAD') return NO_BODY;
  return framing ?? { type: 'close' };
}

/** The announced length, also where the body itself is not sent (HEAD, 304). */
export function announcedLength(framing: Framing): number | null {
  if (framing.type === 'none') return 0;
  return framing.type === 'length' ? framing.length : null;
}
