import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { startMitmdump } from '../support/mitmdump.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy, temporaryFolder } from '../support/proxy.js';
import { startTlsOrigin } from '../support/tlsorigin.js';
import { missing, run } from './command.js';

/*
 * The modes, as curl reaches them, and with mitmdump before and behind.
 */

const skip = missing('curl');
const skipChain = missing('curl', 'mitmdump');

/** curl with nothing of the user's own settings; what it printed. */
async function curl(...words: readonly string[]): Promise<string> {
  const env = { PATH: process.env.PATH };
  const ended = await run('curl', ['-q', '-sS', '--max-time', '20', '--noproxy', '', ...words], { env });
  assert.equal(ended.code, 0, `${words.join(' ')}: ${ended.err}`);
  return ended.out;
}

test('MO-04 OPT-70 curl through SOCKS5, with names, addresses and a login', { skip }, async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const plain = await startOrigin(t, answering(response('plain')));
  const proxy = await startProxy(t, {
    mode: ['socks5'],
    proxyauth: 'anna:se:cret',
    ssl_verify_upstream_trusted_ca: origin.caFile,
  });
  const login = ['--proxy-user', 'anna:se:cret'];
  const at = `127.0.0.1:${proxy.port}`;
  const https = ['--cacert', proxy.caFile, `https://localhost:${origin.port}/tls`];
  assert.equal(await curl('--socks5-hostname', at, ...login, ...https), 'secret');
  assert.equal(await curl('--socks5', at, ...login, `http://127.0.0.1:${plain.port}/plain`), 'plain');
  const refused = await run('curl', ['-q', '-sS', '--socks5', at, `http://127.0.0.1:${plain.port}/`]);
  assert.equal(refused.code, 97, refused.err);
  await proxy.row((row) => row.path === '/tls' && row.status === 200);
  await proxy.row((row) => row.path === '/plain' && row.status === 200);
});

test('MO-01 curl speaks TLS to the proxy itself, and TLS inside of that', { skip }, async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const plain = await startOrigin(t, answering(response('plain')));
  const proxy = await startProxy(t, { proxyauth: 'anna:se:cret', ssl_verify_upstream_trusted_ca: origin.caFile });
  const through = ['--proxy-user', 'anna:se:cret', '--proxy-cacert', proxy.caFile, '--cacert', proxy.caFile];
  for (const host of ['localhost', '127.0.0.1']) {
    const by = [...through, '--proxy', `https://${host}:${proxy.port}`];
    assert.equal(await curl(...by, `http://127.0.0.1:${plain.port}/plain`), 'plain');
    assert.equal(await curl(...by, `https://localhost:${origin.port}/tls`), 'secret');
  }
});

test('MO-03 curl takes sluice for the server, over HTTP and HTTPS', { skip }, async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, {
    mode: [`reverse:https://localhost:${origin.port}`],
    ssl_verify_upstream_trusted_ca: origin.caFile,
  });
  assert.equal(await curl(`http://127.0.0.1:${proxy.port}/plain`), 'secret');
  const named = ['--cacert', proxy.caFile, '--connect-to', `::127.0.0.1:${proxy.port}`];
  assert.equal(await curl(...named, 'https://shop.example/tls'), 'secret');
  assert.match(origin.received(), /GET \/tls HTTP\/1\.1\r\nHost: localhost:\d+\r\n/);
});

test('OPT-70 curl logs in by a file that htpasswd made, at once and when asked', {
  skip: missing('curl', 'htpasswd'),
}, async (t) => {
  const origin = await startTlsOrigin(t, response('secret'));
  const file = path.join(temporaryFolder(t), 'people');
  execFileSync('htpasswd', ['-cbB', file, 'bea', 'sécret'], { stdio: 'ignore' });
  execFileSync('htpasswd', ['-bm', file, 'mia', 'secret'], { stdio: 'ignore' });
  const proxy = await startProxy(t, { proxyauth: `@${file}`, ssl_verify_upstream_trusted_ca: origin.caFile });
  const way = ['-x', proxy.proxyUrl, '--cacert', proxy.caFile, `https://localhost:${origin.port}/`];
  assert.equal(await curl('--proxy-user', 'bea:sécret', ...way), 'secret');
  assert.equal(await curl('--proxy-anyauth', '--proxy-user', 'mia:secret', ...way), 'secret');
  const refused = await run('curl', ['-q', '-sS', '--proxy-user', 'bea:wrong', ...way]);
  assert.match(refused.err, /407/);
});

test('MO-02 OPT-69 mitmdump behind sluice: requests and tunnels go through it, with a login', {
  skip: skipChain,
}, async (t) => {
  const plain = await startOrigin(t, answering(response('plain')));
  const origin = await startTlsOrigin(t, response('secret'));
  const behind = await startMitmdump(t, 'proxyauth=anna:secret', 'ssl_insecure=true', 'connection_strategy=lazy');
  const proxy = await startProxy(t, {
    mode: [`upstream:http://127.0.0.1:${behind.port}`],
    upstream_auth: 'anna:secret',
    ssl_verify_upstream_trusted_ca: behind.caFile,
  });
  const through = ['-x', proxy.proxyUrl, '--cacert', proxy.caFile];
  assert.equal(await curl(...through, `http://127.0.0.1:${plain.port}/plain`), 'plain');
  assert.equal(await curl(...through, `https://localhost:${origin.port}/tls`), 'secret');
  await proxy.until(() => /GET https:\/\/localhost:\d+\/tls/.test(behind.printed()), 'the request at mitmdump');
  assert.match(behind.printed(), /GET http:\/\/127\.0\.0\.1:\d+\/plain/);
  proxy.say({ type: 'set-option', name: 'upstream_auth', value: 'anna:wrong' });
  await proxy.event('option-changed');
  const answer = await curl(...through, `https://localhost:${origin.port}/never`);
  assert.match(
    answer,
    /the proxy 127\.0\.0\.1:\d+ answered CONNECT localhost:\d+ with 407 Proxy Authentication Required/,
  );
});

test('MO-02 sluice behind mitmdump takes its absolute-form requests and its CONNECT', {
  skip: skipChain,
}, async (t) => {
  const plain = await startOrigin(t, answering(response('plain')));
  const origin = await startTlsOrigin(t, response('secret'));
  const proxy = await startProxy(t, { proxyauth: 'bea:secret', ssl_verify_upstream_trusted_ca: origin.caFile });
  const before = await startMitmdump(
    t,
    `mode=upstream:${proxy.proxyUrl}`,
    'upstream_auth=bea:secret',
    `ssl_verify_upstream_trusted_ca=${proxy.caFile}`,
  );
  const through = ['-x', `http://127.0.0.1:${before.port}`, '--cacert', before.caFile];
  assert.equal(await curl(...through, `http://127.0.0.1:${plain.port}/plain`), 'plain');
  assert.equal(await curl(...through, `https://localhost:${origin.port}/tls`), 'secret');
  await proxy.row((row) => row.path === '/plain' && row.status === 200);
  await proxy.row((row) => row.path === '/tls' && row.status === 200);
});

test('MO-04 MO-03 SOCKS5, a server and an HTTP proxy at once, in one program', { skip }, async (t) => {
  const plain = await startOrigin(t, answering(response('plain')));
  const proxy = await startProxy(t, { mode: ['socks5', `reverse:http://127.0.0.1:${plain.port}`, 'regular'] });
  const [socks, reverse, regular] = (await proxy.event('listening')).places;
  const url = `http://127.0.0.1:${plain.port}/`;
  assert.equal(await curl('-x', `socks5h://127.0.0.1:${socks?.port}`, url), 'plain');
  assert.equal(await curl(`http://127.0.0.1:${reverse?.port}/`), 'plain');
  assert.equal(await curl('-x', `http://127.0.0.1:${regular?.port}`, url), 'plain');
});
