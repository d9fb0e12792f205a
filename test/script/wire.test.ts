import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../support/client.js';
import { startOrigin } from '../support/origin.js';
import { said, saidUntil, scripted } from './scripted.js';

test('DMM-01 DMM-02 DMM-09 fields a script does not touch keep order, case, duplicates and octets on the wire, both ways', async (t) => {
  const source = `const show = ({ headers }) => console.log(JSON.stringify(headers.items(true)));
export function request({ request }) { show(request); request.headers.set('ADDED', 'é'); }
export function response({ response }) { show(response); response.headers.set('x-second', 'changed'); }\n`;
  const proxy = await scripted(t, source);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('\r\n\r\n'))
      visit.socket.write(
        'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-SECOND: old\r\nset-cookie: b=\xff\r\ncontent-LENGTH: 0\r\n\r\n',
        'latin1',
      );
  });
  const client = await Client.connect(proxy.port);
  const host = `127.0.0.1:${origin.port}`;
  const fields = `X-First: caf\xc3\xa9\r\nhost: ${host}\r\nx-FIRST: \xe9\x80\r\nAccept: */*\r\nX-First:  c\r\n`;
  client.send(`GET http://${host}/ HTTP/1.1\r\n${fields}\r\n`);
  const answer = await client.until('\r\n\r\n');
  assert.equal(
    answer,
    'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-SECOND: changed\r\nset-cookie: b=\xff\r\ncontent-LENGTH: 0\r\n\r\n',
  );
  const sent = `X-First: caf\xc3\xa9\r\nhost: ${host}\r\nx-FIRST: \xe9\x80\r\nAccept: */*\r\nX-First: c\r\nADDED: \xc3\xa9\r\n`;
  assert.equal(origin.visits[0]?.received, `GET / HTTP/1.1\r\n${sent}\r\n`);
  const [asked = ''] = said(proxy, 't.mjs');
  const names = (JSON.parse(asked) as [string, string][]).map(([name]) => name);
  assert.deepEqual(names, ['X-First', 'host', 'x-FIRST', 'Accept', 'X-First']);
  assert.equal((JSON.parse(asked) as [string, string][])[0]?.[1], 'café');
});

test('CTX-06 in a hook a flow is copied, kept, changed, brought back, held, let go and killed', async (t) => {
  const source = `export function request(flow) {
  flow.backup();
  const copy = flow.copy();
  flow.request.path = '/changed';
  copy.request.path = '/copy';
  console.log(flow.modified(), flow.request.path, copy.request.path, copy.id !== flow.id);
  flow.revert();
  flow.intercept();
  console.log(flow.modified(), flow.request.path, flow.intercepted);
  flow.resume();
  console.log(flow.intercepted, flow.killable);
  flow.kill();
  console.log(flow.live, flow.error.msg);
}\n`;
  const proxy = await scripted(t, source);
  const client = await Client.connect(proxy.port);
  client.send('GET http://127.0.0.1:1/first HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.equal(await client.until('close'), '');
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'false Connection killed.'), [
    'true /changed /copy true',
    'false /first true',
    'false true',
    'false Connection killed.',
  ]);
  const row = await proxy.row((one) => one.failed);
  assert.deepEqual([row.path, row.error, row.held], ['/first', 'Connection killed.', null]);
});
