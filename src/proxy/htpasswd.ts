import { createHash, timingSafeEqual } from 'node:crypto';
import { compareSync } from 'bcryptjs';

/*
 * Password files as Apache's htpasswd writes them: bcrypt (-B), its own MD5 (-m) and SHA-1 (-s).
 */

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./0-9A-Za-z]{53}$/;
const MD5 = /^\$apr1\$([^$]{1,8})\$[./0-9A-Za-z]{22}$/;
const SHA1 = /^\{SHA\}[0-9A-Za-z+/]{27}=$/;
/** A check of this cost takes about a second, during which nothing else goes on. */
const COSTLY = 14;

function md5(...parts: readonly (Buffer | string)[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function base64(value: number, length: number): string {
  return Array.from({ length }, (_, at) => ALPHABET[(value >> (6 * at)) & 63]).join('');
}

/** Apache's variant of the MD5 crypt: a thousand rounds that mix password and salt. */
export function apacheMd5(password: string, salt: string): string {
  const key = Buffer.from(password, 'utf8');
  const first = md5(key, salt, key);
  const parts: (Buffer | string)[] = [key, '$apr1$', salt];
  for (let left = key.length; left > 0; left -= 16) parts.push(first.subarray(0, Math.min(16, left)));
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? Buffer.alloc(1) : key.subarray(0, 1));
  let sum = md5(...parts);
  for (let round = 0; round < 1000; round += 1) {
    const isOdd = round % 2 === 1;
    const middle = [...(round % 3 ? [salt] : []), ...(round % 7 ? [key] : [])];
    sum = md5(isOdd ? key : sum, ...middle, isOdd ? sum : key);
  }
  const at = (index: number): number => sum[index] ?? 0;
  const groups = [0, 1, 2, 3, 4].map((one) => {
    const last = one === 4 ? 5 : one + 12;
    return base64((at(one) << 16) | (at(one + 6) << 8) | at(last), 4);
  });
  return `$apr1$${salt}$${groups.join('')}${base64(at(11), 2)}`;
}

/** Compares without telling by the time it takes where they differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(a), digest(b));
}

function matches(password: string, hash: string): boolean {
  if (BCRYPT.test(hash)) return compareSync(password, hash.replace(/^\$2y/, '$2b'));
  const salt = MD5.exec(hash)?.[1];
  if (salt !== undefined) return sameText(apacheMd5(password, salt), hash);
  return sameText(`{SHA}${createHash('sha1').update(password, 'utf8').digest('base64')}`, hash);
}

function check(hash: string, user: string): void {
  const cost = BCRYPT.exec(hash)?.[1];
  if (cost !== undefined && Number(cost) > COSTLY)
    throw new Error(`the password of ${user} has a bcrypt cost of ${Number(cost)}; at most ${COSTLY} is taken`);
  if (cost === undefined && !MD5.test(hash) && !SHA1.test(hash))
    throw new Error(`the password of ${user} is hashed in a way that is not known: make it with htpasswd -B`);
}

/** Reads such a file into a check of user and password; throws a sentence about what cannot be read. */
export function readHtpasswd(text: string): (user: string, password: string) => boolean {
  const hashes = new Map<string, string>();
  for (const [number, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf(':');
    if (at < 1) throw new Error(`line ${number + 1} is no USER:HASH`);
    const user = line.slice(0, at);
    check(line.slice(at + 1), user);
    hashes.set(user, line.slice(at + 1));
  }
  const known = new Set<string>();
  return (user, password) => {
    const hash = hashes.get(user);
    if (hash === undefined) return false;
    const login = createHash('sha256').update(`${user}\0${password}`, 'utf8').digest('base64');
    if (known.has(login)) return true; // bcrypt is slow on purpose, and clients log in with every request
    if (!matches(password, hash)) return false;
    known.add(login);
    return true;
  };
}
