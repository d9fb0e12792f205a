import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Authority, makeAuthority, type Pair } from '../../src/certs/authority.js';
import { type CertName, certName } from '../../src/certs/names.js';
import { pkcs12 } from '../../src/certs/pkcs12.js';

const DAY = 86_400_000;
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-certs-'));
after(() => fs.rmSync(folder, { recursive: true }));

function names(...texts: readonly string[]): CertName[] {
  return texts.map((text) => certName(text) ?? assert.fail(`not a name: ${text}`));
}

/** The octets behind these ones in a DER structure. */
function behind(der: Buffer, start: readonly number[], length: number): string | null {
  const at = der.indexOf(Buffer.from(start));
  return at < 0 ? null : der.subarray(at + start.length, at + start.length + length).toString('hex');
}

const SUBJECT_KEY_ID = [0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04, 0x16, 0x04, 0x14];
const AUTHORITY_KEY_ID = [0x06, 0x03, 0x55, 0x1d, 0x23, 0x04, 0x18, 0x30, 0x16, 0x80, 0x14];
const CRITICAL_ALT_NAME = [0x06, 0x03, 0x55, 0x1d, 0x11, 0x01, 0x01, 0xff];
const SERIAL = [0xa0, 0x03, 0x02, 0x01, 0x02, 0x02];

function assertSerial(der: Buffer): void {
  const length = Number.parseInt(behind(der, SERIAL, 1) ?? '', 16);
  const serial = Buffer.from(behind(der, [...SERIAL, length], length) ?? '', 'hex');
  assert.ok(length >= 8 && length <= 20, `${length} octets`);
  const [first = 0, second = 0] = serial;
  assert.ok(first < 0x80, 'not negative');
  assert.ok(first > 0 || second >= 0x80, 'no needless zero octet');
}

function openssl(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

function file(name: string, text: string): string {
  const made = path.join(folder, name);
  fs.writeFileSync(made, text);
  return made;
}

function verify(ca: X509Certificate, leaf: string, ...more: readonly string[]): void {
  const roots = file('root.pem', ca.toString());
  openssl('verify', '-x509_strict', '-purpose', 'sslserver', ...more, '-CAfile', roots, file('leaf.pem', leaf));
}

describe('TL-01 the CA', () => {
  let ca: Pair;
  before(async () => {
    ca = await makeAuthority();
  });

  it('is a CA that signed itself', () => {
    assert.equal(ca.certificate.ca, true);
    assert.equal(ca.certificate.verify(ca.certificate.publicKey), true);
    assert.equal(ca.certificate.checkIssued(ca.certificate), true);
    assert.equal(ca.certificate.checkPrivateKey(ca.key), true);
  });

  it('has an RSA key of 2048 bits', () => {
    assert.equal(ca.key.asymmetricKeyType, 'rsa');
    assert.equal(ca.key.asymmetricKeyDetails?.modulusLength, 2048);
  });

  it('is valid for ten years, since two days ago', () => {
    const from = Date.parse(ca.certificate.validFrom);
    assert.ok(Math.abs(Date.now() - 2 * DAY - from) < 60_000);
    assert.ok(Math.abs(Date.parse(ca.certificate.validTo) - from - 3650 * DAY) < 60_000);
  });

  it('has a positive serial number', () => assertSerial(ca.certificate.raw));

  it('names itself apart from others', async () => {
    const other = await makeAuthority(1024);
    assert.match(ca.certificate.subject, /CN=sluice/);
    assert.notEqual(other.certificate.subject, ca.certificate.subject);
  });

  it('satisfies openssl', { skip: !hasOpenssl }, () => {
    const pem = file('ca.pem', ca.certificate.toString());
    openssl('verify', '-x509_strict', '-CAfile', pem, pem);
    const text = openssl('x509', '-in', pem, '-noout', '-text');
    assert.match(text, /Basic Constraints: critical\s+CA:TRUE/);
    assert.match(text, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
  });

  it('is exported as PKCS#12 without its key', { skip: !hasOpenssl }, () => {
    const p12 = path.join(folder, 'ca.p12');
    fs.writeFileSync(p12, pkcs12(ca.certificate, 'secret'));
    const text = openssl('pkcs12', '-in', p12, '-passin', 'pass:secret', '-nodes');
    assert.ok(text.includes('BEGIN CERTIFICATE'));
    assert.ok(!text.includes('PRIVATE KEY'));
  });
});

describe('TL-02 a leaf', () => {
  let ca: Pair;
  let authority: Authority;
  before(async () => {
    ca = await makeAuthority();
    authority = new Authority(ca);
  });

  const sign = async (...texts: readonly string[]): Promise<X509Certificate> =>
    new X509Certificate((await authority.sign(names(...texts))).certificate);

  it('is issued by the CA', async () => {
    const leaf = await sign('a.test');
    assert.equal(leaf.checkIssued(ca.certificate), true);
    assert.equal(leaf.verify(ca.certificate.publicKey), true);
    assert.equal(leaf.ca, false);
  });

  it('is for all its names', async () => {
    const leaf = await sign('a.test', '*.b.test', '10.0.0.1', '2001:db8::1');
    assert.equal(leaf.checkHost('a.test'), 'a.test');
    assert.equal(leaf.checkHost('x.b.test'), '*.b.test');
    assert.equal(leaf.checkHost('c.test'), undefined);
    assert.equal(leaf.checkIP('10.0.0.1'), '10.0.0.1');
    assert.equal(leaf.checkIP('2001:db8::1'), '2001:db8::1');
    assert.equal(leaf.subject, 'CN=a.test');
  });

  it('has an address as an address and not as a name', async () =>
    assert.equal((await sign('127.0.0.1')).subjectAltName, 'IP Address:127.0.0.1'));

  it('has the A-label of an international name', async () =>
    assert.equal((await sign('bücher.example')).subjectAltName, 'DNS:xn--bcher-kva.example'));

  it('is valid for less than 200 days, since two days ago', async () => {
    const leaf = await sign('a.test');
    const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
    assert.ok(to - from < 200 * DAY);
    assert.ok(to - Date.now() > 190 * DAY);
    assert.ok(Math.abs(Date.now() - 2 * DAY - from) < 60_000);
    assert.ok(Math.abs((await authority.sign(names('a.test'))).expires - to) < 60_000);
  });

  it('has a positive serial number of its own', async () => {
    const leaves = await Promise.all(Array.from({ length: 300 }, () => sign('a.test')));
    for (const leaf of leaves) assertSerial(leaf.raw);
    assert.equal(new Set(leaves.map((leaf) => leaf.serialNumber)).size, leaves.length);
  });

  it('names the CA by the key identifier that the CA has', async () => {
    const id = behind(ca.certificate.raw, SUBJECT_KEY_ID, 20);
    assert.notEqual(id, null);
    assert.equal(behind((await sign('a.test')).raw, AUTHORITY_KEY_ID, 20), id);
  });

  for (const length of [63, 64, 65, 200]) {
    const label = 'a'.repeat(50);
    const name = `${label}.${label}.${label}.${label}`
      .slice(-length + 5)
      .replace(/^\./, 'a')
      .concat('.test');
    const isShort = length < 64;
    it(`for a name of ${length} characters has ${isShort ? 'it as' : 'no'} common name`, async () => {
      assert.equal(name.length, length);
      const leaf = await sign(name);
      assert.equal(leaf.subject ?? '', isShort ? `CN=${name}` : '');
      assert.equal(
        behind(leaf.raw, CRITICAL_ALT_NAME, 0) !== null,
        !isShort,
        'critical if and only if the subject is empty',
      );
      assert.equal(leaf.checkHost(name), name);
    });
  }

  it('comes with the key it is for', async () => {
    const leaf = await authority.sign(names('a.test'));
    assert.equal(new X509Certificate(leaf.certificate).checkPrivateKey(createPrivateKey(leaf.key)), true);
    assert.equal((await authority.sign(names('b.test'))).key, leaf.key);
  });

  it('satisfies openssl', { skip: !hasOpenssl }, async () => {
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.test`;
    verify(
      ca.certificate,
      (await authority.sign(names('a.test', '10.0.0.1', '::1'))).certificate,
      '-verify_hostname',
      'a.test',
    );
    verify(ca.certificate, (await authority.sign(names('10.0.0.1'))).certificate, '-verify_ip', '10.0.0.1');
    verify(ca.certificate, (await authority.sign(names(long))).certificate, '-verify_hostname', long);
    const text = openssl('x509', '-in', path.join(folder, 'leaf.pem'), '-noout', '-text');
    assert.match(text, /TLS Web Server Authentication/);
    assert.match(text, /Key Usage: critical\s+Digital Signature\n/);
  });
});

describe('TL-01 a CA of the user', { skip: !hasOpenssl }, () => {
  const own = (name: string, ...args: readonly string[]): Pair => {
    const [key, certificate] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.crt`)];
    openssl(
      'req',
      '-x509',
      '-nodes',
      '-days',
      '30',
      '-subj',
      '/O=Some Österreich/CN=own',
      '-utf8',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
      '-keyout',
      key,
      '-out',
      certificate,
      ...args,
    );
    return {
      key: createPrivateKey(fs.readFileSync(key)),
      certificate: new X509Certificate(fs.readFileSync(certificate)),
    };
  };
  const kinds: Readonly<Record<string, readonly string[]>> = {
    'with a P-256 key': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'with an RSA key': ['-newkey', 'rsa:2048'],
    'with a key identifier of its own': [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-addext',
      'subjectKeyIdentifier=00112233445566778899aabbccddeeff00112233',
      '-addext',
      'authorityKeyIdentifier=none',
    ],
  };
  for (const [name, args] of Object.entries(kinds))
    it(`${name} signs leaves that satisfy openssl`, async () => {
      const ca = own(name.replaceAll(' ', '-'), ...args);
      const leaf = await new Authority(ca).sign(names('a.test'));
      verify(ca.certificate, leaf.certificate, '-verify_hostname', 'a.test');
      const id = behind(ca.certificate.raw, SUBJECT_KEY_ID, 20);
      assert.equal(behind(new X509Certificate(leaf.certificate).raw, AUTHORITY_KEY_ID, 20), id);
    });
});
