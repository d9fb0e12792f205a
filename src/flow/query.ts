import { bytesToText, textToBytes } from './charset.js';

/*
 * Path and query of a request target. A path is a byte string: one character an octet.
 */

/** Takes percent-encoding off; what is no percent-encoding stays. */
export function percentDecoded(text: string): string {
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return bytesToText(bytes);
}

/** Percent-encodes every octet but those that `plain` matches. */
function percentEncoded(text: string, plain: RegExp): string {
  let out = '';
  for (const octet of textToBytes(text))
    out += plain.test(octet) ? octet : `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  return out;
}

const QUERY_PLAIN = /[A-Za-z0-9_.~-]/;
const SEGMENT_PLAIN = /[A-Za-z0-9_.~!$&'()*+,;=:@-]/;

/** Pairs of an urlencoded text: order, duplicates and blank values are kept. */
export function urlencodedPairs(text: string): [string, string][] {
  return text
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
      return [percentDecoded(name.replaceAll('+', ' ')), percentDecoded(value.replaceAll('+', ' '))];
    });
}

function encodedWord(text: string): string {
  return percentEncoded(text, QUERY_PLAIN).replaceAll('%20', '+');
}

/** Names in `flags` are written without "=" where they have no value. */
export function urlencodedText(pairs: readonly (readonly [string, string])[], flags: ReadonlySet<string>): string {
  return pairs
    .map(([name, value]) =>
      value === '' && flags.has(name) ? encodedWord(name) : `${encodedWord(name)}=${encodedWord(String(value))}`,
    )
    .join('&');
}

/** The names that stand in an urlencoded text without "=". */
export function flagsIn(text: string): ReadonlySet<string> {
  const bare = text.split('&').filter((part) => part !== '' && !part.includes('='));
  return new Set(bare.map((part) => percentDecoded(part.replaceAll('+', ' '))));
}

interface Parts {
  readonly path: string;
  /** Null where there is no "?". */
  readonly query: string | null;
  /** With its "#". */
  readonly fragment: string;
}

function partsOf(target: string): Parts {
  const hash = target.indexOf('#');
  const [whole, fragment] = hash < 0 ? [target, ''] : [target.slice(0, hash), target.slice(hash)];
  const at = whole.indexOf('?');
  return at < 0
    ? { path: whole, query: null, fragment }
    : { path: whole.slice(0, at), query: whole.slice(at + 1), fragment };
}

function joined({ path, query, fragment }: Parts): string {
  return `${path}${query === null ? '' : `?${query}`}${fragment}`;
}

/** The pairs of a path's query (DMR-07). */
export function queryOf(path: string): [string, string][] {
  return urlencodedPairs(partsOf(path).query ?? '');
}

/** The path with another query; none takes the "?" away. */
export function withQuery(path: string, pairs: readonly (readonly [string, string])[]): string {
  const parts = partsOf(path);
  const text = urlencodedText(pairs, flagsIn(parts.query ?? ''));
  return joined({ ...parts, query: pairs.length === 0 ? null : text });
}

/** The parts of a path, decoded, without the query (DMR-12). */
export function pathComponents(path: string): string[] {
  return partsOf(path)
    .path.split('/')
    .filter((part) => part !== '')
    .map(percentDecoded);
}

/** The path made of these parts; the query stays. */
export function withPathComponents(path: string, components: readonly string[]): string {
  const made = components.map((part) => percentEncoded(part, SEGMENT_PLAIN)).join('/');
  return joined({ ...partsOf(path), path: `/${made}` });
}
