import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { reachOf } from '../../src/proxy/reach.js';
import { line } from '../script/scripted.js';
import { Client } from '../support/client.js';
import { startProxy } from '../support/proxy.js';

test('OPT-71 OPT-72 an address is this machine’s, of a network of one’s own, or anybody’s', () => {
  const reaches = {
    loopback: ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'],
    private: [
      '10.1.2.3',
      '172.31.0.1',
      '192.168.0.9',
      '169.254.1.1',
      '100.64.0.1',
      '::ffff:10.0.0.1',
      'fe80::1%eth0',
      'fd00::1',
    ],
    global: ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'],
  };
  for (const [reach, addresses] of Object.entries(reaches))
    for (const address of addresses) assert.equal(reachOf(address), reach, address);
});

/** An address of this machine that is not loopback, as others in its network see it. */
const own = Object.values(os.networkInterfaces())
  .flatMap((one) => one ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

test('OPT-71 OPT-72 clients from such addresses are refused with a line in the log, and this machine never is', {
  skip: own === undefined && 'this machine has no address but loopback',
}, async (t) => {
  const reach = reachOf(own ?? '');
  const options = { block_global: reach === 'global', block_private: reach === 'private' };
  const proxy = await startProxy(t, { listen_host: '0.0.0.0', ...options });
  const stranger = await Client.connect(proxy.port, own);
  assert.equal(await stranger.until('close'), '');
  await line(proxy, new RegExp(`: refused, since it comes from a ${reach} address \\(block_${reach}\\)$`));
  const home = await Client.connect(proxy.port);
  home.send('GET /a HTTP/1.1\r\n\r\n');
  assert.match(await home.until('close'), /^HTTP\/1\.1 400 /);
  await proxy.row((row) => row.failed);
  assert.equal(proxy.list().length, 1);
});
