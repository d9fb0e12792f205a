import { bytesToText, textToBytes } from './charset.js';
import { type Fields, fieldValues, sameName, trimBlanks, withField, withoutField } from './fields.js';
import type { Pair } from './multimap.js';

/** A cookie as a response sets it. An attribute that is a flag, such as Secure, has null as its value. */
export interface SetCookie {
  readonly value: string;
  readonly attributes: readonly (readonly [name: string, value: string | null])[];
}

/** A name with or without a value, as it stands in a cookie field. */
interface Piece {
  readonly name: string;
  readonly value: string | null;
  readonly spelling: string;
  /** The index of the separator behind it. */
  readonly end: number;
}

/** Where a cookie begins after a comma, in several that were joined; the comma of a date does not match. */
const JOINT = /,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=/;
const JOINT_HERE = new RegExp(JOINT, 'y');
const QUOTED_HERE = /"((?:[^"\\]|\\.)*)"[ \t]*/sy;

/** Values that would be read differently without quotes. */
const NEEDS_QUOTES = /^[" \t]|;|[ \t]$/;

/** The cookies of a request, over all its Cookie fields (DMR-08). One without '=' has a blank value. */
export function cookiesOf(fields: Fields): [name: string, value: string][] {
  return requestPieces(fields).map((piece) => [piece.name, piece.value ?? '']);
}

/**
 * The fields with these cookies in one Cookie field, at the place of the first; without one when there are none. A
 * cookie that is not changed keeps its spelling, quotes and all. Throws a TypeError on what no cookie can hold.
 */
export function withCookies(fields: Fields, pairs: readonly Pair<string>[]): Fields {
  if (pairs.length === 0) return withoutField(fields, 'cookie');
  const spell = speller(requestPieces(fields), false);
  return withField(fields, 'Cookie', pairs.map(([name, value]) => spell(name, value)).join('; '));
}

/** The cookies that a response sets, of several Set-Cookie fields and of fields that were joined by commas (DMR-09). */
export function setCookiesOf(fields: Fields): [name: string, cookie: SetCookie][] {
  return responsePieces(fields).flatMap(([first, ...rest]) =>
    first ? [[first.name, { value: first.value ?? '', attributes: rest.map(({ name, value }) => [name, value]) }]] : [],
  );
}

/** The fields with one Set-Cookie field for each of these, at the place of the first. Else as `withCookies`. */
export function withSetCookies(fields: Fields, pairs: readonly Pair<SetCookie>[]): Fields {
  const spell = speller(responsePieces(fields).flat(), true);
  const first = fields.findIndex((field) => sameName(field[0], 'set-cookie'));
  const fieldName = fields[first]?.[0] ?? 'Set-Cookie';
  const lines = pairs.map(([name, { value, attributes }]) =>
    [spell(name, value), ...attributes.map((given) => spell(given[0], given[1]))].join('; '),
  );
  const others = withoutField(fields, 'set-cookie');
  return others.toSpliced(first < 0 ? others.length : first, 0, ...lines.map((line) => [fieldName, line] as const));
}

/** An attribute in any case: undefined when it is absent, null when it is a flag. The last one counts (RFC 6265 5.3). */
export function attribute(cookie: SetCookie, name: string): string | null | undefined {
  return cookie.attributes.findLast((given) => sameName(given[0], name))?.[1];
}

/** The cookie with its Expires later by that many seconds; a date that cannot be read stays (DMR-15). */
export function refreshed(cookie: SetCookie, deltaSeconds: number): SetCookie {
  return {
    value: cookie.value,
    attributes: cookie.attributes.map(([name, value]) =>
      value !== null && sameName(name, 'expires') ? [name, shifted(value, deltaSeconds)] : [name, value],
    ),
  };
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const DATE_PARTS: readonly (readonly [part: string, pattern: RegExp])[] = [
  ['time', /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/],
  ['day', /^(\d{1,2})(?!\d)/],
  ['month', new RegExp(`^(${MONTHS.join('|')})`, 'i')],
  ['year', /^(\d{2,4})(?!\d)/],
];

/** The time of a cookie's date in milliseconds, read as RFC 6265 5.1.1 says: in any order, always in UTC; or null. */
export function cookieDate(text: string): number | null {
  const found = dateParts(text);
  const [hours = 24, minutes = 60, seconds = 60] = (found.get('time') ?? []).map(Number);
  const day = Number(found.get('day')?.[0] ?? 0);
  const month = MONTHS.indexOf(found.get('month')?.[0]?.toLowerCase() ?? '');
  const year = fullYear(Number(found.get('year')?.[0] ?? -1));
  if (hours > 23 || minutes > 59 || seconds > 59 || month < 0 || year < 1601) return null;
  const date = new Date(Date.UTC(year, month, day, hours, minutes, seconds));
  return date.getUTCDate() === day ? date.getTime() : null;
}

/** For each part the first word that can be it; a word is one part only. */
function dateParts(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const word of text.split(/[\t -/;-@[-`{-~]+/)) {
    const part = DATE_PARTS.find(([name, pattern]) => !found.has(name) && pattern.test(word));
    if (part) found.set(part[0], part[1].exec(word)?.slice(1) ?? []);
  }
  return found;
}

function fullYear(year: number): number {
  if (year >= 0 && year < 70) return year + 2000;
  return year >= 70 && year < 100 ? year + 1900 : year;
}

function shifted(date: string, seconds: number): string {
  const before = cookieDate(date);
  const after = new Date((before ?? Number.NaN) + seconds * 1000);
  const canBeWritten = after.getUTCFullYear() >= 1601 && after.getUTCFullYear() <= 9999;
  return canBeWritten ? after.toUTCString() : date;
}

function requestPieces(fields: Fields): Piece[] {
  return fieldValues(fields, 'cookie').flatMap((text) => readPieces(text, isSemicolon));
}

/** The pieces of each cookie: its name and value, then its attributes. */
function responsePieces(fields: Fields): Piece[][] {
  const cookies: Piece[][] = [];
  for (const text of fieldValues(fields, 'set-cookie')) {
    let joined = true;
    for (const piece of readPieces(text, isSemicolonOrJoint)) {
      if (joined) cookies.push([]);
      cookies.at(-1)?.push(piece);
      joined = text[piece.end] === ',';
    }
  }
  return cookies;
}

type IsEnd = (text: string, index: number) => boolean;

function isSemicolon(text: string, index: number): boolean {
  return text[index] === ';';
}

function isSemicolonOrJoint(text: string, index: number): boolean {
  if (text[index] !== ',') return isSemicolon(text, index);
  JOINT_HERE.lastIndex = index;
  return JOINT_HERE.test(text);
}

/** Never fails: quotes that are not closed, or not at the end, are part of the value. Empty pieces are left out. */
function readPieces(text: string, isEnd: IsEnd): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < text.length; ) {
    const piece = readPiece(text, at, isEnd);
    if (piece.spelling !== '') pieces.push(piece);
    at = piece.end + 1;
  }
  return pieces;
}

function readPiece(text: string, start: number, isEnd: IsEnd): Piece {
  let equals = start;
  while (equals < text.length && text[equals] !== '=' && !isEnd(text, equals)) equals += 1;
  const name = bytesToText(trimBlanks(text.slice(start, equals)));
  const [value, end] = text[equals] === '=' ? readValue(text, equals + 1, isEnd) : [null, equals];
  return { name, value: value === null ? null : bytesToText(value), spelling: trimBlanks(text.slice(start, end)), end };
}

function readValue(text: string, start: number, isEnd: IsEnd): [value: string, end: number] {
  let end = start;
  while (text[end] === ' ' || text[end] === '\t') end += 1;
  QUOTED_HERE.lastIndex = end;
  const quoted = QUOTED_HERE.exec(text);
  const behind = quoted ? end + quoted[0].length : end;
  if (quoted && (behind === text.length || isEnd(text, behind))) return [unescaped(quoted[1] ?? ''), behind];
  while (end < text.length && !isEnd(text, end)) end += 1;
  return [trimBlanks(text.slice(start, end)), end];
}

/** Octal escapes are what Python's http.cookies writes. */
function unescaped(quoted: string): string {
  return quoted.replace(/\\([0-3][0-7]{2}|.)/gs, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : code,
  );
}

/** How to write a piece: as one of the same name and value was written before, else anew. */
function speller(before: readonly Piece[], joins: boolean): (name: string, value: string | null) => string {
  const known = new Map<string, string>();
  for (const { name, value, spelling } of before)
    for (const same of value === null ? [null, ''] : [value]) {
      const key = JSON.stringify([name, same]);
      if (!known.has(key)) known.set(key, spelling);
    }
  return (name, value) => known.get(JSON.stringify([name, value])) ?? spelledAnew(name, value, joins);
}

function spelledAnew(name: string, value: string | null, joins: boolean): string {
  if (/[\0\r\n;=]/.test(name) || trimBlanks(name) !== name || (joins && JOINT.test(`${name}=`)))
    throw new TypeError(`not a name in a cookie: ${JSON.stringify(name)}`);
  if (value === null) return textToBytes(name);
  if (/[\0\r\n]/.test(value))
    throw new TypeError(`the value of ${JSON.stringify(name)} in a cookie must not hold line breaks or NUL`);
  const isQuoted = NEEDS_QUOTES.test(value) || (joins && JOINT.test(value));
  return textToBytes(`${name}=${isQuoted ? `"${value.replace(/["\\]/g, '\\$&')}"` : value}`);
}
