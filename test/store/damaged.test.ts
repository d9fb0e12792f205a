import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { FlowId } from '../../src/flow/flow.js';
import { segmentPath } from '../../src/journal/places.js';
import { HEADER, type JournalRecord, records } from '../../src/journal/record.js';
import { stateOf } from '../../src/proxy/memento.js';
import { segmentsIn } from '../../src/store/segmentfiles.js';
import { finishedFlow, runningFlow } from '../support/flows.js';
import { openLedger } from '../support/ledger.js';
import { killed, restored } from '../support/restored.js';
import { bytesOf, has, http, say, talking, talkOf, told } from './brokensession.js';

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
