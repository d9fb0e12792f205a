import fs from 'node:fs';
import { readCredentials } from '../http/basic.js';
import { readHtpasswd, sameText } from './htpasswd.js';

/** Who may come in. */
export interface Login {
  accepts(user: string, password: string): boolean;
}

/** What `proxyauth` says (OPT-70); throws a sentence about what cannot be used. */
export function openLogin(spec: string): Login {
  if (spec === 'any') return { accepts: () => true };
  if (spec.startsWith('@')) return { accepts: readHtpasswd(fs.readFileSync(spec.slice(1), 'utf8')) };
  if (/^ldaps?:/.test(spec)) throw new Error('LDAP is not there: any, USER:PASSWORD or @FILE');
  const wanted = readCredentials(spec);
  if (!wanted) throw new Error(`"${spec}" is none of any, USER:PASSWORD and @FILE`);
  const isIt = `${wanted.user}\0${wanted.password}`;
  return { accepts: (user, password) => sameText(`${user}\0${password}`, isIt) };
}
