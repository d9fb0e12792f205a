import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { sourceOf } from '../../src/content/source.js';
import type { FlowId } from '../../src/flow/flow.js';
import { Client } from '../support/client.js';
import { answering, type Origin, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy, temporaryFolder } from '../support/proxy.js';
import { readTalk, talkRow, told } from '../support/talk.js';
import { openWebSocket, startWebSocketOrigin } from '../support/websocket.js';

interface Stage {
  readonly proxy: RunningProxy;
  readonly origin: Origin;
}

async function stage(t: TestContext, body = 'hello'): Promise<Stage> {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, answering(response(body)));
  return { proxy, origin };
}

async function capture({ proxy, origin }: Stage, path: string): Promise<FlowId> {
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return (await proxy.row((row) => row.path === path && row.duration >= 0)).id;
}

function target(id: FlowId): { readonly flows: readonly [{ readonly id: FlowId; readonly revision: number }] } {
  return { flows: [{ id, revision: 0 }] };
}

async function undo(proxy: RunningProxy, type: 'undo' | 'redo' = 'undo'): Promise<string> {
  const after = proxy.events.length;
  proxy.say({ type });
  const event = await proxy.until(
    () => proxy.events.slice(after).find((one) => one.type === 'undone' || one.type === 'refused'),
    type,
  );
  return event.type === 'undone' ? `${event.what} ${event.flows}` : event.type === 'refused' ? event.reason : '';
}

test('undoing a deletion brings flows back with their bodies, and redoing deletes them again', async (t) => {
  const on = await stage(t, 'b'.repeat(300_000));
  const { proxy } = on;
  const ids = [await capture(on, '/one'), await capture(on, '/two')];
  proxy.say({ type: 'remove', flows: ids.map((id) => ({ id, revision: 0 })) });
  await proxy.until(() => proxy.rows.size === 0, 'both are gone');
  assert.equal(await undo(proxy), 'remove 2');
  await proxy.until(() => proxy.rows.size === 2, 'both are back');
  const { response: data } = await proxy.read(ids[1] as FlowId);
  assert.ok(data);
  assert.equal(Buffer.from(sourceOf(data).read(0, 300_000)).toString(), 'b'.repeat(300_000));
  assert.equal(await undo(proxy, 'redo'), 'remove 2');
  await proxy.until(() => proxy.rows.size === 0, 'both are gone again');
  assert.equal(await undo(proxy, 'redo'), 'there is nothing to redo');
});

test('marks are undone one after the other, and what is done anew cannot be redone', async (t) => {
  const on = await stage(t);
  const { proxy } = on;
  const id = await capture(on, '/');
  const isMarked = (wanted: boolean) => proxy.until(() => proxy.rows.get(id)?.marked === wanted, `marked: ${wanted}`);
  assert.equal(await undo(proxy), 'there is nothing to undo');
  proxy.say({ type: 'mark', ...target(id), marked: true });
  await isMarked(true);
  proxy.say({ type: 'mark', ...target(id), marked: false });
  await isMarked(false);
  assert.equal(await undo(proxy), 'mark 1');
  await isMarked(true);
  assert.equal(await undo(proxy), 'mark 1');
  await isMarked(false);
  proxy.say({ type: 'duplicate', ...target(id) });
  await proxy.until(() => proxy.rows.size === 2, 'the copy');
  assert.equal(await undo(proxy, 'redo'), 'there is nothing to redo');
  assert.equal(await undo(proxy), 'duplicate 1');
  await proxy.until(() => proxy.rows.size === 1, 'the copy is gone');
});

test('a replay and a script run are undone: the first response is there again', async (t) => {
  const proxy = await startProxy(t);
  let count = 0;
  const origin = await startOrigin(t, (visit) => {
    count += 1;
    visit.socket.end(response(`answer ${count}`));
  });
  const id = await capture({ proxy, origin }, '/');
  const body = async (): Promise<string> => {
    const { response: data } = await proxy.read(id);
    return data?.type === 'bytes' ? Buffer.from(data.bytes).toString() : '';
  };
  proxy.say({ type: 'replay', ...target(id) });
  await proxy.until(() => count === 2 && (proxy.rows.get(id)?.duration ?? -1) >= 0, 'the replay');
  assert.equal(await body(), 'answer 2');
  const script = path.join(temporaryFolder(t), 'change.js');
  fs.writeFileSync(script, 'export function response(flow) { flow.response.text = "changed" }');
  proxy.say({ type: 'run-script', ...target(id), path: script });
  await proxy.event('script-finished');
  assert.equal(await body(), 'changed');
  assert.equal(await undo(proxy), 'run-script 1');
  assert.equal(await body(), 'answer 2');
  assert.equal(await undo(proxy), 'replay 1');
  assert.equal(await body(), 'answer 1');
  assert.equal(await undo(proxy, 'redo'), 'replay 1');
  assert.equal(await body(), 'answer 2');
});

test('a running flow that is deleted is killed, and what there was of it comes back', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
  });
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('half');
  const { id } = await proxy.row((row) => row.size === 4);
  proxy.say({ type: 'remove', ...target(id) });
  await proxy.until(() => proxy.rows.size === 0, 'it is gone');
  await undo(proxy);
  const row = await proxy.row((one) => one.id === id);
  assert.equal(row.failed, true);
  assert.equal(row.body, 'partial');
});

test('a running websocket that is deleted comes back with its messages, killed, and stays as it was', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startWebSocketOrigin(t);
  const client = await openWebSocket(proxy, origin.port);
  client.socket.send('one');
  await client.hears(1);
  const { id } = await talkRow(proxy, 2);
  proxy.say({ type: 'remove', ...target(id) });
  assert.equal(await undo(proxy), 'remove 1');
  await client.closes();
  const row = await proxy.row((one) => one.id === id && one.failed);
  assert.equal(row.error, 'Connection killed.');
  assert.deepEqual(told(await readTalk(proxy, id)), ['> text one', '< text one']);
  proxy.say({ type: 'mark', ...target(id), marked: true });
  await proxy.row((one) => one.marked);
  assert.equal(await undo(proxy), 'mark 1');
  assert.equal(await undo(proxy, 'redo'), 'mark 1');
  assert.equal((await proxy.row((one) => one.marked)).error, 'Connection killed.');
});

test('a body in a file goes once no action can bring it back', async (t) => {
  const on = await stage(t, 'b'.repeat(300_000));
  const { proxy } = on;
  const [gone, stays] = [await capture(on, '/gone'), await capture(on, '/stays')];
  const { response: data } = await proxy.read(gone);
  assert.ok(data?.type === 'extent');
  proxy.say({ type: 'remove', ...target(gone) });
  for (let count = 0; count < 99; count += 1) proxy.say({ type: 'mark', ...target(stays), marked: count % 2 === 0 });
  await proxy.read(stays);
  assert.ok(fs.existsSync(data.extent.file));
  proxy.say({ type: 'mark', ...target(stays), marked: false });
  await proxy.until(() => !fs.existsSync(data.extent.file), 'its file is gone');
});

/** A dump with so many exchanges, saved by another proxy. */
async function dump(t: TestContext, count: number): Promise<string> {
  const on = await stage(t);
  for (let number = 0; number < count; number += 1) await capture(on, `/loaded/${number}`);
  const file = path.join(temporaryFolder(t), 'some.mitm');
  const flows = on.proxy.list().map(({ id }) => ({ id, revision: 0 }));
  on.proxy.say({ type: 'save-flows', flows, path: file, format: 'mitm' });
  await on.proxy.event('flows-saved');
  return file;
}

function paths(proxy: RunningProxy): string[] {
  return proxy
    .list()
    .map((row) => row.path)
    .sort();
}

test('clearing everything is one action: captured, running and loaded flows come back, and go again', async (t) => {
  const file = await dump(t, 3);
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, (visit) => {
    if (visit.received.startsWith('GET /half')) visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    else visit.socket.end(response('whole'));
  });
  await proxy.load(file);
  await capture({ proxy, origin }, '/captured');
  const client = await Client.connect(proxy.port);
  client.send(`GET http://127.0.0.1:${origin.port}/half HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('half');
  await proxy.row((row) => row.size === 4);
  const all = ['/captured', '/half', '/loaded/0', '/loaded/1', '/loaded/2'];
  assert.deepEqual(paths(proxy), all);
  proxy.say({ type: 'remove', flows: proxy.list().map(({ id, revision }) => ({ id, revision })) });
  await proxy.until(() => proxy.rows.size === 0, 'all are gone');
  assert.equal(await undo(proxy), 'remove 5');
  await proxy.until(() => proxy.rows.size === 5, 'all are back');
  assert.deepEqual(paths(proxy), all);
  for (const { id, path: one } of proxy.list()) {
    const { flow, response: data } = await proxy.read(id);
    assert.equal(flow.kind === 'http' && flow.request.head.path, one);
    const wanted = one === '/half' ? 'half' : one === '/captured' ? 'whole' : 'hello';
    assert.equal(data && Buffer.from(sourceOf(data).read(0, 99)).toString(), wanted);
  }
  assert.equal(await undo(proxy, 'redo'), 'remove 5');
  await proxy.until(() => proxy.rows.size === 0, 'all are gone again');
  assert.equal(await undo(proxy), 'remove 5');
  await proxy.until(() => proxy.rows.size === 5, 'all are back again');
});

test('a loaded flow that is deleted comes back where it was, and can be marked and deleted again', async (t) => {
  const file = await dump(t, 2);
  const proxy = await startProxy(t);
  await proxy.load(file);
  const [first] = proxy.list();
  assert.ok(first);
  proxy.say({ type: 'remove', ...target(first.id) });
  assert.equal(await undo(proxy), 'remove 1');
  await proxy.until(() => proxy.rows.size === 2, 'it is back');
  proxy.say({ type: 'mark', ...target(first.id), marked: true });
  await proxy.until(() => proxy.rows.get(first.id)?.marked, 'it is marked');
  proxy.say({ type: 'remove', ...target(first.id) });
  await proxy.until(() => proxy.rows.size === 1, 'it is gone');
  assert.equal(await undo(proxy), 'remove 1');
  await proxy.until(() => proxy.rows.get(first.id)?.marked, 'it is back with its mark');
  assert.equal(await undo(proxy), 'mark 1');
  await proxy.until(() => proxy.rows.get(first.id)?.marked === false, 'its mark is gone');
  const { path: where } = first;
  assert.equal(proxy.rows.get(first.id)?.path, where);
});

test('reverting is undone: what a script had changed is there again', async (t) => {
  const on = await stage(t);
  const { proxy } = on;
  const id = await capture(on, '/');
  const script = path.join(temporaryFolder(t), 'change.js');
  fs.writeFileSync(script, 'export function response(flow) { flow.response.text = "changed" }');
  proxy.say({ type: 'run-script', ...target(id), path: script });
  await proxy.event('script-finished');
  const changed = await proxy.row((row) => row.changed);
  const body = async (): Promise<string> => {
    const { response: data } = await proxy.read(id);
    return data ? Buffer.from(sourceOf(data).read(0, 99)).toString() : '';
  };
  proxy.say({ type: 'revert', flows: [{ id, revision: changed.revision }] });
  await proxy.row((row) => !row.changed);
  assert.equal(await body(), 'hello');
  assert.equal(await undo(proxy), 'revert 1');
  assert.equal(await body(), 'changed');
  await proxy.row((row) => row.changed);
  assert.equal(await undo(proxy, 'redo'), 'revert 1');
  assert.equal(await body(), 'hello');
});

test('an action on a flow that runs again is not undone before it is over', async (t) => {
  const proxy = await startProxy(t);
  let count = 0;
  const origin = await startOrigin(t, (visit) => {
    count += 1;
    if (count === 1) visit.socket.end(response('first'));
  });
  const id = await capture({ proxy, origin }, '/');
  proxy.say({ type: 'replay', ...target(id) });
  await proxy.until(() => count === 2, 'the replay');
  assert.equal(await undo(proxy), 'a flow of it is still running: kill it first, or wait');
  proxy.say({ type: 'kill', ...target(id) });
  await proxy.row((row) => row.failed);
  assert.equal(await undo(proxy), 'replay 1');
  const row = await proxy.row((one) => !one.failed);
  assert.deepEqual([row.status, row.replayed, row.changed], [200, false, false]);
});
