import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { makeAuthority, type Pair } from './authority.js';
import { certificatesIn, keyIn } from './identity.js';
import { systemRoots } from './trust.js';

/** The CA's files in the configuration folder. */
export const CA_FILE = 'ca.pem';
export const CA_CERTIFICATE_FILE = 'ca-cert.pem';
export const BUNDLE_FILE = 'ca-bundle.pem';

/** What the system says of a full disk does not name the file. */
function unwritable(file: string, error: unknown): Error {
  return new Error(`${file} cannot be written: ${(error as Error).message}`);
}

function writePublic(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text, { mode: 0o644 });
  } catch (error) {
    throw unwritable(file, error);
  }
}

/**
 * Creates a file that only its owner can read, whatever the umask, and never through somebody else's link. False when
 * it is there already.
 */
function createSecret(file: string, text: string): boolean {
  const temporary = `${file}.${process.pid}.${threadId}.new`;
  fs.rmSync(temporary, { force: true });
  const fd = fs.openSync(temporary, 'wx', 0o600);
  try {
    fs.fchmodSync(fd, 0o600);
    fs.writeFileSync(fd, text);
    fs.linkSync(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unwritable(file, error);
  } finally {
    fs.closeSync(fd);
    fs.rmSync(temporary, { force: true });
  }
}

/**
 * Makes a folder for its owner only, and those above it. Level by level: Node's own recursive mkdir never returns in a
 * file system such as /proc, where a folder that is not there cannot be made either.
 */
export function makePrivateFolder(folder: string): void {
  const known = fs.statSync(folder, { throwIfNoEntry: false });
  if (known?.isDirectory()) return;
  if (known) throw new Error(`${folder} is not a folder`);
  const parent = path.dirname(folder);
  if (parent !== folder && !fs.existsSync(parent)) makePrivateFolder(parent);
  fs.mkdirSync(folder, { mode: 0o700 });
  fs.chmodSync(folder, 0o700);
}

/** Makes the configuration folder. Throws a sentence that names it where it cannot be used. */
export function openConfdir(confdir: string): void {
  try {
    makePrivateFolder(confdir);
    fs.accessSync(confdir, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw new Error(`the folder ${confdir} cannot be used: ${(error as Error).message}`);
  }
}

const CA_KEYS = ['rsa', 'ec'];

function pairIn(text: string, passphrase: string | null): Pair {
  const all = certificatesIn(text);
  const [first] = all;
  if (first === undefined) throw new Error('it has no certificate');
  const key = keyIn(text, passphrase);
  if (!CA_KEYS.includes(key.asymmetricKeyType ?? ''))
    throw new Error(`its key is ${key.asymmetricKeyType}, not RSA or EC`);
  const certificate = new X509Certificate(first);
  if (!certificate.checkPrivateKey(key)) throw new Error('its key is not that of its first certificate');
  return { certificate, key, chain: all.length > 1 ? `${all.join('\n')}\n` : '' };
}

function load(file: string, passphrase: string | null): Pair {
  try {
    return pairIn(fs.readFileSync(file, 'utf8'), passphrase);
  } catch (error) {
    throw new Error(
      `${file} is not a CA: it must hold a certificate and its private key (${(error as Error).message})`,
    );
  }
}

/** Puts a CA into a folder that has none. False when it has one. */
export function saveAuthority(confdir: string, pair: Pair): boolean {
  openConfdir(confdir);
  const certificate = pair.certificate.toString();
  const secret = pair.key.export({ type: 'pkcs8', format: 'pem' }) + certificate;
  if (!createSecret(path.join(confdir, CA_FILE), secret)) return false;
  writePublic(path.join(confdir, CA_CERTIFICATE_FILE), certificate);
  return true;
}

/** Gives a CA that the user put there its certificate in a file of its own, for those who are to trust it. */
function publish(confdir: string, { certificate, chain }: Pair): void {
  const file = path.join(confdir, CA_CERTIFICATE_FILE);
  if (!fs.existsSync(file)) writePublic(file, chain || certificate.toString());
}

export interface AuthoritySettings {
  /** Bits of the RSA key of a CA that is made. */
  readonly key_size: number;
  /** For a CA of the user's own whose key is encrypted. */
  readonly cert_passphrase: string | null;
}

const SETTINGS: AuthoritySettings = { key_size: 2048, cert_passphrase: null };

/**
 * Loads the CA, or makes it on the first start; of several that start at once one makes it and the others load it. A
 * CA of the user's own has an RSA or EC key; further certificates in its file are sent behind every leaf (TL-01).
 */
export async function openAuthority(confdir: string, settings: AuthoritySettings = SETTINGS): Promise<Pair> {
  openConfdir(confdir);
  const file = path.join(confdir, CA_FILE);
  if (fs.existsSync(file)) {
    const own = load(file, settings.cert_passphrase);
    publish(confdir, own);
    return own;
  }
  const pair = await makeAuthority(settings.key_size);
  return saveAuthority(confdir, pair) ? pair : load(file, settings.cert_passphrase);
}

/** The system's roots and ours in one file, for programs that replace their roots by what a variable names. */
export function writeBundle(confdir: string, { certificate }: Pair): void {
  writePublic(path.join(confdir, BUNDLE_FILE), `${systemRoots().pem}\n${certificate.toString()}`);
}

/** Whether others than the owner can read the CA's key. */
export function isExposed(confdir: string): boolean {
  try {
    return (fs.statSync(path.join(confdir, CA_FILE)).mode & 0o077) !== 0;
  } catch {
    return false; // no CA yet: nothing to expose
  }
}
