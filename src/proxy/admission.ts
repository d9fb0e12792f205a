import { type Fields, fieldValues, sameName } from '../flow/fields.js';
import type { ErrorKind } from '../flow/flow.js';
import type { Mode } from '../flow/mode.js';
import { readBasic } from '../http/basic.js';
import type { RawRequestHead } from '../http/reader.js';
import type { Login } from './login.js';

/** A request as it is shown and kept, and why it may not come in, or null. */
export interface Admission {
  readonly head: RawRequestHead;
  readonly refusal: { readonly kind: ErrorKind; readonly message: string } | null;
}

/** What stands for a login in what is kept. */
const HIDDEN = 'Basic (hidden)';

function isAccepted(login: Login, fields: Fields, name: string): boolean {
  const [value, ...more] = fieldValues(fields, name);
  const given = value === undefined || more.length > 0 ? null : readBasic(value);
  return given !== null && login.accepts(given.user, given.password);
}

const LOGINS = /^((?:proxy-)?authorization[ \t]*:).*/gim;

/** A head that could not be read, without the logins it may hold. */
export function withoutLogins(login: Login | null, raw: string): string {
  return login ? raw.replace(LOGINS, '$1 (hidden)') : raw;
}

/**
 * Asks a request for its login (OPT-70): Proxy-Authorization, or where sluice stands for the server Authorization, which
 * then goes no further. What came by a tunnel has been asked when the tunnel was opened.
 */
export function admit(login: Login | null, mode: Mode, isTunnelled: boolean, head: RawRequestHead): Admission {
  const isServer = mode.type === 'reverse';
  if (!login || (isTunnelled && !isServer)) return { head, refusal: null };
  const name = isServer ? 'authorization' : 'proxy-authorization';
  const isIn = isAccepted(login, head.fields, name);
  const fields = isServer
    ? head.fields.filter(([own]) => !sameName(own, name))
    : head.fields.map(([own, value]) => (sameName(own, name) ? ([own, HIDDEN] as const) : ([own, value] as const)));
  const kind = isServer ? 'no-login' : 'no-proxy-login';
  const message = `the client ${fieldValues(head.fields, name).length > 0 ? 'gave a wrong login' : 'gave no login'} (proxyauth)`;
  return { head: { ...head, fields }, refusal: isIn ? null : { kind, message } };
}
