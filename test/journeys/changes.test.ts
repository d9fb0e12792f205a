import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openApp } from '../support/app.js';
import { Client, fetchThrough } from '../support/client.js';
import { response, startOrigin } from '../support/origin.js';
import { temporaryFolder } from '../support/proxy.js';

/** An origin whose answers count up. */
function counting(t: Parameters<typeof startOrigin>[0]) {
  let count = 0;
  return startOrigin(t, (visit) => {
    if (!visit.received.endsWith('\r\n\r\n')) return;
    visit.received = '';
    count += 1;
    visit.socket.write(response(`answer ${count}`));
  });
}

test('CR-02 r sends the request again, V brings the old response back, D makes a copy', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await counting(t);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/again`);
  await screen.sees('/again');
  screen.press('\r', 'l');
  await screen.sees('answer 1');
  screen.press('r');
  await screen.sees('answer 2');
  await screen.sees('↺');
  screen.press('V');
  await screen.sees('answer 1');
  await screen.losesSight('↺');
  screen.press('V');
  await screen.sees('The flow was not changed.');
  screen.press('q', 'D');
  await screen.sees('2 flows');
  screen.press('G', 'r');
  await screen.sees(/>> .*\/again +200 +plain .*↺/);
  screen.press('d');
  await screen.sees('1 flow\n');
});

test('CR-08 a replay that fails is a row with an error, and the old response can be brought back', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await startOrigin(t, (visit) => {
    if (origin.visits.length > 1) visit.socket.destroy();
    else visit.socket.end(response('once'));
  });
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/once`);
  await screen.sees(/\/once +200/);
  screen.press('r');
  await screen.sees(/\/once +err +✗/);
  screen.press('V');
  await screen.sees(/\/once +200/);
});

test('ONE-01 S2-23 the pipe runs start, the events the flow has, and done; V undoes it (GAP-08)', async (t) => {
  const { screen, port } = await openApp(t, { columns: 160 });
  const folder = temporaryFolder(t);
  const script = path.join(folder, 'rewrite.ts');
  const trace = path.join(folder, 'trace');
  fs.writeFileSync(
    script,
    `import fs from 'node:fs';
type Any = any;
const say = (name: string, flow?: Any) => fs.appendFileSync(${JSON.stringify(trace)}, name + (flow ? ':' + flow.response?.statusCode : '') + '\\n');
export const start = () => say('start');
export const requestheaders = (flow: Any) => say('requestheaders', flow);
export const request = (flow: Any) => say('request', flow);
export const responseheaders = (flow: Any) => say('responseheaders', flow);
export async function response(flow: Any) {
  say('response', flow);
  await null;
  flow.response.text = flow.response.text.replace('answer', 'changed');
  console.log('saw', flow.request.url);
}
export const error = (flow: Any) => say('error', flow);
export const done = () => say('done');
`,
  );
  const origin = await counting(t);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/pipe`);
  await screen.sees('/pipe');
  screen.press('\r', 'l');
  await screen.sees('answer 1');
  screen.press('|', ...script, '\r');
  await screen.sees('changed 1');
  await screen.sees(
    /rewrite\.ts on 1 flow: 6 events ran · response\.headers, response\.content changed · \d+ ms · V undoes it/,
  );
  assert.equal(
    fs.readFileSync(trace, 'utf8'),
    'start\nrequestheaders:200\nrequest:200\nresponseheaders:200\nresponse:200\ndone\n',
  );
  screen.press('V');
  await screen.sees('answer 1');
  screen.press('E');
  await screen.sees(`rewrite.ts: saw http://127.0.0.1:${origin.port}/pipe`);
});

test('ERR-05 a script that throws is named with file, line and message on the row and in the event log, and done still runs', async (t) => {
  const { screen, port } = await openApp(t, { columns: 160 });
  const folder = temporaryFolder(t);
  const script = path.join(folder, 'boom.js');
  const trace = path.join(folder, 'trace');
  fs.writeFileSync(
    script,
    `import fs from 'node:fs';\nexport function response(flow) {\n  flow.response.headers.set('x-half', '1');\n  null.boom();\n}\nexport const done = () => fs.writeFileSync(${JSON.stringify(trace)}, 'done');\n`,
  );
  const origin = await counting(t);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/boom`);
  await screen.sees('/boom');
  screen.press('|', ...script, '\r');
  await screen.sees(/boom\.js:4:8 in response: TypeError: Cannot read properties of null/);
  await screen.sees(/\/boom +200 {2}✗/);
  await screen.sees('[script errors:1]');
  assert.equal(fs.readFileSync(trace, 'utf8'), 'done');
  screen.press('\r');
  await screen.sees(/✗ boom\.js:4:8 in response/);
  screen.press('l');
  await screen.sees(/Content-Type: +text\/plain/);
  assert.doesNotMatch(screen.text(), /x-half/, 'a failed run leaves nothing behind');
  screen.press('E');
  await screen.sees(/error +boom\.js:4:8 in response/);
});

test('ONE-15 a script that never answers is stopped at its deadline, and traffic does not notice', async (t) => {
  const { screen, port } = await openApp(t, { columns: 160, options: { script_timeout: 1 } });
  const script = path.join(temporaryFolder(t), 'loop.mjs');
  fs.writeFileSync(script, 'export function request() { for (;;); }\n');
  const origin = await counting(t);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/loop`);
  await screen.sees('/loop');
  screen.press('|', ...script, '\r');
  await screen.sees('loop.mjs runs on 1 flow');
  assert.match(await fetchThrough(port, `http://127.0.0.1:${origin.port}/meanwhile`), /answer 2$/);
  await screen.sees('loop.mjs: it did not answer within 1 s and was stopped');
});

test('ONE-12 TST-08 a failure on one of several flows does not stop the others', async (t) => {
  const { screen, port } = await openApp(t, { columns: 160 });
  const script = path.join(temporaryFolder(t), 'second.mjs');
  fs.writeFileSync(
    script,
    `export default class { response(flow) { if (flow.request.path === '/2') throw new Error('not two'); flow.response.text = 'seen ' + flow.request.path; } }\n`,
  );
  const origin = await counting(t);
  for (const n of [1, 2, 3]) await fetchThrough(port, `http://127.0.0.1:${origin.port}/${n}`);
  await screen.sees('/3');
  screen.press(':', ...`script.run @all ${script}`, '\r');
  await screen.sees('not two');
  await screen.sees(/\/1 +200 +plain +7b .*✎[\s\S]*\/2 +200 {2}✗[\s\S]*\/3 +200 +plain +7b .*✎/);
});

test('S2-24 a flow without response skips its events, and a streamed one shows null for its content', async (t) => {
  const { screen, port } = await openApp(t, { columns: 160, options: { stream_large_bodies: 0 } });
  const script = path.join(temporaryFolder(t), 'look.mjs');
  fs.writeFileSync(
    script,
    `export const response = (flow) => console.log('content', flow.response.content, flow.response.text);
export const error = (flow) => console.log('error event', flow.error.kind, flow.response);\n`,
  );
  const origin = await counting(t);
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/streamed`);
  await fetchThrough(port, 'http://127.0.0.1:1/refused');
  await screen.sees('/refused');
  screen.press(':', ...`script.run @all ${script}`, '\r');
  await screen.sees('2 events ran · nothing changed');
  screen.press('E');
  await screen.sees('look.mjs: content null null');
  await screen.sees('look.mjs: error event unreachable null');
});

test('KEY-24 i holds what matches until a lets it go; GAP-01 X on a held flow closes the client at once', async (t) => {
  const { screen, port } = await openApp(t);
  const origin = await counting(t);
  await screen.sees('No traffic yet');
  screen.press('i', ...'~u /hold & ~q', '\r');
  await screen.sees('[i:~u /hold & ~q]');
  const first = await Client.connect(port);
  first.send(`GET http://127.0.0.1:${origin.port}/hold HTTP/1.1\r\nHost: x\r\n\r\n`);
  await screen.sees(/\/hold .*‖.*request held/);
  assert.equal(origin.visits.length, 0, 'nothing was sent');
  screen.press('a');
  await first.until('answer 1');
  await screen.sees(/\/hold +200/);
  const second = await Client.connect(port);
  second.send(`GET http://127.0.0.1:${origin.port}/hold2 HTTP/1.1\r\nHost: x\r\n\r\n`);
  await screen.sees(/\/hold2 .*‖/);
  screen.press('G', 'X');
  await second.until('close');
  await screen.sees(/\/hold2 +err +✗.*Connection killed/);
});
