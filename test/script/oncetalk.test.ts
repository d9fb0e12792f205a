import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FlowRow } from '../../src/flow/row.js';
import { startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';
import { readTalk, told } from '../support/talk.js';
import { openWebSocket, startWebSocketOrigin } from '../support/websocket.js';
import { openTunnel, runOnce, said, scriptFile } from './scripted.js';

/** A websocket that is over: two messages of the client and their echoes. */
async function finishedWebSocket(t: TestContext): Promise<{ proxy: RunningProxy; row: FlowRow }> {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  for (const text of ['one', 'two']) {
    client.socket.send(text);
    await client.hears(text === 'one' ? 1 : 2);
  }
  client.socket.close(1000);
  await client.closes();
  return { proxy, row: await proxy.row((row) => row.messages === 4 && row.duration >= 0) };
}

/** A raw TCP connection that is over. */
async function finishedTcp(t: TestContext): Promise<{ proxy: RunningProxy; row: FlowRow }> {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => visit.socket.end(Buffer.from([0, 1, 2])));
  const client = await openTunnel(proxy, `127.0.0.1:${origin.port}`);
  client.socket.end(Buffer.from([0, 255]));
  await client.until('close');
  return { proxy, row: await proxy.row((row) => row.messages >= 1 && row.duration >= 0) };
}

const LINES = (names: readonly string[], messages: string): string =>
  names.map((name) => `export function ${name}(flow) { console.log('${name}', ${messages}); }`).join('\n');

test('ONE-04 a websocket goes through its events again, its messages added one by one', async (t) => {
  const { proxy, row } = await finishedWebSocket(t);
  const names = ['request', 'response', 'websocket_start', 'websocket_message', 'websocket_end', 'error'];
  const messages = 'flow.websocket.messages.length, flow.websocket.closeCode';
  const file = scriptFile(t, 't.mjs', LINES(names, messages));
  const report = await runOnce(proxy, file, [row.id]);
  assert.deepEqual(report.failures, []);
  assert.deepEqual(said(proxy, 't.mjs'), [
    'request 0 null',
    'response 0 null',
    'websocket_start 0 null',
    'websocket_message 1 null',
    'websocket_message 2 null',
    'websocket_message 3 null',
    'websocket_message 4 null',
    'websocket_end 4 1000',
  ]);
});

test('ONE-11 what a run makes of messages is put onto the flow, and V takes it back', async (t) => {
  const { proxy, row } = await finishedWebSocket(t);
  const before = told(await readTalk(proxy, row.id));
  const file = scriptFile(
    t,
    't.mjs',
    `export function websocket_message(flow) {
       const message = flow.websocket.messages.at(-1);
       if (message.text === 'two') message.drop();
       else message.text = message.text.toUpperCase();
     }`,
  );
  const report = await runOnce(proxy, file, [row.id]);
  assert.deepEqual(report.changed, ['messages']);
  const changed = await proxy.row((one) => one.id === row.id && one.changed);
  assert.deepEqual(told(await readTalk(proxy, row.id)).sort(), [
    '< text dropped two',
    '< text edited ONE',
    '> text dropped two',
    '> text edited ONE',
  ]);
  proxy.say({ type: 'revert', flows: [changed] });
  await proxy.row((one) => one.id === row.id && !one.changed);
  assert.deepEqual(told(await readTalk(proxy, row.id)), before);
});

test('ONE-11 a message that is assigned what it has is not edited', async (t) => {
  const { proxy, row } = await finishedWebSocket(t);
  const source = `export function websocket_message(flow) {
    const message = flow.websocket.messages.at(-1);
    message.content = Buffer.from(message.content);
    if (!message.fromClient) message.content = message.content.fill(65, 0, 1);
  }`;
  await runOnce(proxy, scriptFile(t, 't.mjs', source), [row.id]);
  const messages = told(await readTalk(proxy, row.id)).sort();
  assert.deepEqual(messages, ['< text edited Ane', '< text edited Awo', '> text one', '> text two']);
});

test('ONE-13 a script that fails half-way through the messages loses none of them', async (t) => {
  const { proxy, row } = await finishedWebSocket(t);
  const before = told(await readTalk(proxy, row.id));
  const file = scriptFile(
    t,
    't.mjs',
    `export function websocket_message(flow) {
       if (flow.websocket.messages.length === 3) throw new Error('enough');
       flow.websocket.messages.at(-1).text = 'changed';
     }`,
  );
  const report = await runOnce(proxy, file, [row.id]);
  assert.deepEqual(
    report.failures.map(({ message }) => message),
    ['enough'],
  );
  assert.deepEqual(told(await readTalk(proxy, row.id)), before);
});

test('ONE-05 a raw TCP connection goes through tcp_start, tcp_message and tcp_end, and can be changed and reverted', async (t) => {
  const { proxy, row } = await finishedTcp(t);
  const names = ['request', 'tcp_start', 'tcp_end', 'tcp_error'];
  const file = scriptFile(
    t,
    't.mjs',
    `${LINES(names, 'flow.messages.length')}
     export function tcp_message(flow) {
       const message = flow.messages.at(-1);
       console.log('tcp_message', message.fromClient, message.content.toString('hex'));
       if (message.fromClient) message.content = 'seen';
     }`,
  );
  await runOnce(proxy, file, [row.id]);
  assert.deepEqual(said(proxy, 't.mjs'), [
    'tcp_start 0',
    'tcp_message true 00ff',
    'tcp_message false 000102',
    'tcp_end 2',
  ]);
  const changed = await proxy.row((one) => one.id === row.id && one.changed);
  assert.equal(told(await readTalk(proxy, row.id))[0], '> data edited seen');
  proxy.say({ type: 'revert', flows: [changed] });
  await proxy.row((one) => one.id === row.id && !one.changed);
  assert.equal((await readTalk(proxy, row.id)).messages[0]?.edited, false);
});
