import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { askInside, openTunnel, secure } from '../script/scripted.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

test('OPT-11 PD-01 allow_hosts opens what matches by address or server name, and passes all else untouched', async (t) => {
  const origin = await startTlsOrigin(t, response('x'));
  const trust = { ssl_verify_upstream_trusted_ca: origin.caFile };
  const proxy = await startProxy(t, { allow_hosts: [`^localhost:${origin.port}$`], ...trust });
  const byAddress = await secure(proxy, await openTunnel(proxy, `localhost:${origin.port}`), { servername: '' });
  await askInside(proxy, byAddress, 'GET /address HTTP/1.1\r\nHost: localhost\r\n\r\n', /200 OK/);
  const byName = await secure(proxy, await openTunnel(proxy, `127.0.0.1:${origin.port}`));
  await askInside(proxy, byName, 'GET /name HTTP/1.1\r\nHost: localhost\r\n\r\n', /200 OK/);
  const ca = fs.readFileSync(origin.caFile);
  const other = await secure(proxy, await openTunnel(proxy, `127.0.0.1:${origin.port}`), { servername: '', ca });
  await askInside(proxy, other, 'GET /other HTTP/1.1\r\nHost: a\r\n\r\n', /200 OK/);
  other.end();
  const row = await proxy.row((one) => one.kind === 'tunnel' && one.duration >= 0);
  assert.deepEqual([row.error, row.messages], ['allow_hosts does not match', -1]);
  const paths = proxy.list().flatMap(({ path }) => (path === '' ? [] : [path]));
  assert.deepEqual(paths, ['/address', '/name']);
});

test('OPT-11 PD-01 plain HTTP in a tunnel is passed, too, and a request to the proxy itself never is', async (t) => {
  const origin = await startOrigin(t, answering(response('plain')));
  const proxy = await startProxy(t, { allow_hosts: ['never'] });
  const client = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  client.send('GET /in HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until('plain');
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/out`), /plain/);
  await proxy.row((row) => row.path === '/out' && row.status === 200);
  assert.equal((await proxy.row((row) => row.kind === 'tunnel')).error, 'allow_hosts does not match');
});

test('OPT-13 PD-04 tcp_hosts reads HTTP as a conversation of bytes, inside TLS where there is TLS', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const plain = await startOrigin(t, answering(response('plain')));
  const trust = { ssl_verify_upstream_trusted_ca: origin.caFile };
  const proxy = await startProxy(t, { tcp_hosts: ['localhost', `:${plain.port}$`], ...trust });
  const first = await openTunnel(proxy, `127.0.0.1:${plain.port}`);
  first.send('GET /in HTTP/1.1\r\nHost: a\r\n\r\n');
  await first.until('plain');
  const socket = await secure(proxy, await openTunnel(proxy, `127.0.0.1:${origin.port}`));
  await askInside(proxy, socket, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', /secret/);
  await proxy.until(() => proxy.list().filter((row) => row.messages === 2).length === 2, 'two conversations');
  assert.deepEqual(
    proxy.list().map(({ error }) => error),
    ['tcp_hosts matches', 'inside TLS, and not HTTP'],
  );
});

test('OPT-11 OPT-13 what is no regular expression is one sentence', async (t) => {
  const proxy = await startProxy(t);
  for (const name of ['allow_hosts', 'tcp_hosts'] as const) {
    const after = proxy.events.length;
    proxy.say({ type: 'set-option', name, value: ['('] });
    assert.equal((await proxy.event('refused', after)).reason, `${name}: not a regular expression: (`);
  }
});

test('PD-01 ignore_hosts has the last word over allow_hosts', async (t) => {
  const proxy = await startProxy(t, { allow_hosts: ['127'], ignore_hosts: ['127'] });
  const client = await Client.connect(proxy.port);
  client.send('CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n');
  await client.until('close');
  assert.match((await proxy.row((row) => row.failed)).error, /refused the connection/);
});
