import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { makeAuthority } from '../../src/certs/authority.js';
import { CA_CERTIFICATE_FILE, CA_FILE, isExposed, makePrivateFolder, openAuthority } from '../../src/certs/store.js';

function folder(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-store-'));
  t.after(() => fs.rmSync(made, { recursive: true }));
  return made;
}

function mode(file: string): string {
  return (fs.statSync(file).mode & 0o777).toString(8);
}

function withUmask(t: TestContext, mask: number): void {
  const before = process.umask(mask);
  t.after(() => process.umask(before));
}

describe('TL-01 the files of the CA', () => {
  for (const mask of [0o000, 0o077, 0o777])
    it(`can be read by their owner alone under umask ${mask.toString(8).padStart(3, '0')}`, async (t) => {
      const confdir = path.join(folder(t), 'conf');
      withUmask(t, mask);
      await openAuthority(confdir);
      assert.equal(mode(confdir), '700');
      assert.equal(mode(path.join(confdir, CA_FILE)), '600');
      assert.equal(isExposed(confdir), false);
    });

  it('are made once and then read', async (t) => {
    const confdir = folder(t);
    const made = await openAuthority(confdir);
    const read = await openAuthority(confdir);
    assert.equal(read.certificate.fingerprint256, made.certificate.fingerprint256);
    assert.equal(read.key.equals(made.key), true);
    assert.deepEqual(fs.readdirSync(confdir).sort(), [CA_CERTIFICATE_FILE, CA_FILE]);
  });

  it('give the certificate without the key in a file of its own', async (t) => {
    const confdir = folder(t);
    const { certificate } = await openAuthority(confdir);
    const text = fs.readFileSync(path.join(confdir, CA_CERTIFICATE_FILE), 'utf8');
    assert.equal(new X509Certificate(text).fingerprint256, certificate.fingerprint256);
    assert.ok(!text.includes('PRIVATE'));
  });

  it('are the same for two who start at once', async (t) => {
    const confdir = folder(t);
    const both = await Promise.all([openAuthority(confdir), openAuthority(confdir)]);
    const [first, second] = both.map((pair) => pair.certificate.fingerprint256);
    assert.equal(first, second);
    assert.equal((await openAuthority(confdir)).certificate.fingerprint256, first);
  });

  it('that hold no CA are a mistake that names the file', async (t) => {
    const confdir = folder(t);
    fs.writeFileSync(path.join(confdir, CA_FILE), 'nothing of the kind');
    await assert.rejects(openAuthority(confdir), (error: Error) =>
      error.message.startsWith(path.join(confdir, CA_FILE)),
    );
  });

  it('OPT-51 have a key of key_size bits', async (t) => {
    const { certificate } = await openAuthority(folder(t), { key_size: 3072, cert_passphrase: null });
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
  });

  it('OPT-50 may be the user’s own, encrypted: cert_passphrase opens them', async (t) => {
    const confdir = folder(t);
    const { certificate, key } = await makeAuthority();
    const secret = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' });
    fs.writeFileSync(path.join(confdir, CA_FILE), `${secret}${certificate}`);
    const settings = { key_size: 2048, cert_passphrase: 'open sesame' };
    assert.equal((await openAuthority(confdir, settings)).certificate.fingerprint256, certificate.fingerprint256);
    const published = fs.readFileSync(path.join(confdir, CA_CERTIFICATE_FILE), 'utf8');
    assert.equal(new X509Certificate(published).fingerprint256, certificate.fingerprint256);
    await assert.rejects(openAuthority(confdir), /ca\.pem is not a CA: .*its key is encrypted: set cert_passphrase/);
    const wrong = { ...settings, cert_passphrase: 'open' };
    await assert.rejects(openAuthority(confdir, wrong), /cert_passphrase does not open its key/);
  });

  it('whose key cannot sign leaves are a mistake', async (t) => {
    const confdir = folder(t);
    const { certificate } = await makeAuthority();
    const write = (key: KeyObject): void =>
      fs.writeFileSync(path.join(confdir, CA_FILE), `${key.export({ type: 'pkcs8', format: 'pem' })}${certificate}`);
    write(generateKeyPairSync('ed25519').privateKey);
    await assert.rejects(openAuthority(confdir), /its key is ed25519, not RSA or EC/);
    write(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    await assert.rejects(openAuthority(confdir), /its key is not that of its first certificate/);
  });

  it('that others can read are told apart', async (t) => {
    const confdir = folder(t);
    assert.equal(isExposed(confdir), false);
    await openAuthority(confdir);
    fs.chmodSync(path.join(confdir, CA_FILE), 0o640);
    assert.equal(isExposed(confdir), true);
  });

  it('never go through a link that somebody left in their place', async (t) => {
    const confdir = folder(t);
    const elsewhere = path.join(folder(t), 'elsewhere');
    fs.symlinkSync(elsewhere, path.join(confdir, CA_FILE));
    await openAuthority(confdir).catch((error: Error) => assert.ok(error.message.includes(CA_FILE)));
    assert.equal(fs.existsSync(elsewhere), false);
  });
});

describe('a private folder', () => {
  it('is made with the folders above it', (t) => {
    withUmask(t, 0);
    const made = path.join(folder(t), 'a', 'b');
    makePrivateFolder(made);
    assert.equal(mode(made), '700');
    assert.equal(mode(path.dirname(made)), '700');
  });

  it('that is there stays as it is', (t) => {
    const made = folder(t);
    fs.chmodSync(made, 0o750);
    makePrivateFolder(made);
    assert.equal(mode(made), '750');
  });
});
