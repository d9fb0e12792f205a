import { bytesToText, textToBytes } from './charset.js';
import type { Pair } from './multimap.js';

/** What stays as it is in a query: the safe set of Python's `quote_plus`, with which the original writes (DMR-07). */
const QUERY_UNSAFE = /[^\w.~-]/g;

/** What stays as it is in a component of a path: the safe set of `encodeURIComponent`. */
const COMPONENT_UNSAFE = /[^\w.!~*'()-]/g;

interface Target {
  readonly path: string;
  /** With its '?', or ''. */
  readonly query: string;
  /** With its '#', or ''. */
  readonly fragment: string;
}

/** The pairs of the query of a path, decoded, in order. The path is a byte string: one character an octet. */
export function queryOf(path: string): [name: string, value: string][] {
  return pairsOf(split(path).query.slice(1));
}

/** The path with these pairs as its query, encoded; without a '?' when there are none. A fragment stays. */
export function withQuery(target: string, pairs: readonly Pair<string>[]): string {
  const { path, fragment } = split(target);
  const query = pairs.map(([name, value]) => `${encodedPart(name)}=${encodedPart(value)}`).join('&');
  return `${path}${pairs.length === 0 ? '' : '?'}${query}${fragment}`;
}

/**
 * The decoded components of a path, without what is before its first '/' (DMR-12). An empty one stays, so that the path
 * can be put together again; a path that ends in '/' ends in an empty one. That of '/' is no component at all.
 */
export function pathComponents(target: string): string[] {
  const { path } = split(target);
  const inside = path.startsWith('/') ? path.slice(1) : path;
  return inside === '' ? [] : inside.split('/').map(percentDecoded);
}

/** The path with these components, each encoded, and with the query and fragment it had. */
export function withPathComponents(target: string, components: readonly string[]): string {
  const { query, fragment } = split(target);
  const path = components.map((component) => percentEncoded(component, COMPONENT_UNSAFE)).join('/');
  return `/${path}${query}${fragment}`;
}

/** The pairs of an urlencoded text. Names without '=' have a blank value; nothing between two '&' is no pair. */
export function pairsOf(text: string): [name: string, value: string][] {
  return text
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const at = piece.indexOf('=');
      return at < 0 ? [decodedPart(piece), ''] : [decodedPart(piece.slice(0, at)), decodedPart(piece.slice(at + 1))];
    });
}

/** A name or value as it is written in an urlencoded text. */
export function encodedPart(text: string): string {
  return percentEncoded(text, QUERY_UNSAFE).replaceAll('%20', '+');
}

/** A name or value from an urlencoded text. */
export function decodedPart(text: string): string {
  return percentDecoded(text.replaceAll('+', ' '));
}

/** Text whose percent-encoded octets are decoded, as in `bytesToText`. A '%' that encodes nothing stays. */
export function percentDecoded(text: string): string {
  const bytes = /[^\x00-\xff]/.test(text) ? textToBytes(text) : text;
  return bytesToText(bytes.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))));
}

function percentEncoded(text: string, unsafe: RegExp): string {
  return textToBytes(text).replace(
    unsafe,
    (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function split(target: string): Target {
  const hash = target.indexOf('#');
  const end = hash < 0 ? target.length : hash;
  const mark = target.slice(0, end).indexOf('?');
  const pathEnd = mark < 0 ? end : mark;
  return { path: target.slice(0, pathEnd), query: target.slice(pathEnd, end), fragment: target.slice(end) };
}
