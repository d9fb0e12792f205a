import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { askInside, secure } from '../script/scripted.js';
import { Client } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

const SUCCEEDED = '\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00';

/** A CONNECT to a name, all in one piece, with what follows it. */
async function socksTo(proxy: RunningProxy, host: string, port: number, rest = ''): Promise<Client> {
  const client = await Client.connect(proxy.port);
  const name = `${String.fromCharCode(host.length)}${host}${String.fromCharCode(port >> 8, port & 255)}`;
  client.send(`\x05\x01\x00\x05\x01\x00\x03${name}${rest}`);
  return client;
}

test('MO-04 PD-03 plain HTTP and HTTPS through SOCKS are read', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const plain = await startOrigin(t, answering(response('plain')));
  const proxy = await startProxy(t, { mode: ['socks5'], ssl_verify_upstream_trusted_ca: origin.caFile });
  const first = await socksTo(proxy, '127.0.0.1', plain.port, 'GET /one HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal((await first.until('plain')).slice(0, 12), `\x05\x00${SUCCEEDED}`);
  const second = await socksTo(proxy, 'localhost', origin.port);
  await second.until(`\x05\x00${SUCCEEDED}`);
  const socket = await secure(proxy, second);
  await askInside(proxy, socket, 'GET /two HTTP/1.1\r\nHost: localhost\r\n\r\n', /secret/);
  await proxy.row((row) => row.path === '/one' && row.status === 200 && row.port === plain.port);
  await proxy.row((row) => row.path === '/two' && row.status === 200 && row.scheme === 'https');
});

test('MO-04 OPT-10 a server that is passed through and not there is refused in SOCKS’ own words', async (t) => {
  const proxy = await startProxy(t, { mode: ['socks5'], ignore_hosts: ['.*'] });
  const client = await socksTo(proxy, '127.0.0.1', 1);
  assert.equal(await client.until('close'), '\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00');
});

test('MO-04 a client that was refused and does not close is left behind', async (t) => {
  const proxy = await startProxy(t, { mode: ['socks5'], ignore_hosts: ['.*'] });
  const socket = net.connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => socket.destroy());
  socket.write('\x05\x01\x00\x05\x01\x00\x03\x09127.0.0.1\x00\x01', 'latin1');
  socket.resume();
  await once(socket, 'end');
  const beat = setInterval(() => socket.write('still here'), 20);
  t.after(() => clearInterval(beat));
  const [error] = await once(socket, 'error');
  assert.match(error.code, /ECONNRESET|EPIPE/);
});

test('MO-04 a client that speaks HTTP to a SOCKS port is a row that says so', async (t) => {
  const proxy = await startProxy(t, { mode: ['socks5'] });
  const client = await Client.connect(proxy.port);
  client.send('GET / HTTP/1.1\r\n\r\n');
  assert.equal(await client.until('close'), '');
  assert.match((await proxy.row((row) => row.failed)).error, /^the client speaks HTTP, it seems, to a SOCKS5 port/);
});

test('MO-04 a server that cannot be is a row that names it', async (t) => {
  const proxy = await startProxy(t, { mode: ['socks5'] });
  const client = await socksTo(proxy, 'a\x1b[2Jb', 80);
  await client.until('close');
  const row = await proxy.row((one) => one.failed);
  assert.deepEqual([row.host, row.port], ['a\\x1b[2jb', 80]);
});

test('MO-11 MO-04 our own port is a loop through SOCKS, too', async (t) => {
  const proxy = await startProxy(t, { mode: ['socks5'] });
  const client = await socksTo(proxy, '127.1', proxy.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(await client.until('close'), /HTTP\/1\.1 508 /);
});
