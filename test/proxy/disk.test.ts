import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { responseOf } from '../../src/flow/flow.js';
import { records } from '../../src/journal/record.js';
import { fetchThrough } from '../support/client.js';
import { answering, response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';

/** A folder where a file of the session is to be: the disk refuses it. */
function refuse(proxy: RunningProxy, name: string): string {
  const place = path.join(proxy.spool, name);
  fs.mkdirSync(place);
  return place;
}

function recordsIn(file: string): number {
  return [...records(fs.readFileSync(file), 1)].filter((one) => one.type === 'record' && one.record.type === 'lines')
    .length;
}

async function stage(t: TestContext, body: string) {
  const proxy = await startProxy(t);
  const origin = await startOrigin(t, answering(response(body)));
  const fetch = async (name: string) => {
    assert.match(await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/${name}`), /^HTTP\/1\.1 200 /);
    return proxy.row((row) => row.path === `/${name}` && row.duration >= 0);
  };
  return { proxy, fetch };
}

test('a disk that refuses is told once, traffic goes on, and what came meanwhile is written when it takes more', async (t) => {
  const { proxy, fetch } = await stage(t, 'small');
  const place = refuse(proxy, '1.journal');
  await fetch('one');
  const { reason } = await proxy.event('disk-troubled');
  assert.match(reason ?? '', /EEXIST.*1\.journal/);
  await fetch('two');
  fs.rmdirSync(place);
  const told = await proxy.until(() => {
    const events = proxy.events.filter(({ type }) => type === 'disk-troubled');
    return events.length === 2 ? events : null;
  }, 'the disk takes more');
  assert.deepEqual(told[1], { type: 'disk-troubled', reason: null });
  assert.equal(recordsIn(place), 2);
  const said = await proxy.until(() => {
    const texts = proxy.events.flatMap((event) => (event.type === 'logged' ? event.entry.text : []));
    return texts.at(-1) === 'The disk takes the session again.' ? texts : null;
  }, 'the last word');
  assert.equal(
    said.filter((text) => text.startsWith('The session is not recorded, traffic goes on: EEXIST')).length,
    1,
  );
});

test('a body that the disk refuses is partial, its row says why, and the next is kept', async (t) => {
  const { proxy, fetch } = await stage(t, 'b'.repeat(200_000));
  refuse(proxy, '1.body');
  const row = await fetch('refused');
  assert.equal(row.body, 'partial');
  const { flow } = await proxy.read(row.id);
  const contents = responseOf(flow)?.body.contents;
  assert.ok(contents?.type === 'partial');
  assert.match(contents.why, /^the disk refused it: EEXIST/);
  assert.equal((await fetch('kept')).body, 'kept');
});
