import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import type net from 'node:net';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import tls from 'node:tls';
import { freePort, type RunningNginx, type Site, selfSigned, startNginx } from '../support/nginx.js';
import { noPty, type RunningSluice, startSluice } from '../support/pty.js';
import { type Ended, missing, run } from './command.js';

/*
 * curl and nginx with sluice between them: what the two ends see, and what a person sees on the screen.
 */

const skip = noPty || missing('curl', 'nginx', 'openssl');

const JSON_BODY = JSON.stringify({ items: Array.from({ length: 400 }, (_, id) => ({ id, name: `item ${id}` })) });
const BLOB = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));

const SITE: Site = {
  files: { 'plain.txt': 'hello from nginx\n', 'data.json': JSON_BODY, 'blob.bin': BLOB },
  locations: `
    location = /old { return 302 /plain.txt; }
    location = /form { proxy_pass http://127.0.0.1:$own_port/taken; add_header X-Got $request_body; }
    location = /taken { return 200 "taken\\n"; }
    location /stored/ { dav_methods PUT; create_full_put_path on; client_max_body_size 10m; }`,
};

interface Between {
  readonly sluice: RunningSluice;
  readonly nginx: RunningNginx;
  /** curl through sluice, trusting its CA. */
  curl(...words: string[]): Promise<Ended>;
}

async function between(t: TestContext, ...words: string[]): Promise<Between> {
  const nginx = await startNginx(t, SITE);
  const sluice = await startSluice(t, ['--ssl-verify-upstream-trusted-ca', nginx.caFile, ...words]);
  const curl = (...more: string[]): Promise<Ended> => plainCurl(sluice, '--cacert', sluice.caFile, ...more);
  return { sluice, nginx, curl };
}

/** curl through sluice with nothing of the user's own settings. */
function plainCurl(sluice: RunningSluice, ...words: string[]): Promise<Ended> {
  const env = { PATH: process.env.PATH, HOME: sluice.home };
  return run('curl', ['-q', '-sS', '--max-time', '20', '--noproxy', '', '-x', sluice.proxyUrl, ...words], { env });
}

function succeeded(ended: Ended): string {
  assert.equal(ended.code, 0, ended.err);
  return ended.out;
}

/** A finished row of the list: after the path the status, then whatever else is given, in order. */
function row(scheme: string, method: string, host: string, rest: string, ...more: string[]): RegExp {
  const columns = [scheme, method, host, rest, ...more].map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^.*\\d\\d:\\d\\d:\\d\\d ${columns.join('\\s+(?:\\S\\s+)?')}.*$`, 'm');
}

for (const scheme of ['http', 'https'] as const) {
  const name = scheme.toUpperCase();

  test(`curl gets a page over ${name} and the row says what it was (UI-COL-02 to UI-COL-10)`, { skip }, async (t) => {
    const { sluice, nginx, curl } = await between(t);
    const url = scheme === 'http' ? nginx.httpUrl : nginx.httpsUrl;
    const host = url.slice(`${scheme}://`.length);
    assert.equal(succeeded(await curl(`${url}/plain.txt?a=1`)), 'hello from nginx\n');
    await sluice.pty.waitFor(row(name, 'GET', host, '/plain.txt?a=1', '200', 'plain', '17b'));
    assert.match(sluice.pty.screen(), /\[1\/1\]/);
    const missed = await curl('-o', '/dev/null', '-w', '%{http_code}', `${url}/nothing-here`);
    assert.equal(succeeded(missed), '404');
    await sluice.pty.waitFor(row(name, 'GET', host, '/nothing-here', '404', 'html'));
  });

  test(`curl reads a gzip body over ${name}, and the view decodes what went by encoded (UI-FV-08)`, {
    skip,
  }, async (t) => {
    const { sluice, nginx, curl } = await between(t);
    const url = scheme === 'http' ? nginx.httpUrl : nginx.httpsUrl;
    assert.equal(succeeded(await curl('--compressed', '-D', `${sluice.home}/head`, `${url}/data.json`)), JSON_BODY);
    assert.match(fs.readFileSync(`${sluice.home}/head`, 'latin1'), /content-encoding: gzip/i);
    await sluice.pty.waitFor(row(name, 'GET', url.slice(scheme.length + 3), '/data.json', '200', 'json'));
    sluice.pty.send('\r');
    await sluice.pty.waitFor('Request');
    sluice.pty.send('\t');
    await sluice.pty.waitFor(/decoded gzip/);
    await sluice.pty.waitFor(/"name": "item 0"/);
  });
}

test('a redirect is two rows, the first with its status and no content', { skip }, async (t) => {
  const { sluice, nginx, curl } = await between(t);
  assert.equal(succeeded(await curl('-L', `${nginx.httpsUrl}/old`)), 'hello from nginx\n');
  const host = `localhost:${nginx.httpsPort}`;
  await sluice.pty.waitFor(row('HTTPS', 'GET', host, '/old', '302', 'html'));
  await sluice.pty.waitFor(row('HTTPS', 'GET', host, '/plain.txt', '200', 'plain'));
  assert.match(sluice.pty.screen(), /2 flows/);
});

test('a POST reaches the server with its body, which the request tab shows', { skip }, async (t) => {
  const { sluice, nginx, curl } = await between(t);
  const answer = succeeded(await curl('-i', '--data', 'name=sluice&kind=proxy', `${nginx.httpUrl}/form`));
  assert.match(answer, /^X-Got: name=sluice&kind=proxy\r$/m);
  assert.match(answer, /taken\n$/);
  await sluice.pty.waitFor(row('HTTP', 'POST', `localhost:${nginx.httpPort}`, '/form', '200'));
  sluice.pty.send('\r');
  await sluice.pty.waitFor(/name=sluice&kind=proxy|name:?\s+sluice/);
});

test('a chunked upload arrives whole and byte for byte (H1-03)', { skip }, async (t) => {
  const { sluice, nginx, curl } = await between(t);
  const file = path.join(sluice.home, 'upload');
  const body = Buffer.concat(Array.from({ length: 30 }, () => BLOB));
  fs.writeFileSync(file, body);
  const chunked = ['-H', 'Transfer-Encoding: chunked', '-H', 'Expect:', '-T', file];
  const code = await curl('-o', '/dev/null', '-w', '%{http_code}', ...chunked, `${nginx.httpsUrl}/stored/a.bin`);
  assert.equal(succeeded(code), '201');
  assert.ok(fs.readFileSync(path.join(nginx.site, 'stored/a.bin')).equals(body), 'the stored file differs');
  await sluice.pty.waitFor(row('HTTPS', 'PUT', `localhost:${nginx.httpsPort}`, '/stored/a.bin', '201', 'no content'));
});

test('a HEAD answer keeps its length and has no content, not missing content (ST-08)', { skip }, async (t) => {
  const { sluice, nginx, curl } = await between(t);
  const head = succeeded(await curl('--head', `${nginx.httpsUrl}/blob.bin`));
  assert.match(head, /^Content-Length: 100000\r$/m);
  await sluice.pty.waitFor(row('HTTPS', 'HEAD', `localhost:${nginx.httpsPort}`, '/blob.bin', '200', 'no content'));
});

test('a client that waits for 100 Continue gets it before it sends its body (H1-08)', { skip }, async (t) => {
  const { sluice, nginx, curl } = await between(t);
  const wait = ['-H', 'Expect: 100-continue', '--expect100-timeout', '15', '-T', '-'];
  const env = { PATH: process.env.PATH, HOME: sluice.home };
  const proxy = ['-x', sluice.proxyUrl, '--cacert', sluice.caFile, '--noproxy', ''];
  const began = performance.now();
  const url = `${nginx.httpsUrl}/stored/waited.txt`;
  const ended = await run('curl', ['-q', '-sSv', '--http1.1', ...proxy, ...wait, url], { env, input: 'waited for' });
  assert.equal(ended.code, 0, ended.err);
  assert.match(ended.err, /^< HTTP\/1\.1 100 Continue\r?$/m);
  assert.match(ended.err, /^< HTTP\/1\.1 201 Created\r?$/m);
  assert.ok(performance.now() - began < 10_000, 'curl gave up waiting and sent its body by itself');
  assert.equal(fs.readFileSync(path.join(nginx.site, 'stored/waited.txt'), 'utf8'), 'waited for');
  await curl(`${nginx.httpUrl}/plain.txt`);
  await sluice.pty.waitFor(row('HTTPS', 'PUT', `localhost:${nginx.httpsPort}`, '/stored/waited.txt', '201'));
});

test('a range is asked for and answered with its part alone', { skip }, async (t) => {
  const { sluice, nginx, curl } = await between(t);
  const file = path.join(sluice.home, 'part');
  succeeded(await curl('-r', '1000-1999', '-o', file, `${nginx.httpsUrl}/blob.bin`));
  assert.ok(fs.readFileSync(file).equals(BLOB.subarray(1000, 2000)), 'the part differs');
  await sluice.pty.waitFor(
    row('HTTPS', 'GET', `localhost:${nginx.httpsPort}`, '/blob.bin', '206', 'octet-stream', '1000b'),
  );
});

test('many requests at once are all answered and all in the list', { skip }, async (t) => {
  const { sluice, nginx, curl } = await between(t);
  const urls = Array.from({ length: 40 }, (_, at) => ['-o', '/dev/null', `${nginx.httpsUrl}/data.json?n=${at}`]);
  const codes = await curl('--parallel', '--parallel-max', '10', '-w', '%{http_code}\\n', ...urls.flat());
  assert.equal(succeeded(codes), '200\n'.repeat(40));
  await sluice.pty.waitFor(/40 flows/);
  await sluice.pty.waitFor(/\[1\/40\]/);
});

test('a client that does not trust the CA gets a row that says so, and p lets its host pass (TL-10, UI-SB-08)', {
  skip,
}, async (t) => {
  const { sluice, nginx } = await between(t);
  const refused = await plainCurl(sluice, `${nginx.httpsUrl}/plain.txt`);
  assert.equal(refused.code, 60, refused.err);
  await sluice.pty.waitFor(
    row(
      'TLS',
      '',
      `localhost:${nginx.httpsPort}`,
      'client does not trust the sluice CA (alert: unknown_ca); let …',
      'tls',
    ),
  );
  await sluice.pty.waitFor(/p pass this host through/);
  sluice.pty.send('p');
  await sluice.pty.waitFor('[Ignore:1]');
  const passed = await plainCurl(sluice, '-kv', `${nginx.httpsUrl}/plain.txt`);
  assert.equal(succeeded(passed), 'hello from nginx\n');
  assert.match(passed.err, /subject: CN=origin of localhost/);
  assert.match(passed.err, /issuer: CN=origin of localhost/);
  assert.equal(
    succeeded(await plainCurl(sluice, '--cacert', nginx.caFile, `${nginx.httpsUrl}/plain.txt`)),
    'hello from nginx\n',
  );
  await sluice.pty.waitFor(row('TCP', '', `localhost:${nginx.httpsPort}`, 'ignore_hosts matches', 'tcp'));
});

test('a refused port is a 502 that names it, and a row with the cause (TST-06)', { skip }, async (t) => {
  const { sluice, curl } = await between(t);
  const port = await freePort();
  const answer = await curl('-i', `http://127.0.0.1:${port}/`);
  assert.match(succeeded(answer), /^HTTP\/1\.1 502 /);
  assert.match(answer.out, new RegExp(`127\\.0\\.0\\.1:${port} refused the connection`));
  await sluice.pty.waitFor(new RegExp(`HTTP\\s+GET\\s+127\\.0\\.0\\.1:${port}\\s+/\\s+err\\s+✗ .*refused`));
  const secure = await curl('-i', `https://127.0.0.1:${port}/secure`);
  assert.match(secure.out, /HTTP\/1\.1 502 /, secure.err);
  await sluice.pty.waitFor(new RegExp(`HTTPS\\s+GET\\s+127\\.0\\.0\\.1:${port}\\s+/secure\\s+err\\s+✗`));
  assert.match(sluice.pty.screen(), /2 flows/);
});

test('an unknown name is a 502 that says it is unknown, and a row', { skip }, async (t) => {
  const { sluice, curl } = await between(t);
  const answer = await curl('-i', 'http://nowhere.invalid/');
  assert.match(succeeded(answer), /^HTTP\/1\.1 502 /);
  assert.match(answer.out, /nowhere\.invalid:80.*(ENOTFOUND|EAI_AGAIN)/);
  await sluice.pty.waitFor(/HTTP\s+GET\s+nowhere\.invalid\s+\/\s+err\s+✗/);
});

test('an origin with an unknown root gets no byte of the request; client and row learn why (TL-07)', {
  skip,
}, async (t) => {
  const { sluice, curl } = await between(t);
  const { cert, key } = selfSigned(sluice.home, 'stranger');
  const heard: Buffer[] = [];
  const server = tls.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => heard.push(bytes));
  });
  server.on('tlsClientError', () => {}); // it is told that it is not trusted
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const answer = await curl('-i', '--data', 'password=secret', `https://127.0.0.1:${port}/login`);
  assert.match(answer.out, /HTTP\/1\.1 502 /, answer.err);
  assert.match(answer.out, /is not trusted: its certificate is self-signed; nothing was sent to it/);
  await sluice.pty.waitFor(new RegExp(`HTTPS\\s+POST\\s+127\\.0\\.0\\.1:${port}\\s+/login\\s+err\\s+✗`));
  assert.equal(Buffer.concat(heard).toString('latin1'), '');
});

test('a file of roots that is not there is refused where it is set, and no connection brings sluice down (TL-07)', {
  skip,
}, async (t) => {
  const { sluice, nginx, curl } = await between(t);
  sluice.pty.send(':set ssl_verify_upstream_trusted_ca /no/such.pem\r');
  await sluice.pty.waitFor(/\/no\/such\.pem/);
  await sluice.pty.until((screen) => !screen.includes(': set '), 'the prompt closed');
  await curl(`${nginx.httpsUrl}/plain.txt`);
  assert.equal(succeeded(await curl(`${nginx.httpUrl}/plain.txt`)), 'hello from nginx\n');
  await sluice.pty.waitFor(row('HTTP', 'GET', `localhost:${nginx.httpPort}`, '/plain.txt', '200'));
});

test('--intercept on the command line holds from the first request on (OPT-01)', { skip }, async (t) => {
  const { sluice, nginx, curl } = await between(t, '--intercept', '~u held');
  await sluice.pty.waitFor('[i:~u held]');
  const held = curl(`${nginx.httpUrl}/plain.txt?held`);
  await sluice.pty.waitFor('request held');
  sluice.pty.send('a');
  await sluice.pty.waitFor('response held');
  sluice.pty.send('a');
  assert.equal(succeeded(await held), 'hello from nginx\n');
});
