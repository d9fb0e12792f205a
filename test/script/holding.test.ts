import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FlowRow } from '../../src/flow/row.js';
import { fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import type { RunningProxy } from '../support/proxy.js';
import { said, saidUntil, scripted } from './scripted.js';

const held = (row: FlowRow): boolean => row.held !== null;

/** Does to the only flow what a user does with a key. */
function act(proxy: RunningProxy, type: 'resume' | 'kill', { id, revision }: FlowRow): void {
  proxy.say({ type, flows: [{ id, revision }] });
}

async function asked(t: TestContext, proxy: RunningProxy): Promise<{ readonly answer: Promise<string> }> {
  const origin = await startOrigin(t, answering(response('from the server')));
  return { answer: fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/`) };
}

test('DM-17 AD-05 a hook holds its flow, awaits the user, for longer than script_wait, too, and then goes on with it', async (t) => {
  const source = `export async function response(flow) {
  flow.intercept();
  console.log('holds');
  await flow.wait_for_resume();
  flow.response.text += flow.intercepted ? ', still held' : ', let go';
}\n`;
  const proxy = await scripted(t, source, { script_wait: 1 });
  const { answer } = await asked(t, proxy);
  const row = await proxy.row(held);
  await saidUntil(proxy, 't.mjs', 'holds');
  await new Promise((done) => setTimeout(done, 1500)); // more than script_wait: nothing else shows that it is not counted
  act(proxy, 'resume', row);
  assert.match(await answer, /from the server, let go$/);
  assert.deepEqual(said(proxy, 't.mjs'), ['holds']);
  await proxy.row((one) => one.held === null && !one.scriptFailed && one.duration >= 0);
});

test('DM-17 what a hook does not await is settled when the user lets the flow go, after the hook is over', async (t) => {
  const source = `export function request(flow) {
  flow.intercept();
  flow.waitForResume().then(() => console.log('let go'));
  console.log('the hook is over');
}\n`;
  const proxy = await scripted(t, source);
  const { answer } = await asked(t, proxy);
  await saidUntil(proxy, 't.mjs', 'the hook is over');
  act(proxy, 'resume', await proxy.row(held));
  assert.match(await answer, /from the server$/);
  assert.deepEqual(await saidUntil(proxy, 't.mjs', 'let go'), ['the hook is over', 'let go']);
});

test('DM-17 DM-19 a flow that is killed while its hook waits ends, and so does the wait', async (t) => {
  const source = `export async function request(flow) {
  flow.intercept();
  await flow.waitForResume();
  console.log('over');
}\n`;
  const proxy = await scripted(t, source);
  const { answer } = await asked(t, proxy);
  act(proxy, 'kill', await proxy.row(held));
  assert.equal(await answer, '');
  await saidUntil(proxy, 't.mjs', 'over');
  await proxy.row((row) => row.failed && row.held === null);
});

test('DM-17 a script itself lets go what its hook waits for', async (t) => {
  const source = `export async function request(flow) {
  flow.intercept();
  setTimeout(() => flow.resume(), 50);
  await flow.waitForResume();
  flow.comment = 'went on';
}\n`;
  const proxy = await scripted(t, source);
  const { answer } = await asked(t, proxy);
  assert.match(await answer, /from the server$/);
  await proxy.row((row) => row.held === null && row.duration >= 0);
  assert.equal(proxy.rows.size, 1);
});
