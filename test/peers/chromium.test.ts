import assert from 'node:assert/strict';
import fs from 'node:fs';
import type http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { type RunningNginx, startNginx } from '../support/nginx.js';
import { noPty, type RunningSluice, startSluice } from '../support/pty.js';
import { localLeaf } from '../support/tlsorigin.js';
import { startWebSocketOrigin } from '../support/websocket.js';
import { type Ended, missing, run } from './command.js';

/*
 * A real browser: Chromium goes through sluice, and trusts its CA as a user would make it. What the browser asks for
 * by itself in the background may be in the list too and is not looked at.
 */

const CHROMIUM = 'chromium';
const skip = noPty || missing(CHROMIUM, 'certutil', 'nginx', 'openssl');

/** A picture of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const PAGE = `<!doctype html>
<html><head><title>page</title></head><body>
<img id="one" src="/one.png"><img id="two" src="/two.png">
<p id="said">not yet</p>
<script src="/app.js"></script>
</body></html>
`;

/** Fetches something of its own and counts the pictures that arrived. */
const APP = `
addEventListener('load', async () => {
  const { word } = await (await fetch('/data.json')).json();
  const seen = [...document.images].filter((image) => image.naturalWidth === 1).length;
  document.getElementById('said').textContent = seen + ' pictures and the word ' + word;
});
`;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** The page as it is after its scripts ran, as a Chromium with an empty profile and this home sees it. */
function dumpDom(sluice: RunningSluice, url: string): Promise<Ended> {
  const browserHome = path.join(sluice.home, 'browser');
  const where = [`--user-data-dir=${browserHome}/profile`, `--proxy-server=${sluice.proxyUrl}`];
  const what = ['--proxy-bypass-list=<-loopback>', '--timeout=20000', '--virtual-time-budget=15000', '--dump-dom', url];
  const env = { PATH: process.env.PATH, HOME: browserHome, LANG: 'C.UTF-8' };
  return run(CHROMIUM, [...FLAGS, ...where, ...what], { env, deadline: 60_000 });
}

/** Puts the CA where Chromium on Linux looks for the user's own, as the page at http://sluice.test/ says. */
async function trust(sluice: RunningSluice): Promise<void> {
  const store = path.join(sluice.home, 'browser/.pki/nssdb');
  fs.mkdirSync(store, { recursive: true });
  const made = await run('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
  assert.equal(made.code, 0, made.err);
  const added = await run('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'sluice', '-i', sluice.caFile]);
  assert.equal(added.code, 0, added.err);
}

function startSite(t: Parameters<typeof startNginx>[0]): Promise<RunningNginx> {
  return startNginx(t, {
    files: { 'page.html': PAGE, 'app.js': APP, 'one.png': PIXEL, 'two.png': PIXEL, 'data.json': '{"word":"sluice"}' },
    locations: 'location = /start { return 302 /page.html; }',
  });
}

test('Chromium loads a redirected HTTPS page with pictures and a script, and every part is a row', {
  skip,
}, async (t) => {
  const nginx = await startSite(t);
  const sluice = await startSluice(t, ['--ssl-verify-upstream-trusted-ca', nginx.caFile]);
  await trust(sluice);
  const page = await dumpDom(sluice, `${nginx.httpsUrl}/start`);
  assert.equal(page.code, 0, page.err);
  assert.match(page.out, /<p id="said">2 pictures and the word sluice<\/p>/, page.err);
  const host = `localhost:${nginx.httpsPort}`;
  for (const [name, status, type] of [
    ['/start', 302, 'html'],
    ['/page.html', 200, 'html'],
    ['/one.png', 200, 'png'],
    ['/two.png', 200, 'png'],
    ['/app.js', 200, 'javascript'],
    ['/data.json', 200, 'json'],
  ] as const)
    await sluice.pty.waitFor(new RegExp(`HTTPS\\s+GET\\s+${host}\\s+${name}\\s+${status}\\s.* ${type}\\s`));
});

test('a Chromium that does not trust the CA shows no page, and the row says why (TL-10)', { skip }, async (t) => {
  const nginx = await startSite(t);
  const sluice = await startSluice(t, ['--ssl-verify-upstream-trusted-ca', nginx.caFile]);
  const page = await dumpDom(sluice, `${nginx.httpsUrl}/page.html`);
  assert.doesNotMatch(page.out, /not yet|pictures and/);
  await sluice.pty.waitFor(new RegExp(`TLS\\s+localhost:${nginx.httpsPort}\\s+client .*does not trust the sluice CA`));
});

/** Sends a text and some bytes, and says what came back. */
const TALKING = `<!doctype html>
<title>talk</title><p id="said">not yet</p>
<script>
const said = [];
const socket = new WebSocket('wss://' + location.host + '/talk');
socket.binaryType = 'arraybuffer';
socket.onopen = () => {
  socket.send('h\u00e9llo '.repeat(50).trim());
  socket.send(new Uint8Array(70000));
};
socket.onmessage = ({ data }) => {
  said.push(typeof data === 'string' ? data.length : 'binary ' + data.byteLength);
  if (said.length === 2) socket.close(4000, 'done');
};
socket.onclose = ({ code, wasClean }) => {
  said.push(code, wasClean, socket.extensions);
  document.getElementById('said').textContent = said.join(', ');
  fetch('/over');
};
</script>
<img src="/held">
`;

/** The picture keeps the browser from being done before the websocket is. */
function talkingSite(): http.RequestListener {
  let held: http.ServerResponse | null = null;
  return ({ url }, response) => {
    if (url === '/held') held = response;
    else if (url === '/') response.setHeader('Content-Type', 'text/html; charset=utf-8').end(TALKING);
    else response.end();
    if (url === '/over') held?.end();
  };
}

test('Chromium talks over a websocket with permessage-deflate, and the messages are read (WS-01 WS-02 WS-04)', {
  skip,
}, async (t) => {
  const { leaf, caFile } = await localLeaf(t);
  const tls = { key: leaf.key, cert: leaf.certificate };
  const origin = await startWebSocketOrigin(t, { tls, plain: talkingSite(), deflate: { threshold: 0 } });
  const sluice = await startSluice(t, ['--ssl-verify-upstream-trusted-ca', caFile]);
  await trust(sluice);
  const page = await dumpDom(sluice, `https://localhost:${origin.port}/`);
  assert.match(page.out, /<p id="said">299, binary 70000, 4000, true, permessage-deflate<\/p>/, page.err);
  assert.deepEqual(
    origin.heard.map((text) => text.length),
    [299, 'binary '.length + 70_000],
  );
  await sluice.pty.waitFor(/\/talk\s+101\s/);
});
