import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { rowOf } from '../../src/journal/shown.js';
import { randomStates } from '../journal/randomstates.js';
import { finishedFlow, runningFlow } from '../support/flows.js';
import { openLedger } from '../support/ledger.js';
import { killed, restored } from '../support/restored.js';
import { bytesOf, has, http, say, talking, talkOf, told } from './brokensession.js';

/*
 * Sessions that broke off, read back by the store's thread's own code: what is on the disk at a moment is copied, as
 * `kill -9` would leave it, and taken into another session.
 */

const BROKEN_OFF = 'sluice ended before it was complete';

describe('flows that were over when their session broke off', () => {
  it('come back field by field, each with the row that it had, and can be read by the store', async (t) => {
    const first = openLedger(t);
    const states = randomStates(17, 300);
    for (const state of states) first.ledger.bring(state);
    await first.flushed();
    const session = await restored(t, killed(t, first.folder));
    assert.equal(session.count, 300);
    assert.equal(session.damage, null);
    for (const state of states) {
      assert.deepEqual(session.state(state.id), state);
      assert.deepEqual(session.rows.get(state.id), rowOf(state));
      assert.equal(session.session.read(state.id)?.flow.comment, state.comment);
    }
  });

  it('are as they were last; those that were removed stay away, and those brought back are there', async (t) => {
    const first = openLedger(t);
    const { ledger } = first;
    const [marked, removed, back, plain] = [1, 2, 3, 4].map(() => finishedFlow(first, Buffer.from('body')).id);
    assert.ok(marked && removed && back && plain);
    ledger.get(marked)?.setMarked(true);
    ledger.get(marked)?.setMarked(false);
    ledger.get(marked)?.setMarked(true);
    const place = ledger.shelf.retain(back);
    for (const id of [removed, back]) {
      const record = ledger.get(id);
      if (record) ledger.remove(record);
    }
    ledger.restore(back, place);
    await first.flushed();
    const session = await restored(t, killed(t, first.folder));
    assert.deepEqual([...session.rows.keys()].sort(), [marked, back, plain]);
    assert.deepEqual(
      [marked, back, plain].map((id) => session.rows.get(id)?.marked),
      [true, false, false],
    );
    assert.equal(session.count, 3);
  });

  it('come in the order in which they came, also those that were changed later or ran to the end', async (t) => {
    const first = openLedger(t);
    const running = runningFlow(first);
    const others = Array.from({ length: 40 }, () => finishedFlow(first, Buffer.alloc(40_000)).id);
    for (const id of others.slice(0, 7)) first.ledger.get(id)?.setMarked(true);
    await has(first.folder, 'live', running.id);
    await first.flushed();
    const session = await restored(t, killed(t, first.folder));
    assert.deepEqual([...session.rows.keys()], [running.id, ...others]);
  });

  it('keep their bodies in files, which move with the session, and once more with the next', async (t) => {
    const first = openLedger(t);
    const body = Buffer.alloc(300_000, 'b');
    const { id } = finishedFlow(first, body);
    await has(first.folder, 'whole', id);
    const second = await restored(t, killed(t, first.folder));
    assert.deepEqual(bytesOf(http(second.state(id)).response?.recording, second), body);
    second.test.ledger.get(id)?.setMarked(true);
    await second.test.flushed();
    const third = await restored(t, killed(t, second.test.folder));
    assert.equal(third.state(id)?.marked, true);
    assert.deepEqual(bytesOf(http(third.state(id)).response?.recording, third), body);
  });
});

describe('flows that were under way when their session broke off', () => {
  it('come back with what there was of a small body, and their rows say so', async (t) => {
    const first = openLedger(t);
    const entry = runningFlow(first);
    for (let count = 1; count <= 3; count += 1) {
      entry.chunk('response');
      entry.record('response', Buffer.from(`piece ${count};`));
      await has(first.folder, count === 1 ? 'live' : 'data', entry.id, Math.max(1, count - 1));
    }
    const session = await restored(t, killed(t, first.folder));
    const { response, error } = http(session.state(entry.id));
    assert.equal(bytesOf(response?.recording, session).toString(), 'piece 1;piece 2;piece 3;');
    assert.deepEqual([response?.size, response?.chunks, response?.cut], [24, 3, BROKEN_OFF]);
    assert.equal(error?.message, BROKEN_OFF);
    const row = session.rows.get(entry.id);
    assert.deepEqual([row?.failed, row?.error, row?.body, row?.size], [true, BROKEN_OFF, 'partial', 24]);
    assert.ok(row && row.duration >= 0, 'it is over');
    assert.equal(session.count, 1);
  });

  it('come back with what their file had got, also behind the last word on it', async (t) => {
    const first = openLedger(t);
    const entry = runningFlow(first);
    entry.record('response', Buffer.alloc(100_000, 'a'));
    await has(first.folder, 'live', entry.id);
    const left = killed(t, first.folder);
    const [name] = fs.readdirSync(left).filter((one) => one.endsWith('.body'));
    assert.ok(name !== undefined);
    fs.appendFileSync(path.join(left, name), Buffer.alloc(5000, 'b'));
    const session = await restored(t, left);
    const { response } = http(session.state(entry.id));
    assert.deepEqual(
      bytesOf(response?.recording, session),
      Buffer.concat([Buffer.alloc(100_000, 'a'), Buffer.alloc(5000, 'b')]),
    );
    assert.equal(response?.size, 105_000);
  });

  it('say that a body is partial whose file did not get all of it, though it had come in full', async (t) => {
    const first = openLedger(t);
    const entry = runningFlow(first);
    entry.record('response', Buffer.alloc(100_000, 'a'));
    entry.ended('response');
    await has(first.folder, 'live', entry.id);
    const left = killed(t, first.folder);
    const [name = ''] = fs.readdirSync(left).filter((one) => one.endsWith('.body'));
    fs.truncateSync(path.join(left, name), 70_000);
    const session = await restored(t, left);
    const row = session.rows.get(entry.id);
    assert.deepEqual([row?.body, row?.size], ['partial', 100_000]);
    assert.equal(bytesOf(http(session.state(entry.id)).response?.recording, session).length, 70_000);
  });

  it('come back with the arrivals of their event streams', async (t) => {
    const first = openLedger(t);
    const entry = runningFlow(first, 'text/event-stream');
    for (let count = 1; count <= 3; count += 1) {
      entry.record('response', Buffer.from(`data: ${count}\n\n`));
      await has(first.folder, count === 1 ? 'live' : 'data', entry.id, Math.max(1, count - 1));
    }
    const arrivals = entry.response?.arrivals?.slice();
    const session = await restored(t, killed(t, first.folder));
    const { response } = http(session.state(entry.id));
    assert.equal(bytesOf(response?.recording, session).toString(), 'data: 1\n\ndata: 2\n\ndata: 3\n\n');
    assert.deepEqual(response?.arrivals, arrivals);
    assert.equal(arrivals?.length, 6);
  });

  it('come back with their messages, and what was done to them after they were written', async (t) => {
    const first = openLedger(t);
    const { entry, talk } = talking(first);
    for (const text of ['one', 'two', 'three']) say(talk, text);
    await has(first.folder, 'live', entry.id);
    talk.edit(1, Buffer.from('two, but longer'));
    talk.drop(2);
    say(talk, 'four', false);
    await has(first.folder, 'talk', entry.id);
    const session = await restored(t, killed(t, first.folder));
    const messages = talkOf(session.state(entry.id), session);
    assert.deepEqual(told(messages), ['one', 'two, but longer edited', 'three dropped', 'four']);
    assert.equal(session.rows.get(entry.id)?.messages, 4);
  });

  it('the same where their handshake had been written down before the first message came', async (t) => {
    const first = openLedger(t);
    const entry = runningFlow(first);
    await has(first.folder, 'live', entry.id);
    const talk = entry.converse('websocket');
    say(talk, 'one');
    await has(first.folder, 'live', entry.id, 2);
    talk.drop(0);
    await has(first.folder, 'talk', entry.id);
    const session = await restored(t, killed(t, first.folder));
    assert.deepEqual(told(talkOf(session.state(entry.id), session)), ['one dropped']);
  });

  it('hold no message any more', async (t) => {
    const first = openLedger(t);
    const { entry, talk } = talking(first);
    talk.hold(say(talk, 'held'));
    await has(first.folder, 'live', entry.id);
    const session = await restored(t, killed(t, first.folder));
    assert.deepEqual(told(talkOf(session.state(entry.id), session)), ['held']);
    assert.equal(session.rows.get(entry.id)?.held, null);
  });

  it('tell of a message whose content did not get into its file, and not what it was', async (t) => {
    const first = openLedger(t);
    const { entry, talk } = talking(first);
    say(talk, 'a'.repeat(70_000));
    say(talk, 'lost');
    await has(first.folder, 'live', entry.id);
    const left = killed(t, first.folder);
    const [name = ''] = fs.readdirSync(left).filter((one) => one.endsWith('.body'));
    fs.truncateSync(path.join(left, name), 70_002);
    const session = await restored(t, left);
    const messages = talkOf(session.state(entry.id), session);
    assert.deepEqual(
      messages.map(({ size, content }) => [size, content?.length]),
      [
        [70_000, 70_000],
        [4, undefined],
      ],
    );
  });

  it('count once when they had been over and were being replayed, and V brings back what there was', async (t) => {
    const first = openLedger(t);
    const body = Buffer.alloc(100_000, 'b');
    const { id } = finishedFlow(first, body);
    await has(first.folder, 'whole', id);
    const entry = first.ledger.get(id);
    assert.ok(entry && 'beginReplay' in entry);
    first.ledger.revive(entry);
    entry.beginReplay();
    await has(first.folder, 'live', id);
    const second = await restored(t, killed(t, first.folder));
    assert.deepEqual([second.count, second.rows.size], [1, 1]);
    const row = second.rows.get(id);
    assert.deepEqual([row?.failed, row?.changed, row?.error], [true, true, BROKEN_OFF]);
    const back = second.test.ledger.get(id);
    assert.ok(back && 'revert' in back && back.revert());
    const { response, error } = http(second.state(id));
    assert.equal(error, null);
    assert.deepEqual(bytesOf(response?.recording, second), body);
  });

  it('leave a body that is in a file of the user as it was', async (t) => {
    const first = openLedger(t);
    const file = path.join(first.folder, '..', 'loaded.mitm');
    fs.writeFileSync(file, 'before BODY behind');
    const entry = runningFlow(first);
    entry.request.recording = entry.response?.recording ?? null;
    entry.request.recording?.refer({ file, offset: 7, length: 4, growing: false });
    entry.request.size = 4;
    entry.connectedTo(
      {
        authority: 'a.test:80',
        address: '',
        startedAt: 0,
        connectedAt: 0,
        securedAt: null,
        tls: null,
        certificate: null,
        trust: '',
        reused: false,
      },
      false,
    );
    await has(first.folder, 'live', entry.id);
    const session = await restored(t, killed(t, first.folder));
    const { request } = http(session.state(entry.id));
    assert.equal(bytesOf(request.recording, session).toString(), 'BODY');
    assert.equal(request.size, 4);
  });
});
