import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { sourceOf } from '../../src/content/source.js';
import { type Body, type FlowId, responseOf } from '../../src/flow/flow.js';
import type { FlowRow } from '../../src/flow/row.js';
import type { Options } from '../../src/options.js';
import { fetchThrough } from '../support/client.js';
import { response, startOrigin } from '../support/origin.js';
import { type RunningProxy, startProxy } from '../support/proxy.js';

const KILO = 1000;

interface Stage {
  readonly proxy: RunningProxy;
  /** Answers with so many bytes; resolves when the client has them all and the flow is over. */
  fetch(name: string, bytes: number): Promise<FlowRow>;
}

async function stage(t: TestContext, options: Partial<Options>): Promise<Stage> {
  const proxy = await startProxy(t, options);
  const origin = await startOrigin(t, ({ socket, received }) => {
    const [, name = '', size = '0'] = /\/(\w+)\/(\d+) /.exec(received) ?? [];
    socket.end(response(name.padEnd(Number(size), 'x')));
  });
  const fetch = async (name: string, bytes: number): Promise<FlowRow> => {
    const answer = await fetchThrough(proxy.port, `http://127.0.0.1:${origin.port}/${name}/${bytes}`);
    assert.ok(answer.length > bytes); // the client has all of it, whatever is kept
    return proxy.row(({ path: where, duration }) => where === `/${name}/${bytes}` && duration >= 0);
  };
  return { proxy, fetch };
}

async function bodyOf(proxy: RunningProxy, id: FlowId): Promise<string | null> {
  const { response: data } = await proxy.read(id);
  return data && Buffer.from(sourceOf(data).read(0, sourceOf(data).size)).toString();
}

async function recorded(proxy: RunningProxy, id: FlowId): Promise<Body | undefined> {
  const { flow } = await proxy.read(id);
  return responseOf(flow)?.body;
}

function bytesIn(folder: string): number {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return files.reduce((sum, one) => sum + fs.statSync(path.join(one.parentPath, one.name)).size, 0);
}

function bodies(proxy: RunningProxy): string[] {
  return proxy.list().map(({ body }) => body);
}

test('the oldest bodies without a mark go first when the session comes to its limit, and their rows say so', async (t) => {
  const { proxy, fetch } = await stage(t, { sessions_size: 1500 * KILO });
  const marked = await fetch('marked', 200 * KILO);
  proxy.say({ type: 'mark', flows: [marked], marked: true });
  await proxy.row((row) => row.marked);
  for (let at = 0; at < 8; at += 1) await fetch(`body${at}`, 200 * KILO);
  await proxy.until(() => bodies(proxy).includes('dropped'), 'the first is dropped');
  await proxy.until(() => bytesIn(proxy.spool) <= 1500 * KILO, 'the session is small enough');
  const [first, second, ...rest] = bodies(proxy);
  assert.deepEqual([first, second, rest.at(-1)], ['kept', 'dropped', 'kept']);
  const id = (at: number): FlowId => (proxy.list()[at] as FlowRow).id;
  assert.equal(await bodyOf(proxy, id(0)), 'marked'.padEnd(200 * KILO, 'x'));
  assert.equal(await bodyOf(proxy, id(1)), null);
  assert.equal(await bodyOf(proxy, id(8)), 'body7'.padEnd(200 * KILO, 'x'));
  const why = 'the session has come to sessions_size, 1,500,000 bytes';
  assert.deepEqual((await recorded(proxy, id(1)))?.contents, { type: 'missing', why });
  const said = proxy.events.flatMap((event) => (event.type === 'logged' ? event.entry.text : []));
  assert.deepEqual(
    said.filter((text) => /dropped/.test(text)),
    ['The oldest bodies of flows without a mark are dropped: the session has come to sessions_size, 1,500,000 bytes.'],
  );
});

test('records of small bodies are written anew without them, so that their segments go', async (t) => {
  const limit = 9000 * KILO;
  const { proxy, fetch } = await stage(t, { sessions_size: limit });
  for (let done = 0; done < 240; done += 40)
    await Promise.all(Array.from({ length: 40 }, (_, at) => fetch(`small${done + at}`, 50 * KILO)));
  await proxy.until(() => bytesIn(proxy.spool) <= limit, 'the session is small enough');
  const last = await fetch('last', 50 * KILO);
  assert.equal(await bodyOf(proxy, last.id), 'last'.padEnd(50 * KILO, 'x'));
  const signs = bodies(proxy);
  const dropped = signs.lastIndexOf('dropped');
  assert.ok(dropped > 0 && signs.slice(0, dropped).every((sign) => sign === 'dropped'), signs.join(' '));
});

test('without a journal nothing is on the disk, and bodies of any size are read from memory', async (t) => {
  const { proxy, fetch } = await stage(t, { journal: false });
  const small = await fetch('small', 10);
  const large = await fetch('large', 3000 * KILO);
  assert.equal(await bodyOf(proxy, small.id), 'small'.padEnd(10, 'x'));
  assert.equal(await bodyOf(proxy, large.id), 'large'.padEnd(3000 * KILO, 'x'));
  assert.deepEqual(fs.readdirSync(proxy.spool), []);
});

test('without a journal the oldest bodies make room in memory, and one that has none is partial', async (t) => {
  const { proxy, fetch } = await stage(t, { journal: false, body_memory: 20_000 * KILO });
  /** Room is made in a while; until then bodies pass and are not kept. */
  const fetchUntil = async (sign: FlowRow['body'], name: string, bytes: number): Promise<FlowRow> => {
    for (let tries = 1; ; tries += 1) {
      const row = await fetch(`${name}${tries}`, bytes);
      if (row.body === sign) return row;
      assert.ok(tries < 200, `${row.body}, never ${sign}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  for (let at = 0; at < 30; at += 1) {
    const { id, path: where } = await fetchUntil('kept', `body${at}try`, 1000 * KILO);
    assert.equal(await bodyOf(proxy, id), (where.split('/')[1] ?? '').padEnd(1000 * KILO, 'x'));
  }
  assert.equal(bodies(proxy)[0], 'dropped');
  const huge = await fetchUntil('partial', 'huge', 30_000 * KILO);
  const body = await recorded(proxy, huge.id);
  assert.ok(body?.contents.type === 'partial');
  assert.deepEqual([body.contents.why, body.size], ['body_memory is used up', 30_000 * KILO]);
});
