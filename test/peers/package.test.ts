import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { makeHome, noPty, quietEnvironment, REPOSITORY, startInPty } from '../support/pty.js';
import { missing, run } from './command.js';

/*
 * What a user gets: the packed package, installed by npm as a global command.
 */

const { version } = JSON.parse(fs.readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')) as { version: string };

test('npm installs the packed package as a sluice command that runs (OP-06)', {
  skip: missing('npm'),
  timeout: 180_000,
}, async (t) => {
  const folder = makeHome();
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  // the tests run from dist: it is there already and must not be built again under them
  const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: REPOSITORY });
  assert.equal(packed.code, 0, packed.err);
  const archive = path.join(folder, `sluice-${version}.tgz`);
  const prefix = path.join(folder, 'prefix');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  const installed = await run('npm', ['install', '--global', '--prefix', prefix, ...quiet, archive], {
    cwd: folder,
    deadline: 150_000,
  });
  assert.equal(installed.code, 0, installed.err);
  const sluice = path.join(prefix, 'bin/sluice');
  const env = quietEnvironment(folder);

  await t.test('it prints its version, its flags and its options', async () => {
    assert.deepEqual(await run(sluice, ['--version'], { env }), { code: 0, out: `sluice ${version}\n`, err: '' });
    assert.match((await run(sluice, ['--help'], { env })).out, /--listen-port/);
    assert.match((await run(sluice, ['--options'], { env })).out, /^mode=regular$/m);
  });

  await t.test('sluice env prints lines that a shell can take, and their files are there', async () => {
    const lines = await run(sluice, ['env', '-p', '8123'], { env });
    assert.equal(lines.code, 0, lines.err);
    assert.match(lines.out, /^export https_proxy=http:\/\/127\.0\.0\.1:8123$/m);
    const taken = await run('sh', ['-c', 'eval "$1"; cat "$SSL_CERT_FILE" "$NODE_EXTRA_CA_CERTS"', 'sh', lines.out]);
    assert.equal(taken.code, 0, taken.err);
    assert.match(taken.out, /-----END CERTIFICATE-----\s*$/);
  });

  await t.test('sluice ca prints the certificate in each form', async () => {
    assert.match((await run(sluice, ['ca'], { env })).out, /^-----BEGIN CERTIFICATE-----/);
    assert.equal((await run(sluice, ['ca', 'cer'], { env })).code, 0);
    assert.equal((await run(sluice, ['ca', 'p12'], { env })).code, 0);
    assert.equal((await run(sluice, ['ca', 'jks'], { env })).code, 1);
  });

  await t.test('its console opens with its keys and closes', { skip: noPty }, async (one) => {
    const pty = startInPty(one, sluice, ['-p', '0']);
    await pty.waitFor(/listening on http/);
    await pty.waitFor(/E events/);
    pty.send('Q');
    assert.equal(await pty.end(), 0);
  });
});
