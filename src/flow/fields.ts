/**
 * Header and trailer fields: ordered name-value pairs. Order, case and duplicates are part of the message (DMM-01).
 * Names and values are byte strings: one character per octet (latin-1), as they were on the wire.
 */
export type Field = readonly [name: string, value: string];
export type Fields = readonly Field[];

export function sameName(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (lower(a.charCodeAt(at)) !== lower(b.charCodeAt(at))) return false;
  return true;
}

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A token (RFC 9110 5.6.2): a method, or the name of a field. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Takes blanks and tabs off both ends; not `trim()`, which also takes other characters. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** A blank or a tab. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** The first value of that name, or undefined. */
export function fieldValue(fields: Fields, name: string): string | undefined {
  for (const field of fields) if (sameName(field[0], name)) return field[1];
  return undefined;
}

/** Every value of that name, in wire order. */
export function fieldValues(fields: Fields, name: string): string[] {
  const values: string[] = [];
  for (const field of fields) if (sameName(field[0], name)) values.push(field[1]);
  return values;
}

export function hasField(fields: Fields, name: string): boolean {
  return fieldValue(fields, name) !== undefined;
}

export function withoutField(fields: Fields, name: string): Field[] {
  return fields.filter((field) => !sameName(field[0], name));
}

/** Replaces every field of that name by one; the first one's place and spelling are kept (DMM-04). */
export function withField(fields: Fields, name: string, value: string): Field[] {
  const out: Field[] = [];
  let placed = false;
  for (const field of fields) {
    if (!sameName(field[0], name)) out.push(field);
    else if (!placed) {
      out.push([field[0], value]);
      placed = true;
    }
  }
  if (!placed) out.push([name, value]);
  return out;
}

const NO_MEMBERS: readonly string[] = [];

/** The members of a comma-separated list field over all its lines, lower-cased, blanks removed (RFC 9110 5.6.1). */
export function listMembers(fields: Fields, name: string): readonly string[] {
  let members: string[] | null = null;
  for (const field of fields) {
    if (!sameName(field[0], name)) continue;
    for (const part of field[1].split(',')) {
      const member = trimBlanks(part).toLowerCase();
      if (member === '') continue;
      members ??= [];
      members.push(member);
    }
  }
  return members ?? NO_MEMBERS;
}

/** The media type of a message, without its parameters, lower-cased; '' when none is given. */
export function mediaType(fields: Fields): string {
  const value = fieldValue(fields, 'content-type') ?? '';
  const end = value.indexOf(';');
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}
