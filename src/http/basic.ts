/*
 * The Basic authentication scheme (RFC 7617).
 */

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The field value for `user:password`. */
export function basic(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword, 'utf8').toString('base64')}`;
}

/** Reads `user:password`; the password may hold colons, the user may not. */
export function readCredentials(text: string): Credentials | null {
  const at = text.indexOf(':');
  return at < 0 ? null : { user: text.slice(0, at), password: text.slice(at + 1) };
}

/** Reads a field value; null when it is of another scheme or malformed. */
export function readBasic(value: string): Credentials | null {
  const [, token] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(value) ?? [];
  return token === undefined ? null : readCredentials(Buffer.from(token, 'base64').toString('utf8'));
}
