import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { sourceOf } from '../../src/content/source.js';
import type { FlowId } from '../../src/flow/flow.js';
import type { Finished } from '../../src/flow/image.js';
import type { FlowRow } from '../../src/flow/row.js';
import { writeFlows } from '../../src/store/savedfile.js';
import { body, flowImage, requestImage, responseImage } from '../script/images.js';
import { undumped } from '../store/saved.js';
import { openApp } from '../support/app.js';
import { fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { startProxy, temporaryFolder } from '../support/proxy.js';

function flowTo(port: number, at: string, status = 200): Finished {
  const request = requestImage({
    host: '127.0.0.1',
    port,
    path: at,
    fields: [['Host', `127.0.0.1:${port}`]],
    body: body(''),
  });
  const answer = responseImage({ status, fields: [['Content-Type', 'text/plain']], body: body(`body of ${at}`) });
  return { flow: flowImage({ live: false, request, response: answer }), talk: null };
}

/** A file with a flow for each path. */
async function fileOf(t: TestContext, paths: readonly string[], name = 'a.mitm', port = 9): Promise<string> {
  const file = path.join(temporaryFolder(t), name);
  const flows = paths.map((at) => flowTo(port, at));
  await writeFlows(file, flows, { format: name.endsWith('har') ? 'har' : 'mitm' });
  return file;
}

/** A file with so many flows as like as eggs. */
async function manyFlows(t: TestContext, count: number): Promise<string> {
  const file = await fileOf(t, ['/egg']);
  const one = fs.readFileSync(file);
  fs.writeFileSync(file, Buffer.alloc(one.length * count, one));
  return file;
}

function target({ id, revision }: FlowRow): { id: FlowId; revision: number } {
  return { id, revision };
}

function pathsIn(file: string): string[] {
  return undumped(fs.readFileSync(file)).flows.map(({ flow }) => ('request' in flow ? flow.request.path : ''));
}

for (const name of ['a.mitm', 'a.har'])
  test(`CMD-24 flows of ${name} come in file order, open, change, and are saved with the others in list order`, async (t) => {
    const { screen, port } = await openApp(t);
    const origin = await startOrigin(t, answering(response('x')));
    const file = await fileOf(t, ['/one', '/two', '/three'], name);
    await fetchThrough(port, `http://127.0.0.1:${origin.port}/live`);
    await screen.sees(/\/live +200/);
    screen.press('L', file, '\r');
    await screen.sees('3 flows loaded from');
    await screen.sees(/\/live[\s\S]*\/one[\s\S]*\/two[\s\S]*\/three/);
    await screen.sees('[1/4]');
    screen.press('j', 'j', '\r', 'l');
    await screen.sees('body of /two');
    screen.press('q', 'm');
    await screen.sees(/\/two +200.*●/);
    screen.press('D');
    await screen.sees('[3/5]');
    const saved = path.join(temporaryFolder(t), 'saved.mitm');
    screen.press('w', saved, '\r');
    await screen.sees('5 flows saved to');
    assert.deepEqual(pathsIn(saved), ['/live', '/one', '/two', '/three', '/two']);
    screen.press('d');
    await screen.sees('[3/4]');
    screen.press('j', 'd');
    await screen.sees('[3/3]');
    screen.press('w', saved, '\r');
    await screen.sees('3 flows saved to');
    assert.deepEqual(pathsIn(saved), ['/live', '/one', '/three']);
    screen.press('z', 'y');
    await screen.sees('No traffic yet.');
  });

test('CR-01 a flow that is still in its file is replayed, and what was asked before comes first', async (t) => {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, answering(response('anew')));
  const file = await fileOf(t, ['/again', '/other'], 'a.mitm', origin.port);
  assert.equal(await proxy.load(file), 2);
  const row = await proxy.row((one) => one.path === '/again');
  const other = await proxy.row((one) => one.path === '/other');
  proxy.say({ type: 'mark', flows: [target(row), target(other)], marked: true });
  proxy.say({ type: 'replay', flows: [target(row)] });
  proxy.say({ type: 'remove', flows: [target(other)] });
  await proxy.row((one) => one.path === '/again' && one.replayed && one.duration >= 0 && one.marked);
  await proxy.until(() => proxy.list().length === 1, 'the other one to be removed');
  const { flow } = await proxy.read(row.id);
  assert.ok(flow.kind === 'http' && flow.changed);
  proxy.say({ type: 'revert', flows: [{ id: row.id, revision: flow.revision }] });
  await proxy.row((one) => one.path === '/again' && !one.replayed && !one.changed);
});

test('OPT-22 NF-11 readfile_filter says which flows of files are loaded', async (t) => {
  const proxy = await startProxy(t, { readfile_filter: '/t' });
  for (const name of ['a.mitm', 'a.har', 'a.zhar']) {
    const file = await fileOf(t, ['/one', '/two', '/three'], name);
    assert.equal(await proxy.load(file), 2, name);
  }
  await proxy.until(() => proxy.list().length === 6, 'six rows');
  assert.deepEqual([...new Set(proxy.list().map((row) => row.path))], ['/two', '/three']);
});

test('FX-01 the view filter applies to flows in files from the first batch on, and when it changes', async (t) => {
  const { screen } = await openApp(t, { options: { view_filter: '/t' } });
  const file = await fileOf(t, ['/one', '/two', '/three']);
  screen.press('L', file, '\r');
  await screen.sees('3 flows loaded from');
  assert.doesNotMatch(await screen.sees('[1/2]'), /\/one/);
  screen.press(':', 'set view_filter /one', '\r');
  await screen.sees('[1/1]');
  await screen.sees(/\/one +200/);
  screen.press(':', 'set view_filter', '\r');
  await screen.sees('[1/3]');
});

test('esc stops loading and keeps what is in', async (t) => {
  const { screen } = await openApp(t);
  const file = await manyFlows(t, 200_000);
  screen.press('L', file, '\r');
  assert.match(await screen.sees(/loading a\.mitm: [1-9]/), /\[1\/\d+\]/);
  screen.press('\x1b');
  const frame = await screen.sees(/Stopped: [\d,]+ flows loaded/);
  const count = Number(/Stopped: ([\d,]+)/.exec(frame)?.[1]?.replaceAll(',', ''));
  assert.ok(count > 0 && count < 200_000, `${count}`);
  await screen.sees(new RegExp(`\\[1/${count}\\]`));
  await screen.losesSight('loading a.mitm');
});

test('NF-03 flows of one file loaded twice are saved under ids of their own', async (t) => {
  const proxy = await startProxy(t);
  const file = await fileOf(t, ['/one', '/two']);
  await proxy.load(file);
  await proxy.load(file);
  await proxy.until(() => proxy.list().length === 4, 'four rows');
  const saved = path.join(temporaryFolder(t), 'saved.mitm');
  proxy.say({ type: 'save-flows', flows: proxy.list().map(target), path: saved, format: 'mitm' });
  assert.equal((await proxy.event('flows-saved')).count, 4);
  const ids = fs.readFileSync(saved, 'latin1').match(/2:id;36:[0-9a-f-]{36};7:version/g);
  assert.equal(new Set(ids).size, 4);
});

test('NF-09 what is left of a file that changed is told, and nothing hangs on it', async (t) => {
  const proxy = await startProxy(t);
  const file = await fileOf(t, ['/one', '/two']);
  await proxy.load(file);
  const row = await proxy.row((one) => one.path === '/two');
  fs.truncateSync(file, 10);
  const after = proxy.events.length;
  proxy.say({ type: 'read-flow', id: row.id });
  const { entry } = await proxy.event('logged', after);
  assert.match(entry.text, /a\.mitm: the flow at byte \d+ cannot be read: /);
  assert.equal((await proxy.event('refused', after)).reason, 'the flow is gone');
});

test('KEY-50 deleted flows of a file come back with u, in their place and unread, and go again', async (t) => {
  const proxy = await startProxy(t);
  await proxy.load(await fileOf(t, ['/a', '/b', '/c']));
  const before = proxy.list();
  const [, second] = before;
  assert.ok(second);
  proxy.say({ type: 'mark', flows: [target(second)], marked: true }); // this one comes over
  await proxy.row((row) => row.marked);
  proxy.say({ type: 'remove', flows: before.map(target) });
  await proxy.until(() => proxy.rows.size === 0, 'all are gone');
  for (const type of ['undo', 'redo', 'undo'] as const) {
    proxy.say({ type });
    const count = type === 'undo' ? 3 : 0;
    await proxy.until(() => proxy.rows.size === count, `${count} flows after ${type}`);
  }
  assert.deepEqual(
    proxy.list().map(({ id, path: at, marked }) => [id, at, marked]),
    before.map(({ id, path: at }) => [id, at, at === '/b']),
  );
  const { response: data } = await proxy.read(before[2]?.id ?? second.id);
  assert.equal(data && Buffer.from(sourceOf(data).read(0, 100)).toString(), 'body of /c');
});

test('a command about many flows is done to each, and what is asked behind it waits', async (t) => {
  const proxy = await startProxy(t);
  await proxy.load(await manyFlows(t, 3000));
  const all = proxy.list();
  proxy.say({ type: 'mark', flows: all.map(target), marked: true });
  proxy.say({ type: 'remove', flows: all.slice(0, 2999).map(target) });
  const row = await proxy.until(() => (proxy.rows.size === 1 ? proxy.list()[0] : null), 'one is left');
  assert.deepEqual([row.id, row.marked], [all[2999]?.id, true]);
  proxy.say({ type: 'undo' });
  await proxy.until(() => proxy.rows.size === 3000 && proxy.list().every((one) => one.marked), 'all are there, marked');
});
