import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FlowId } from '../../src/flow/flow.js';
import { Client, fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { line, logged, runOnce, said, scripted, scriptFile, tracing } from './scripted.js';

const ALL = [
  'start',
  'configure',
  'running',
  'requestheaders',
  'request',
  'responseheaders',
  'response',
  'error',
  'done',
] as const;
const BEGIN = ['start', 'configure', 'running'];
const ANSWERED = ['requestheaders', 'request', 'responseheaders', 'response'];

/** Flows that are over, one for each path, on a proxy of its own unless there is one. */
async function finished(
  t: TestContext,
  paths: readonly string[],
  options: Parameters<typeof startProxy>[1] = {},
): Promise<{ proxy: RunningProxy; ids: FlowId[] }> {
  const proxy = await startProxy(t, options);
  const origin = await startOrigin(t, answering(response('answer')));
  for (const path of paths) await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}${path}`);
  const rows = await Promise.all(paths.map((path) => proxy.row((row) => row.path === path && row.duration >= 0)));
  return { proxy, ids: rows.map((row) => row.id) };
}

async function bodyOf(proxy: RunningProxy, id: FlowId): Promise<string> {
  const { response: data } = await proxy.read(id);
  return data?.type === 'bytes' ? Buffer.from(data.bytes).toString() : '';
}

test('ONE-03 ONE-04 S2-21 S2-23 two flows: start, configure, running, the events of one and of the other, done', async (t) => {
  const { proxy, ids } = await finished(t, ['/one', '/two']);
  const body = { requestheaders: 'console.log(it.request.path)' };
  const report = await runOnce(proxy, scriptFile(t, 'once.mjs', tracing(body, ALL)), ids);
  const flow = (path: string): string[] => ['requestheaders', path, ...ANSWERED.slice(1)];
  assert.deepEqual(said(proxy, 'once.mjs'), [...BEGIN, ...flow('/one'), ...flow('/two'), 'done']);
  assert.deepEqual(report.events, [...BEGIN, ...ANSWERED, 'done']);
  assert.deepEqual([report.flows, report.ran, report.failures], [2, 12, []]);
});

test('S2-22 S2-24 ONE-04 a flow that failed has error in place of the events of a response, and no connection events come', async (t) => {
  const proxy = await startProxy(t);
  await fetchThrough(proxy.port, 'http://127.0.0.1:1/');
  const row = await proxy.row((one) => one.failed);
  const names = [...ALL, 'clientconnect', 'serverconnect', 'clientdisconnect', 'server_connect_error'] as const;
  const script = tracing({ error: 'console.log(it.error.msg, it.response)' }, names);
  await runOnce(proxy, scriptFile(t, 'once.mjs', script), [row.id]);
  const events = ['requestheaders', 'request', 'error', '127.0.0.1:1 refused the connection null'];
  assert.deepEqual(said(proxy, 'once.mjs'), [...BEGIN, ...events, 'done']);
});

test('ONE-04 a flow that was cut off has response and error, and one event for each', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    visit.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
  });
  await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`);
  const row = await proxy.row((one) => one.failed);
  await runOnce(proxy, scriptFile(t, 'once.mjs', tracing({}, ALL)), [row.id]);
  assert.deepEqual(said(proxy, 'once.mjs'), [...BEGIN, ...ANSWERED, 'error', 'done']);
});

test('ONE-02 a file that is not there is refused with its name, and nothing runs', async (t) => {
  const { proxy, ids } = await finished(t, ['/one']);
  const flows = ids.map((id) => ({ id, revision: 0 }));
  proxy.say({ type: 'run-script', path: '/nowhere/once.mjs', flows });
  const { command, reason } = await proxy.event('refused');
  assert.deepEqual([command, reason], ['run-script', 'No such script: /nowhere/once.mjs']);
});

test('ONE-07 the whole bodies are there in requestheaders and responseheaders', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.endsWith('question')) visit.socket.end(response('answer'));
  });
  const client = await Client.connect(proxy.port);
  client.send(`POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nquestion`);
  await client.until('answer');
  const row = await proxy.row((one) => one.duration >= 0);
  const bodies = {
    requestheaders: 'console.log(it.request.text, it.response.text)',
    responseheaders: 'console.log(it.response.text)',
  };
  await runOnce(proxy, scriptFile(t, 'once.mjs', tracing(bodies, ['requestheaders', 'responseheaders'])), [row.id]);
  assert.deepEqual(said(proxy, 'once.mjs'), ['requestheaders', 'question answer', 'responseheaders', 'answer']);
});

test('ONE-08 a streamed body is missing in every event: json throws, and setting stream does nothing', async (t) => {
  const { proxy, ids } = await finished(t, ['/one'], { stream_large_bodies: 0 });
  const look = 'console.log(it.response.content, it.response.text, it.response.rawContent);';
  const json = 'try { it.response.json(); } catch (error) { console.log(error.message); }';
  const bodies = { responseheaders: `it.response.stream = true; ${look}`, response: look + json };
  const report = await runOnce(proxy, scriptFile(t, 'once.mjs', tracing(bodies, ['responseheaders', 'response'])), ids);
  const heard = said(proxy, 'once.mjs');
  assert.deepEqual(heard.slice(0, 4), ['responseheaders', 'null null null', 'response', 'null null null']);
  assert.match(heard[4] ?? '', /missing|no content|not there/i);
  assert.deepEqual([report.changed, report.failures], [[], []]);
});

test('ONE-09 a finished flow is not live, and killing it throws', async (t) => {
  const { proxy, ids } = await finished(t, ['/one']);
  const hook =
    "console.log(it.live, it.killable); try { it.kill(); } catch (error) { console.log('threw', error.message); }";
  await runOnce(proxy, scriptFile(t, 'once.mjs', tracing({ response: hook }, ['response'])), ids);
  const threw = 'threw the flow is not running, so it cannot be killed';
  assert.deepEqual(said(proxy, 'once.mjs'), ['response', 'false false', threw]);
});

test('ONE-10 scripts that are loaded hear nothing of a run on one flow', async (t) => {
  const proxy = await scripted(t, tracing({ request: "it.response = Response.make(200, 'ok')" }));
  await fetchThrough(proxy.port, 'http://127.0.0.1:1/one');
  const row = await proxy.row((one) => one.path === '/one' && one.duration >= 0);
  await line(proxy, 't.mjs: clientdisconnect');
  const before = said(proxy, 't.mjs');
  await runOnce(proxy, scriptFile(t, 'once.mjs', tracing({}, ALL)), [row.id]);
  await Client.connect(proxy.port);
  await line(proxy, 't.mjs: next_layer', 2);
  assert.deepEqual(said(proxy, 't.mjs'), [...before, 'clientconnect', 'next_layer']);
});

test('ONE-11 ONE-15 a run tells what changed, and revert brings back what was there', async (t) => {
  const { proxy, ids } = await finished(t, ['/one']);
  const [id] = ids;
  assert.ok(id !== undefined);
  const source = "export function response(flow) { flow.response.text = 'changed'; flow.response.statusCode = 418; }\n";
  const report = await runOnce(proxy, scriptFile(t, 'once.mjs', source), ids);
  assert.deepEqual(new Set(report.changed), new Set(['response.headers', 'response.content', 'response.statusCode']));
  assert.ok(report.milliseconds > 0);
  const row = await proxy.row((one) => one.status === 418 && one.changed);
  assert.equal(await bodyOf(proxy, id), 'changed');
  proxy.say({ type: 'revert', flows: [row] });
  await proxy.row((one) => one.id === id && one.status === 200 && !one.changed);
  assert.equal(await bodyOf(proxy, id), 'answer');
});

test('ONE-12 ONE-13 a failure on one flow drops the changes of that flow alone; the others still run', async (t) => {
  const { proxy, ids } = await finished(t, ['/one', '/bad', '/two']);
  const source = `export function response(flow) {
  flow.response.text = 'changed';
  if (flow.request.path === '/bad') throw new Error('bad one');
}
export const done = () => console.log('done');\n`;
  const report = await runOnce(proxy, scriptFile(t, 'once.mjs', source), ids);
  const bodies: string[] = [];
  for (const id of ids) bodies.push(await bodyOf(proxy, id));
  assert.deepEqual(bodies, ['changed', 'answer', 'changed']);
  assert.deepEqual(
    report.failures.map(({ id, event, message }) => [id, event, message]),
    [[ids[1], 'response', 'bad one']],
  );
  assert.ok(logged(proxy).includes('once.mjs:3:43 in response: bad one'));
  assert.deepEqual(said(proxy, 'once.mjs'), ['done']);
});

test('ONE-14 async hooks are awaited, the one of each event before the next', async (t) => {
  const { proxy, ids } = await finished(t, ['/one']);
  const slow = "await new Promise((done) => setTimeout(done, 20)); console.log('after')";
  await runOnce(proxy, scriptFile(t, 'once.mjs', tracing({ request: slow, response: slow }, ALL)), ids);
  const flow = ['requestheaders', 'request', 'after', 'responseheaders', 'response', 'after'];
  assert.deepEqual(said(proxy, 'once.mjs'), [...BEGIN, ...flow, 'done']);
});

test('ONE-16 a flow that is still running is left out with a message', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, () => {});
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  const row = await proxy.row((one) => one.duration < 0);
  proxy.say({ type: 'run-script', path: scriptFile(t, 'once.mjs', tracing({}, ALL)), flows: [row] });
  assert.match((await proxy.event('refused')).reason, /still running/);
});
