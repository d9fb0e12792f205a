import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { brokenSession, openSession } from '../../src/cli/sessionfolder.js';
import { sourceOf } from '../../src/content/source.js';
import { fieldValue } from '../../src/flow/fields.js';
import { responseOf } from '../../src/flow/flow.js';
import type { FlowRow } from '../../src/flow/row.js';
import { isMistake } from '../../src/options.js';
import { type Random, randomOf } from '../flow/random.js';
import { bodyOf, eventOf, Load, type NumberedOrigin, startNumberedOrigin } from '../support/load.js';
import { type RunningProxy, shareAuthority, startProxy } from '../support/proxy.js';
import { makeHome, noPty, type RunningSluice, startSluice } from '../support/pty.js';
import { readTalk, told } from '../support/talk.js';
import { startWebSocketOrigin } from '../support/websocket.js';

/*
 * The real console is killed at a random point while it has much to do, again and again; what comes back is compared
 * with what the server and the clients of this test saw.
 */

const RUNS = 50;
/** Milliseconds before the kill up to which everything that had come is there again: 200 are promised. */
const LOST = 300;

interface Killed {
  readonly origin: NumberedOrigin;
  readonly load: Load;
  readonly home: string;
  /** When. */
  readonly at: number;
}

async function killUnderLoad(t: TestContext, random: Random): Promise<Killed> {
  const home = makeHome();
  await shareAuthority(path.join(home, 'sluice'));
  const origin = await startNumberedOrigin(t);
  const talking = await startWebSocketOrigin(t);
  const { pty, port }: RunningSluice = await startSluice(t, [], { home });
  const load = new Load(port, origin);
  t.after(() => load.end());
  await load.begin(talking.port);
  await wait(random(1000));
  const at = performance.now();
  process.kill(pty.pid, 'SIGKILL');
  await pty.exited;
  load.end();
  return { origin, load, home, at };
}

/** A proxy that has taken in the session that is offered; null where none is. */
async function restore(t: TestContext, home: string): Promise<{ proxy: RunningProxy; count: number } | null> {
  const confdir = path.join(home, 'sluice');
  const session = brokenSession(confdir);
  if (!session) return null;
  const opened = openSession(confdir, 'kept', session);
  assert.ok(!isMistake(opened));
  const proxy = await startProxy(t, {}, null, { confdir, session: opened.place });
  proxy.say({ type: 'restore-session', name: session.name });
  proxy.say({ type: 'open-store' });
  const { flows: count, damage } = await proxy.event('session-restored');
  assert.ok(damage === null || /^1 damaged place/.test(damage), damage ?? '');
  await proxy.until(() => proxy.rows.size === count, `${count} rows`);
  return { proxy, count };
}

async function contents(proxy: RunningProxy, { id }: FlowRow) {
  const { flow, response: data } = await proxy.read(id);
  const response = responseOf(flow);
  const source = data && sourceOf(data);
  return { response, body: source ? Buffer.from(source.read(0, source.size)) : Buffer.alloc(0) };
}

interface Totals {
  runs: number;
  flows: number;
  answers: number;
  unfinished: number;
  events: number;
  messages: number;
}

async function compare(proxy: RunningProxy, killed: Killed, totals: Totals): Promise<void> {
  const { origin, load, at } = killed;
  const rows = proxy.list();
  const byPath = new Map(rows.map((row) => [row.path, row]));
  assert.equal(byPath.size, rows.length, 'a flow came back twice');
  for (const { value, at: seenAt } of load.answers) {
    if (seenAt > at - LOST) continue;
    const row = byPath.get(value.path);
    assert.ok(row, `${value.path} is lost: it had come ${Math.round(at - seenAt)} ms before`);
    assert.deepEqual([row.status, row.body, row.failed], [value.status, 'kept', false], value.path);
    totals.answers += 1;
  }
  for (const row of rows.filter(({ path: one }) => one.startsWith('/flow/'))) {
    assert.ok(origin.asked.has(row.path) || row.status === 0, `${row.path} was never asked for`);
    const { response, body } = await contents(proxy, row);
    if (!response) continue;
    const whole = bodyOf(row.path);
    assert.equal(response.head.status, 200 + (Number(row.path.split('/').at(-1)) % 3));
    assert.equal(fieldValue(response.head.fields, 'x-path'), row.path);
    assert.equal(fieldValue(response.head.fields, 'content-length'), String(whole.length));
    assert.equal(response.head.fields.filter(([name]) => name.toLowerCase() === 'set-cookie').length, 2);
    assert.ok(
      body.equals(whole.subarray(0, row.body === 'kept' ? whole.length : body.length)),
      `${row.path} ${row.body}`,
    );
    if (row.body !== 'kept') totals.unfinished += 1;
    totals.flows += 1;
  }
  await compareEvents(proxy, killed, byPath.get('/events'), totals);
  await compareTalk(proxy, killed, byPath.get('/talk'), totals);
}

async function compareEvents(
  proxy: RunningProxy,
  { origin, load, at }: Killed,
  row: FlowRow | undefined,
  totals: Totals,
): Promise<void> {
  const came = load.eventsBy(at - LOST);
  if (!row) return assert.equal(came, '', 'the event stream is lost');
  const text = (await contents(proxy, row)).body.toString();
  const all = Array.from({ length: origin.events }, (_, number) => eventOf(number)).join('');
  assert.ok(text.startsWith(came), `events are lost: ${came.length} bytes had come, ${text.length} are there`);
  assert.ok(all.startsWith(text), 'there are events that were never sent');
  totals.events += text.split('\n\n').length - 1;
}

async function compareTalk(
  proxy: RunningProxy,
  { load, at }: Killed,
  row: FlowRow | undefined,
  totals: Totals,
): Promise<void> {
  const heard = load.heard.findLast((seen) => seen.at <= at - LOST)?.value ?? 0;
  if (!row) return assert.equal(heard, 0, 'the conversation is lost');
  if (row.messages < 0) return assert.equal(heard, 0, 'the messages are lost');
  const lines = told(await readTalk(proxy, row.id));
  for (const sign of ['>', '<']) {
    const own = lines.filter((line) => line.startsWith(sign));
    assert.ok(own.length >= heard, `${own.length} messages of ${heard} that had come`);
    assert.ok(own.length <= load.sent);
    assert.deepEqual(
      own,
      own.map((_, number) => `${sign} text message ${number}`),
    );
  }
  totals.messages += lines.length;
}

test(`kill -9 at any point loses at most the last ${LOST} ms: ${RUNS} times under load`, { skip: noPty }, async (t) => {
  const totals: Totals = { runs: 0, flows: 0, answers: 0, unfinished: 0, events: 0, messages: 0 };
  for (let seed = 1; seed <= RUNS; seed += 1)
    await t.test(`seed ${seed}`, async (one) => {
      const killed = await killUnderLoad(one, randomOf(seed));
      const restored = await restore(one, killed.home);
      if (restored) {
        await compare(restored.proxy, killed, totals);
        restored.proxy.say({ type: 'stop' });
        await restored.proxy.event('stopped');
      } else {
        const isLate = killed.load.answers.every(({ at }) => at > killed.at - LOST);
        assert.ok(isLate, 'no session is offered');
      }
      totals.runs += 1;
    });
  const { runs, flows, answers, unfinished, events, messages } = totals;
  t.diagnostic(
    `${runs} kills: ${flows} exchanges came back, ${unfinished} of them unfinished, among them all ${answers} that had to; ${events} events, ${messages} messages`,
  );
  assert.ok(answers > 0 && events > 0 && messages > 0);
});
