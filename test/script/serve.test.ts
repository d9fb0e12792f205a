import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { line, saidUntil, scripted } from './scripted.js';

const APP = `import { ctx, Response } from 'sluice';
const app = async (request) => {
  if (request.path === '/boom') throw new Error('app broke');
  if (request.path === '/none') return null;
  return Response.make(200, request.method + ' ' + request.path + ' ' + request.text);
};\n`;

test('CTX-09 a script answers the requests for a host and port by a web app; other places go to their servers', async (t) => {
  const origin = await startOrigin(t, answering(response('from the server')));
  const proxy = await scripted(t, `${APP}ctx.serve('App.test', 80, app);\n`);
  const client = await Client.connect(proxy.port);
  client.send('POST http://app.TEST/x?y HTTP/1.1\r\nHost: app.test\r\nContent-Length: 2\r\n\r\nhi');
  assert.match(await client.until('hi'), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nPOST \/x\?y hi$/);
  assert.match(await fetchThrough(proxy.port, 'http://app.test/none'), /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`), /from the server$/);
  assert.match(await fetchThrough(proxy.port, 'http://app.test/boom'), /^HTTP\/1\.1 500 /);
  await line(proxy, /^t\.mjs:3:\d+ in request: app broke$/);
  const row = await proxy.row((one) => one.path === '/x?y');
  assert.equal((await proxy.read(row.id)).flow.server, null);
});

test('CTX-09 an app may come in start or running, behind the hooks of its file; a place is served once', async (t) => {
  const source = `${APP}export const start = () => ctx.serve('one.test', 80, app);
export function running() {
  ctx.serve('two.test', 8080, app);
  for (const [host, port, given] of [['one.test', 80, app], ['a b', 80, app], ['c', 0, app], ['d', 80, 'no']])
    try { ctx.serve(host, port, given); } catch (error) { console.log(error.message); }
  console.log('running');
}
export function request(flow) { if (flow.request.path === '/own') flow.response = Response.make(200, 'its own'); }\n`;
  const proxy = await scripted(t, source);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'running'), [
    'one.test:80 is served already',
    'not a host: "a b"',
    'not a port: 0',
    'an app is a function of a request that gives a Response',
    'running',
  ]);
  assert.match(await fetchThrough(proxy.port, 'http://one.test/'), /\r\n\r\nGET \/ $/);
  assert.match(await fetchThrough(proxy.port, 'http://two.test:8080/'), /\r\n\r\nGET \/ $/);
  assert.match(await fetchThrough(proxy.port, 'http://one.test/own'), /\r\n\r\nits own$/);
});

test('CTX-09 an app alone is reason enough to be asked, also when it comes late', async (t) => {
  const source = `${APP}export const running = () => { ctx.serve('late.test', 80, app); console.log('served'); };\n`;
  const proxy = await scripted(t, source);
  await saidUntil(proxy, 't.mjs', 'served');
  assert.match(await fetchThrough(proxy.port, 'http://late.test/'), /\r\n\r\nGET \/ $/);
});
