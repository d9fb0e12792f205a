import { type Field, type Fields, hasField, listMembers, sameName, trimBlanks } from '../flow/fields.js';
import type { RequestHead, ResponseHead } from '../flow/flow.js';

/*
 * What of a head goes on to the other side. Hop-by-hop fields are taken out of what is forwarded and stay in what is
 * shown (RFC 9110 7.6.1). Everything else keeps its order, case and duplicates.
 */

const HOP_BY_HOP = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authorization',
  'proxy-authenticate',
  'upgrade',
  'te',
]);

/** Never dropped because a Connection field lists them: the message would change its meaning. */
const END_TO_END = new Set(['host', 'content-length', 'transfer-encoding', 'content-type', 'content-encoding']);

/** Names that must not arrive in trailers: framing, routing, authentication (RFC 9110 6.5.1). */
const NOT_IN_TRAILERS = new Set([
  'transfer-encoding',
  'content-length',
  'host',
  'trailer',
  'connection',
  'te',
  'upgrade',
  'authorization',
  'proxy-authorization',
  'set-cookie',
  'cookie',
  'content-encoding',
  'content-type',
  'content-range',
  'cache-control',
  'expect',
  'range',
  'max-forwards',
]);

const HOP_LENGTHS = new Set([...HOP_BY_HOP].map((name) => name.length));

/** Whether a field ends at this hop; `listed` are the names the Connection field gives. */
function isHopByHop(name: string, value: string, listed: readonly string[]): boolean {
  if (listed.length === 0 && !HOP_LENGTHS.has(name.length)) return false;
  const lower = name.toLowerCase();
  if (HOP_BY_HOP.has(lower)) return lower !== 'te' || !/^trailers$/i.test(value);
  return listed.includes(lower) && !END_TO_END.has(lower);
}

function endToEnd(fields: Fields): Field[] {
  const listed = listMembers(fields, 'connection');
  return fields.filter(([name, value]) => !isHopByHop(name, value, listed));
}

/** The protocols a request asks to switch to; h2c is not offered on (H1-11). */
export function upgradeOffer(fields: Fields): string | null {
  if (!listMembers(fields, 'connection').includes('upgrade')) return null;
  const offers = listMembers(fields, 'upgrade').filter((offer) => offer !== 'h2c');
  return offers.length > 0 ? offers.join(', ') : null;
}

/** Whether a client asks for a websocket (RFC 6455 4.1). */
export function asksForWebSocket({ method, fields }: RequestHead): boolean {
  return method === 'GET' && (upgradeOffer(fields)?.split(', ').includes('websocket') ?? false);
}

/** How a request is written to the next hop. */
export interface Hop {
  /** With an absolute-form target, as a proxy wants it (RFC 9112 3.2.2). */
  readonly isAbsolute: boolean;
  /** Fields of this hop alone; they take the place of those that came. */
  readonly fields: Fields;
}

export const DIRECT: Hop = { isAbsolute: false, fields: [] };

/** Puts the fields of a hop in. */
export function withHop(fields: Fields, hop: Hop): Fields {
  if (hop.fields.length === 0) return fields;
  const others = fields.filter(([name]) => !hop.fields.some(([own]) => sameName(own, name)));
  return [...others, ...hop.fields];
}

export function requestFields(head: RequestHead, isTunnelled: boolean): Fields {
  const fields = endToEnd(head.fields).filter(([name]) => !sameName(name, 'http2-settings'));
  if (isTunnelled && upgradeOffer(head.fields) !== null) restoreUpgrade(head.fields, fields);
  return fields;
}

export function responseFields(head: ResponseHead): Fields {
  const fields = endToEnd(head.fields);
  if (head.status === 101) restoreUpgrade(head.fields, fields);
  else if (head.status === 426) fields.push(...head.fields.filter(([name]) => sameName(name, 'upgrade')));
  return fields;
}

/** The alternatives of a response are on that port of the host that the client speaks to (RFC 7838 3, OPT-67). */
export function withAltSvcPort(head: ResponseHead, port: number): ResponseHead {
  if (!hasField(head.fields, 'alt-svc')) return head;
  const fields = head.fields.map(
    ([name, value]): Field => [name, sameName(name, 'alt-svc') ? value.replace(/="[^"]*:\d+"/g, `=":${port}"`) : value],
  );
  return { ...head, fields };
}

function restoreUpgrade(from: Fields, into: Field[]): void {
  into.push(['Connection', 'Upgrade']);
  for (const [name, value] of from) {
    if (!sameName(name, 'upgrade')) continue;
    const offers = value
      .split(',')
      .map(trimBlanks)
      .filter((offer) => offer.toLowerCase() !== 'h2c');
    if (offers.length > 0) into.push([name, offers.join(', ')]);
  }
}

export function trailerFields(trailers: Fields): { readonly kept: Fields; readonly dropped: readonly string[] } {
  const kept = trailers.filter(([name]) => !NOT_IN_TRAILERS.has(name.toLowerCase()));
  const dropped = trailers.filter(([name]) => NOT_IN_TRAILERS.has(name.toLowerCase())).map(([name]) => name);
  return { kept, dropped };
}

/** Whether the sender of this head means to keep the connection open (RFC 9112 9.3). */
export function keepsAlive(version: string, fields: Fields): boolean {
  const options = listMembers(fields, 'connection');
  if (options.includes('close')) return false;
  if (version !== 'HTTP/1.0') return true;
  return options.includes('keep-alive') || listMembers(fields, 'proxy-connection').includes('keep-alive');
}
