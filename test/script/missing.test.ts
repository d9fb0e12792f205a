import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BodyData } from '../../src/flow/extent.js';
import { type HttpFlow, responseOf } from '../../src/flow/flow.js';
import type { FlowRow } from '../../src/flow/row.js';
import type { Options } from '../../src/options.js';
import { openApp } from '../support/app.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { scriptOf, speaking, spoken } from './scripted.js';

const STREAM = 'export const responseheaders = ({ response }) => { response.stream = true; };';
const UPLOAD = 'export const requestheaders = ({ request }) => { request.stream = true; };';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

function streaming(t: TestContext, lines: readonly string[], options: Partial<Options> = {}): Promise<RunningProxy> {
  return startProxy(t, { scripts: [scriptOf(t, 'late.mjs', ...lines)], ...options });
}

const done = (row: FlowRow): boolean => row.duration >= 0;

async function asking(proxy: RunningProxy, port: number, body = ''): Promise<Client> {
  const client = await Client.connect(proxy.port);
  const url = `http://127.0.0.1:${port}/`;
  if (body === '') client.send(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`);
  else client.send(`POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return client;
}

/** The one flow once it is over, with what was kept of its response. */
async function finished(proxy: RunningProxy): Promise<{ row: FlowRow; flow: HttpFlow; kept: string | null }> {
  const row = await proxy.row(done);
  const { flow, response: data } = await proxy.read(row.id);
  return { row, flow: flow.kind === 'http' ? flow : assert.fail('no HTTP flow'), kept: textOf(data) };
}

function textOf(data: BodyData | null): string | null {
  return data?.type === 'bytes' ? Buffer.from(data.bytes).toString() : null;
}

test('S0-16 S0-17 S1-05 STC-01 STC-03 STX-18 the contents of streamed messages are CONTENT_MISSING, which is null, in every later hook', async (t) => {
  const proxy = await streaming(t, [
    "import { CONTENT_MISSING } from 'sluice';",
    UPLOAD,
    STREAM,
    'function tell(hook, message) {',
    '  const { content, rawContent, text, body, raw_content } = message;',
    '  const all = [content, rawContent, text, body, raw_content, message.getContent(false), message.getText(false)];',
    '  let json;',
    '  try { message.json(); } catch (error) { json = error.message; }',
    '  console.log(hook, message.side, all.every((one) => one === CONTENT_MISSING), CONTENT_MISSING, json);',
    '}',
    "export const request = ({ request }) => tell('request', request);",
    'export function response({ request, response }) {',
    "  tell('response', request);",
    "  tell('response', response);",
    '}',
  ]);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('upload')) visit.socket.write(response('download'));
  });
  await (await asking(proxy, origin.port, 'upload')).until('download');
  const { row, kept } = await finished(proxy);
  const rest = 'true null the content is missing, so there is no JSON in it';
  assert.deepEqual(spoken(proxy), [`request request ${rest}`, `response request ${rest}`, `response response ${rest}`]);
  assert.deepEqual([row.body, row.size, kept], ['missing', 8, null]);
});

test('S0-12 S0-18 S1-05 STW-08 changes after the headers are ignored with one warning that names script and line; the flow shows what was sent', async (t) => {
  const proxy = await streaming(t, [
    STREAM,
    'export function response({ response }) {',
    "  response.headers.set('X-Late', 'yes');",
    "  response.text = 'changed';",
    '  response.statusCode = 404;',
    '}',
  ]);
  const origin = await startOrigin(t, answering(response('as it came')));
  const answer = await (await asking(proxy, origin.port)).until('as it came');
  const { row, flow, kept } = await finished(proxy);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n(?!.*X-Late)/s);
  assert.deepEqual([row.status, row.size, row.body, kept], [200, 10, 'missing', null]);
  assert.deepEqual(responseOf(flow)?.head.fields, [
    ['Content-Type', 'text/plain'],
    ['Content-Length', '10'],
  ]);
  const [warning, ...others] = spoken(proxy, 'warn');
  assert.match(warning ?? '', /^late\.mjs:3:\d+ in response: the response has been sent already: .* is ignored$/);
  assert.deepEqual(others, []);
});

test('S0-18 STW-08 a status set after the headers is ignored with a warning that names script and line', async (t) => {
  const proxy = await streaming(t, [
    STREAM,
    'export const response = (flow) => {',
    '  flow.response.statusCode = 404;',
    '};',
  ]);
  const origin = await startOrigin(t, answering(response('as it came')));
  await (await asking(proxy, origin.port)).until('as it came');
  assert.equal((await finished(proxy)).row.status, 200);
  assert.match(spoken(proxy, 'warn').join('\n'), /^late\.mjs:3:\d+ in response: the response has been sent already.*$/);
});

test('S0-18 a request that was streamed cannot be changed by the request hook; the server got it as it was', async (t) => {
  const proxy = await streaming(t, [
    UPLOAD,
    'export function request({ request }) {',
    "  request.headers.set('X-Late', 'yes');",
    "  request.path = '/elsewhere';",
    '}',
  ]);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('upload')) visit.socket.write(response('thanks'));
  });
  await (await asking(proxy, origin.port, 'upload')).until('thanks');
  const { row, flow } = await finished(proxy);
  assert.match(origin.visits[0]?.received ?? '', /^POST \/ HTTP\/1\.1\r\n(?!.*X-Late)/s);
  assert.deepEqual([row.path, flow.request.body.contents.type], ['/', 'missing']);
  assert.ok(!flow.request.head.fields.some(([name]) => name === 'X-Late'));
  const warnings = spoken(proxy, 'warn');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^late\.mjs:3:\d+ in request: the request has been sent already/);
});

test('EVT-22 STW-07 STW-08 trailers of a streamed body may still be changed: the client gets them, and the flow shows them', async (t) => {
  for (const stream of ['true', '(chunk) => chunk']) {
    const proxy = await streaming(t, [
      `export const responseheaders = ({ response }) => { response.stream = ${stream}; };`,
      "export const response = ({ response }) => { response.trailers = [['X-Sum', response.trailers.get('x-sum') + '2']]; };",
    ]);
    const origin = await startOrigin(t, answering(`${CHUNKED}3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n`));
    const answer = await (await asking(proxy, origin.port)).until(/X-Sum: .*\r\n\r\n$/);
    assert.equal(answer, `${CHUNKED}3\r\nabc\r\n0\r\nX-Sum: 12\r\n\r\n`);
    const { flow } = await finished(proxy);
    assert.deepEqual(spoken(proxy, 'warn'), []);
    assert.deepEqual(responseOf(flow)?.trailers, [['X-Sum', '12']]);
  }
});

test('STC-03 STC-04 STC-05 store_streamed_bodies keeps a streamed body: hooks see it at the end, not before', async (t) => {
  const proxy = await streaming(
    t,
    [
      'export function responseheaders({ response }) {',
      '  response.stream = true;',
      "  console.log('headers', response.content);",
      '}',
      "export const response = ({ response }) => console.log('end', response.text);",
    ],
    { store_streamed_bodies: true },
  );
  const origin = await startOrigin(t, answering(response('download')));
  await (await asking(proxy, origin.port)).until('download');
  const { row, kept } = await finished(proxy);
  assert.deepEqual(spoken(proxy), ['headers null', 'end download']);
  assert.deepEqual([row.carried, row.body, row.size, kept], ['streamed', 'kept', 8, 'download']);
});

test('STC-03 store_streamed_bodies keeps what a stream function sent on, not what came', async (t) => {
  const proxy = await streaming(
    t,
    [
      "const modify = (chunk) => (chunk.length > 0 ? Buffer.from(chunk).toString().toUpperCase() : '!');",
      'export const responseheaders = ({ response }) => { response.stream = modify; };',
      "export const response = ({ response }) => console.log('end', response.text);",
    ],
    { store_streamed_bodies: true },
  );
  const origin = await startOrigin(t, answering(response('download')));
  await (await asking(proxy, origin.port)).until(/0\r\n\r\n$/);
  const { kept } = await finished(proxy);
  assert.equal(kept, 'DOWNLOAD!');
  assert.deepEqual(spoken(proxy), ['end DOWNLOAD!']);
});

test('GAP-24 STE-01 STE-02 STE-05 STE-08 what came before a server breaks off is kept and seen live; the client is cut off', async (t) => {
  for (const [head, came] of [
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 'half'],
    [CHUNKED, 'a\r\nhalf'],
  ] as const) {
    const proxy = await streaming(
      t,
      [
        STREAM,
        'export const error = ({ error, response }) => console.log(error.kind, response.statusCode, response.content);',
      ],
      { store_streamed_bodies: true },
    );
    const origin = await startOrigin(t, (visit) => void visit.socket.write(head + came));
    const client = await asking(proxy, origin.port);
    await client.until('half');
    const live = await proxy.row((row) => row.size === 4);
    assert.equal(textOf((await proxy.read(live.id)).response), 'half');
    origin.visits[0]?.socket.destroy();
    assert.equal(await client.until('close'), head + came);
    await speaking(proxy, 'cut-off 200 null');
    const { row, flow, kept } = await finished(proxy);
    assert.deepEqual([row.status, row.body, row.failed, kept], [200, 'partial', true, 'half']);
    assert.match(row.error, /the server closed the connection.*: 4( of 10)? bytes of the body came/);
    assert.equal(responseOf(flow)?.endedAt, null);
  }
});

test('STE-04 ORD-09 a client that leaves a streamed response makes an error, and the server is let go', async (t) => {
  const proxy = await streaming(t, [STREAM, 'export const error = ({ error }) => console.log(error.kind);']);
  const origin = await startOrigin(
    t,
    (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
  );
  const client = await asking(proxy, origin.port);
  await client.until('half');
  const { socket } = origin.visits[0] ?? assert.fail('no visit');
  const letGo = new Promise((gone) => socket.once('close', gone));
  client.socket.destroy();
  await speaking(proxy, 'client-gone');
  await letGo;
  const { row } = await finished(proxy);
  assert.deepEqual([row.status, row.body, row.size, row.failed], [200, 'missing', 4, true]);
});

test('ONE-08 STX-16 STX-11 STX-17 a one-shot script finds the content of a streamed flow missing, and stream has no effect', async (t) => {
  const proxy = await streaming(t, [STREAM]);
  const origin = await startOrigin(t, answering(response('download')));
  await (await asking(proxy, origin.port)).until('download');
  const { row } = await finished(proxy);
  proxy.say({ type: 'duplicate', flows: [row] });
  const copy = await proxy.row((one) => one.id !== row.id);
  assert.deepEqual([copy.body, copy.size, copy.carried], ['missing', 8, 'streamed']);
  const once = scriptOf(
    t,
    'once.mjs',
    'export function responseheaders({ response }) {',
    "  response.stream = () => 'never';",
    "  console.log('headers', response.content);",
    '}',
    'export function response({ response }) {',
    '  response.decode();',
    "  console.log('response', response.content, response.text);",
    '  response.json();',
    '}',
  );
  proxy.say({ type: 'run-script', flows: [copy], path: once });
  const { report } = await proxy.event('script-finished');
  assert.deepEqual(report.changed, []);
  assert.match(report.failures.map(({ message }) => message).join(), /^the content is missing/);
  assert.deepEqual(spoken(proxy), ['headers null', 'response null null']);
  assert.equal(proxy.rows.get(copy.id)?.body, 'missing');
});

test('STX-01 STX-02 a flow without its response body is sent again, one without its request body is refused', async (t) => {
  const proxy = await streaming(t, [STREAM, UPLOAD]);
  const origin = await startOrigin(t, (visit) => {
    if (!visit.received.endsWith(visit.received.startsWith('POST') ? 'upload' : '\r\n\r\n')) return;
    visit.received = '';
    visit.socket.write(response('download'));
  });
  await (await asking(proxy, origin.port)).until('download');
  const { row } = await finished(proxy);
  proxy.say({ type: 'replay', flows: [row] });
  const again = await proxy.row((one) => one.replayed && done(one));
  assert.deepEqual([again.status, again.carried, again.body, again.size], [200, 'streamed', 'missing', 8]);
  await (await asking(proxy, origin.port, 'upload')).until('download');
  const upload = await proxy.row((one) => one.method === 'POST' && done(one));
  proxy.say({ type: 'replay', flows: [upload] });
  assert.equal((await proxy.event('refused')).reason, 'its request body was not kept');
});

test('STX-09 an external viewer is not opened for content that is missing: a line says that there is none', async (t) => {
  const { screen, port } = await openApp(t, { options: { stream_large_bodies: 0 } });
  const origin = await startOrigin(t, answering(response('streamed')));
  await fetchThrough(port, `http://127.0.0.1:${origin.port}/`);
  await screen.sees(/200 ≈ +content missing/);
  screen.press('\r', 'l');
  await screen.sees('streamed, not recorded');
  screen.press(':', ...'console.bodyview @focus response', '\r');
  await screen.sees('No content to view.');
});
