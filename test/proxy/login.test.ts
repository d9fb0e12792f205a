import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { askInside, openTunnel, secure, setOption } from '../script/scripted.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';

const ANNA = `Basic ${Buffer.from('anna:se:cret').toString('base64')}`;
const EVE = `Basic ${Buffer.from('eve:x').toString('base64')}`;

/** Everything that is kept of all flows. */
async function kept(proxy: RunningProxy): Promise<string> {
  let all = '';
  for (const { id } of proxy.list()) all += JSON.stringify(await proxy.read(id));
  return all;
}

test('OPT-70 a request without the login is answered by 407 and a row, with it the login goes no further', async (t) => {
  let received = '';
  const origin = await startOrigin(t, (visit, piece) => {
    received += piece.toString('latin1');
    answering(response('in'))(visit, piece);
  });
  const url = `http://127.0.0.1:${origin.port}/`;
  const proxy = await startProxy(t, { proxyauth: 'anna:se:cret' });
  for (const fields of ['', `Proxy-Authorization: ${EVE}\r\n`, 'Proxy-Authorization: Bearer x\r\n']) {
    const answer = await fetchThrough(proxy.port, url, fields);
    assert.match(answer, /^HTTP\/1\.1 407 Proxy Authentication Required\r\n/);
    assert.match(answer, /\r\nProxy-Authenticate: Basic realm="sluice", charset="UTF-8"\r\n/);
  }
  assert.equal(origin.visits.length, 0);
  assert.match(
    await fetchThrough(proxy.port, url, `Proxy-Authorization: ${ANNA}\r\nAuthorization: Bearer mine\r\n`),
    /in/,
  );
  assert.doesNotMatch(received, /proxy-authorization/i);
  assert.match(received, /\r\nAuthorization: Bearer mine\r\n/);
  const rows = await proxy.until(() => proxy.list().length === 4 && proxy.list(), 'rows');
  assert.deepEqual(
    rows.map(({ host }) => host),
    Array(4).fill('127.0.0.1'),
  );
  assert.deepEqual(
    rows.map(({ error }) => error),
    [
      'the client gave no login (proxyauth)',
      'the client gave a wrong login (proxyauth)',
      'the client gave a wrong login (proxyauth)',
      '',
    ],
  );
  const all = await kept(proxy);
  assert.match(all, /"Proxy-Authorization","Basic \(hidden\)"/);
  for (const secret of [ANNA, EVE, 'Bearer x'].map((text) => text.split(' ')[1] ?? ''))
    assert.ok(!all.includes(`${secret}"`));
});

test('OPT-70 a CONNECT logs in for all that comes through its tunnel', async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { proxyauth: 'anna:se:cret', ssl_verify_upstream_trusted_ca: origin.caFile });
  const refused = await openTunnel(proxy, `localhost:${origin.port}`);
  assert.match(await refused.until('close'), /^HTTP\/1\.1 407 /);
  const client = await Client.connect(proxy.port);
  const at = `localhost:${origin.port}`;
  client.send(`CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\nProxy-Authorization: ${ANNA}\r\n\r\n`);
  await client.until('200 Connection established\r\n\r\n');
  const socket = await secure(proxy, client);
  await askInside(proxy, socket, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', /secret/);
  assert.match((await proxy.row((row) => row.method === 'CONNECT')).error, /gave no login/);
});

test('OPT-70 in reverse mode the login is asked for by 401 and is not the server’s', async (t) => {
  let received = '';
  const origin = await startOrigin(t, (visit, piece) => {
    received += piece.toString('latin1');
    answering(response('in'))(visit, piece);
  });
  const proxy = await startProxy(t, { mode: [`reverse:http://127.0.0.1:${origin.port}`], proxyauth: 'any' });
  const first = await Client.connect(proxy.port);
  first.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(await first.until('close'), /^HTTP\/1\.1 401 Unauthorized\r\n[\s\S]*\r\nWWW-Authenticate: Basic realm/);
  const second = await Client.connect(proxy.port);
  second.send(`GET / HTTP/1.1\r\nHost: a\r\nAuthorization: ${EVE}\r\n\r\n`);
  await second.until('in');
  assert.doesNotMatch(received, /authorization/i);
  assert.ok(!(await kept(proxy)).includes(EVE));
});

test('OPT-70 MO-04 SOCKS asks for the same login', async (t) => {
  const proxy = await startProxy(t, { mode: ['socks5'], proxyauth: 'anna:se:cret' });
  const none = await Client.connect(proxy.port);
  none.send('\x05\x01\x00');
  assert.equal(await none.until('close'), '\x05\xff');
  const right = await Client.connect(proxy.port);
  right.send('\x05\x01\x02\x01\x04anna\x07se:cret');
  assert.equal(await right.until('\x01\x00'), '\x05\x02\x01\x00');
  right.socket.destroy();
});

test('OPT-70 a malformed request keeps no login either', async (t) => {
  const proxy = await startProxy(t, { proxyauth: 'any' });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://a.example/ HTTP/1.1\r\nProxy-Authorization: ${ANNA}\r\nbad name: x\r\n\r\n`);
  assert.match(await client.until('close'), /^HTTP\/1\.1 400 /);
  await proxy.row((row) => row.failed);
  const all = await kept(proxy);
  assert.match(all, /Proxy-Authorization: \(hidden\)/);
  assert.ok(!all.includes(ANNA));
});

test('OPT-70 OPT-69 logins that cannot be used are one sentence, and what was stays', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'people');
  fs.writeFileSync(file, 'anna:secret\n');
  const proxy = await startProxy(t, { proxyauth: 'anna:se:cret' });
  const mistakes = [
    ['proxyauth', 'anna', 'proxyauth: "anna" is none of any, USER:PASSWORD and @FILE'],
    ['proxyauth', 'ldap:x:y', 'proxyauth: LDAP is not there: any, USER:PASSWORD or @FILE'],
    [
      'proxyauth',
      `@${file}`,
      'proxyauth: the password of anna is hashed in a way that is not known: make it with htpasswd -B',
    ],
    ['upstream_auth', 'anna', 'upstream_auth: "anna" is no USER:PASSWORD'],
  ] as const;
  for (const [name, value, mistake] of mistakes) {
    const after = proxy.events.length;
    setOption(proxy, name, value);
    assert.equal((await proxy.event('refused', after)).reason, mistake);
  }
  assert.match(await fetchThrough(proxy.port, 'http://a.example/'), /^HTTP\/1\.1 407 /);
});
