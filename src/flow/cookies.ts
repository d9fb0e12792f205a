import { bytesToText, textToBytes } from './charset.js';
import { type Field, type Fields, fieldValues, sameName } from './fields.js';

/*
 * Cookies as browsers read them, rather than as RFC 6265 has them written.
 */

function unquoted(value: string): string {
  return /^"(.*)"$/s.exec(value)?.[1] ?? value;
}

function pairOf(part: string): [string, string] {
  const at = part.indexOf('=');
  const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
  return [bytesToText(name.trim()), bytesToText(unquoted(value.trim()))];
}

/** The cookies of all Cookie fields (DMR-08). */
export function cookiesOf(fields: Fields): [string, string][] {
  return fieldValues(fields, 'cookie')
    .flatMap((value) => value.split(';'))
    .filter((part) => part.trim() !== '')
    .map(pairOf);
}

/** A value with a character that would end it is quoted. */
function cookieText(name: string, value: string): string {
  const text = String(value);
  return textToBytes(`${name}=${/[;,\s"]/.test(text) ? `"${text.replaceAll('"', '')}"` : text}`);
}

/** One Cookie field at the place of the first; none where there are no cookies. */
export function withCookies(fields: Fields, pairs: readonly (readonly [string, string])[]): Fields {
  const value = pairs.map(([name, one]) => cookieText(name, one)).join('; ');
  return replaced(fields, 'cookie', pairs.length === 0 ? [] : [['Cookie', value]]);
}

function replaced(fields: Fields, name: string, by: readonly Field[]): Fields {
  const at = fields.findIndex((field) => sameName(field[0], name));
  const others = fields.filter((field) => !sameName(field[0], name));
  const [first] = by;
  const old = fields[at];
  const kept = first && old ? by.map(([, value]): Field => [old[0], value]) : by;
  return others.toSpliced(at < 0 ? others.length : at, 0, ...kept);
}

/** What a Set-Cookie field sets. */
export interface SetCookie {
  readonly value: string;
  /** In order; a flag such as HttpOnly has null. */
  readonly attributes: readonly (readonly [string, string | null])[];
}

/** Some servers join cookies by commas; a comma in a date is followed by no name and "=". */
function separated(value: string): string[] {
  return value.split(/,(?=\s*[^\s;,=]+=)/);
}

function setCookieOf(text: string): [string, SetCookie] {
  const [first = '', ...rest] = text.split(';');
  const [name, value] = pairOf(first);
  const attributes = rest
    .filter((part) => part.trim() !== '')
    .map((part): [string, string | null] => {
      const [key, one] = pairOf(part);
      return [key, part.includes('=') ? one : null];
    });
  return [name, { value, attributes }];
}

/** The cookies of all Set-Cookie fields (DMR-09). */
export function setCookiesOf(fields: Fields): [string, SetCookie][] {
  return fieldValues(fields, 'set-cookie')
    .flatMap(separated)
    .filter((text) => text.trim() !== '')
    .map(setCookieOf);
}

/** One Set-Cookie field for each cookie, where the first one was. */
export function withSetCookies(fields: Fields, pairs: readonly (readonly [string, SetCookie | string])[]): Fields {
  const made = pairs.map(([name, cookie]): Field => {
    const { value, attributes } = typeof cookie === 'string' ? { value: cookie, attributes: [] } : cookie;
    const more = attributes.map(([key, one]) => (one === null ? `; ${key}` : `; ${key}=${one}`)).join('');
    return ['Set-Cookie', cookieText(name, value) + textToBytes(more)];
  });
  return replaced(fields, 'set-cookie', made);
}

/** An attribute by name, without regard to case: undefined for none, null for a flag. */
export function attribute(cookie: SetCookie, name: string): string | null | undefined {
  return cookie.attributes.find(([key]) => sameName(key, name))?.[1];
}

/** The same cookie with its expiry so many seconds later. */
export function refreshed(cookie: SetCookie, seconds: number): SetCookie {
  const attributes = cookie.attributes.map(([key, value]): readonly [string, string | null] => {
    const at = sameName(key, 'expires') ? Date.parse(value ?? '') : Number.NaN;
    return Number.isNaN(at) ? [key, value] : [key, new Date(at + seconds * 1000).toUTCString()];
  });
  return { ...cookie, attributes };
}
