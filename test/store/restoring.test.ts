import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { TalkColumns, type TalkMessage } from '../../src/flow/conversation.js';
import type { FlowId } from '../../src/flow/flow.js';
import { HEADER, type JournalRecord, records } from '../../src/journal/record.js';
import { rowOf } from '../../src/journal/shown.js';
import type { FlowState, HttpState, RecordingState } from '../../src/journal/state.js';
import type { Conversation } from '../../src/proxy/conversation.js';
import type { Entry } from '../../src/proxy/entry.js';
import { stateOf } from '../../src/proxy/memento.js';
import { segmentPath, segmentsIn } from '../../src/store/segmentfiles.js';
import { randomStates } from '../journal/randomstates.js';
import { finishedFlow, runningFlow } from '../support/flows.js';
import { written } from '../support/journal.js';
import { openLedger, type TestLedger } from '../support/ledger.js';
import { killed, type Restored, restored } from '../support/restored.js';

/*
 * Sessions that broke off, read back by the store's thread's own code: what is on the disk at a moment is copied, as
 * `kill -9` would leave it, and taken into another session.
 */

const BROKEN_OFF = 'sluice ended before it was complete';

function http(state: FlowState | null): HttpState {
  assert.ok(state?.kind === 'http');
  return state;
}

function bytesOf(recording: RecordingState | null | undefined, { test }: Restored): Buffer {
  assert.ok(recording);
  const { data } = recording;
  if (data.type === 'bytes') return Buffer.from(data.bytes);
  const whole = fs.readFileSync(path.resolve(test.folder, data.file));
  return whole.subarray(data.offset, data.offset + data.length);
}

interface Told extends TalkMessage {
  readonly content: string | null;
}

function talkOf(state: FlowState | null, session: Restored): Told[] {
  assert.ok(state?.talk);
  const columns = new TalkColumns();
  columns.take(state.talk.batch);
  const contents = bytesOf(state.talk.recording, session);
  return Array.from({ length: columns.length }, (_, index) => {
    const message = columns.get(index);
    assert.ok(message);
    const { offset, size } = message;
    return { ...message, content: offset === null ? null : contents.subarray(offset, offset + size).toString() };
  });
}

/** Each message in few words. */
function told(messages: readonly Told[]): string[] {
  return messages.map(({ content, dropped, edited, injected, held }) =>
    [
      content ?? 'missing',
      ...Object.entries({ dropped, edited, injected, held }).flatMap(([name, is]) => (is ? name : [])),
    ].join(' '),
  );
}

/** Waits for so many records of a kind of a flow. */
function has(folder: string, type: JournalRecord['type'], id: number, count = 1): Promise<void> {
  const isRight = (all: readonly JournalRecord[]): boolean =>
    all.filter((one) => one.type === type && one.id === id).length >= count;
  return written(folder, isRight, `${count} ${type} ${id}`);
}

function say(talk: Conversation, text: string, fromClient = true): number {
  const content = Buffer.from(text);
  return talk.add({ fromClient, kind: 'text', isInjected: false, at: 1000, size: content.length }, content);
}

/** A running flow with a conversation. */
function talking(test: TestLedger): { readonly entry: Entry; readonly talk: Conversation } {
  const entry = runningFlow(test);
  return { entry, talk: entry.converse('websocket') };
}

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

/** Spoils the chosen ones of the records of that kind, counted from 1: one byte of each is another. */
function spoil(folder: string, isKind: (record: JournalRecord) => boolean, chosen: readonly number[]): void {
  let count = 0;
  for (const [number, place] of segmentsIn(folder)) {
    const file = segmentPath(place, number);
    const bytes = fs.readFileSync(file);
    for (const found of [...records(Buffer.from(bytes), number)]) {
      if (found.type !== 'record' || !isKind(found.record)) continue;
      count += 1;
      const at = found.at + HEADER - 1 + found.record.payload.length;
      if (chosen.includes(count)) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    }
    fs.writeFileSync(file, bytes);
  }
}

describe('a damaged journal', () => {
  it('gives all flows but those whose record is damaged, and says how much was passed over', async (t) => {
    const first = openLedger(t);
    const flows = Array.from({ length: 9 }, (_, index) => finishedFlow(first, Buffer.from(`body ${index}`)));
    await first.flushed();
    const left = killed(t, first.folder);
    spoil(left, ({ id }) => id > 0, [3, 4, 7]);
    const session = await restored(t, left);
    const ids = flows.map(({ id }) => Number(id)).filter((id) => ![3, 4, 7].includes(id));
    assert.deepEqual([...session.rows.keys()], ids);
    assert.equal(session.count, 6);
    assert.match(session.damage ?? '', /^2 damaged places in its journal \([\d,]+ bytes\) are passed over$/);
    for (const id of ids)
      assert.equal(bytesOf(http(session.state(id)).response?.recording, session).toString(), `body ${id - 1}`);
  });

  it('gives the flow as it stood before, where the record of a mark is damaged', async (t) => {
    const first = openLedger(t);
    const { id } = finishedFlow(first, Buffer.from('body'));
    first.ledger.get(id)?.setMarked(true);
    await first.flushed();
    const left = killed(t, first.folder);
    spoil(left, (record) => record.id === id, [2]);
    const session = await restored(t, left);
    assert.equal(session.state(id)?.marked, false);
    assert.match(session.damage ?? '', /^1 damaged place in its journal/);
  });

  it('says of a segment that cannot be read that it cannot, and gives the others', async (t) => {
    const first = openLedger(t);
    const { id } = finishedFlow(first, Buffer.from('body'));
    await first.flushed();
    const left = killed(t, first.folder);
    fs.mkdirSync(path.join(left, 'odd'));
    fs.symlinkSync(path.join(left, 'nowhere'), path.join(left, 'odd', '77.journal'));
    const session = await restored(t, left);
    assert.deepEqual([...session.rows.keys()], [id]);
    assert.match(session.damage ?? '', /^77\.journal cannot be read/);
  });

  it('puts nothing in the place of a piece of a body that is lost: what came before it is there', async (t) => {
    const first = openLedger(t);
    const entry = runningFlow(first, 'text/event-stream');
    for (let count = 1; count <= 4; count += 1) {
      entry.record('response', Buffer.from(`piece ${count};`));
      await has(first.folder, count === 1 ? 'live' : 'data', entry.id, Math.max(1, count - 1));
    }
    const left = killed(t, first.folder);
    spoil(left, ({ type }) => type === 'data', [2]);
    const session = await restored(t, left);
    const { response } = http(session.state(entry.id));
    assert.equal(bytesOf(response?.recording, session).toString(), 'piece 1;piece 2;');
    assert.equal(response?.size, 32);
    assert.equal(response?.recording?.failure, 'a part of it was damaged in the journal');
    assert.equal(response?.arrivals?.length, 4);
    assert.equal(session.rows.get(entry.id)?.body, 'partial');
  });

  it('puts nothing in the place of messages that are lost: those before and behind are there', async (t) => {
    const first = openLedger(t);
    const { entry, talk } = talking(first);
    for (let count = 1; count <= 5; count += 1) {
      say(talk, `message ${count}`);
      await has(first.folder, count === 1 ? 'live' : 'talk', entry.id, Math.max(1, count - 1));
    }
    talk.drop(1);
    await has(first.folder, 'talk', entry.id, 5);
    const left = killed(t, first.folder);
    spoil(left, ({ type }) => type === 'talk', [1, 3]);
    const session = await restored(t, left);
    assert.deepEqual(told(talkOf(session.state(entry.id), session)), [
      'message 1',
      'missing dropped',
      'message 3',
      'missing',
      'message 5',
    ]);
    const next = openLedger(t, { keeps: false });
    const state = session.state(entry.id);
    assert.ok(state);
    next.ledger.bring(state);
    const again = next.ledger.get(entry.id as FlowId);
    assert.ok(again);
    assert.deepEqual(structuredClone(stateOf(again, session.test.folder)), state);
  });

  it('does not know messages any more that only a damaged record had', async (t) => {
    const first = openLedger(t);
    const { entry, talk } = talking(first);
    for (let count = 1; count <= 4; count += 1) {
      say(talk, `message ${count}`);
      await has(first.folder, count === 1 ? 'live' : 'talk', entry.id, Math.max(1, count - 1));
    }
    const left = killed(t, first.folder);
    spoil(left, ({ type }) => type === 'talk', [2]);
    const session = await restored(t, left);
    assert.deepEqual(told(talkOf(session.state(entry.id), session)), ['message 1', 'message 2', 'message 4']);
  });
});
