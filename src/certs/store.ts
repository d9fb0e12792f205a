import { createPrivateKey, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { makeAuthority, type Pair } from './authority.js';

/** The CA's files in the configuration folder. */
export const CA_FILE = 'ca.pem';
export const CA_CERTIFICATE_FILE = 'ca-cert.pem';

/** Creates a file that only its owner can read, whatever the umask, and never through somebody else's link. */
function writeSecret(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.new`;
  fs.rmSync(temporary, { force: true });
  const fd = fs.openSync(temporary, 'wx', 0o600);
  try {
    fs.fchmodSync(fd, 0o600);
    fs.writeFileSync(fd, text);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(temporary, file);
}

export function makePrivateFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.chmodSync(folder, 0o700);
}

function load(file: string): Pair {
  const text = fs.readFileSync(file, 'utf8');
  try {
    return { certificate: new X509Certificate(text), key: createPrivateKey(text) };
  } catch (error) {
    throw new Error(
      `${file} is not a CA: it must hold a certificate and its private key (${(error as Error).message})`,
    );
  }
}

/** Loads the CA, or makes it on the first start. */
export async function openAuthority(confdir: string): Promise<Pair> {
  const file = path.join(confdir, CA_FILE);
  if (fs.existsSync(file)) return load(file);
  makePrivateFolder(confdir);
  const pair = await makeAuthority();
  const certificate = pair.certificate.toString();
  if (fs.existsSync(file)) return load(file); // another sluice was faster
  writeSecret(file, pair.key.export({ type: 'pkcs8', format: 'pem' }) + certificate);
  fs.writeFileSync(path.join(confdir, CA_CERTIFICATE_FILE), certificate, { mode: 0o644 });
  return pair;
}

/** Whether others than the owner can read the CA's key. */
export function isExposed(confdir: string): boolean {
  try {
    return (fs.statSync(path.join(confdir, CA_FILE)).mode & 0o077) !== 0;
  } catch {
    return false; // no CA yet: nothing to expose
  }
}
