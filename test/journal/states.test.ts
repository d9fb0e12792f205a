import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { stateIn } from '../../src/journal/decode.js';
import { placeIn, segmentPath } from '../../src/journal/places.js';
import { records } from '../../src/journal/record.js';
import { rowOf } from '../../src/journal/shown.js';
import type { HttpState } from '../../src/journal/state.js';
import { stateOf } from '../../src/proxy/memento.js';
import { SegmentFiles, segmentsIn } from '../../src/store/segmentfiles.js';
import { randomOf } from '../flow/random.js';
import { openLedger } from '../support/ledger.js';
import { randomHttp, randomStates } from './randomstates.js';

/*
 * Flows of every kind, through the ledger's own objects into records on the disk, and from there back: field by field
 * what they were. Bytes may be Buffers or not: copies are neither.
 */

const STATES = randomStates(3, 1500);

test('a flow of any kind is the same field by field once it is in the journal', (t) => {
  const { ledger, folder } = openLedger(t, { keeps: false });
  for (const state of STATES) {
    ledger.bring(state);
    const record = ledger.get(state.id);
    assert.ok(record);
    assert.deepEqual(structuredClone(stateOf(record, folder)), state);
  }
});

test('the row of a record is that of the flow in the ledger', (t) => {
  const { ledger } = openLedger(t, { keeps: false });
  for (const state of STATES) {
    ledger.bring(state);
    const record = ledger.get(state.id);
    assert.deepEqual(rowOf(state), record?.row());
  }
});

test('what is on the disk is the same, for a reader that knows nothing but the files', async (t) => {
  const { ledger, folder, flushed } = openLedger(t);
  for (const state of STATES) ledger.bring(state);
  await flushed();
  const segments = segmentsIn(folder);
  const files = new SegmentFiles((segment) => segments.get(segment) ?? '');
  t.after(() => files.close());
  const types = new Map<string, number>();
  const found = new Map<number, unknown>();
  for (const number of segments.keys())
    for (const one of records(fs.readFileSync(segmentPath(folder, number)), number)) {
      assert.equal(one.type, 'record');
      const { record } = one;
      types.set(record.type, (types.get(record.type) ?? 0) + 1);
      assert.deepEqual(files.read(placeIn(number, one.at)), record);
      if (record.type !== 'shared') found.set(record.id, stateIn(record, files));
    }
  for (const state of STATES) assert.deepEqual(structuredClone(found.get(state.id)), state);
  assert.ok((types.get('lines') ?? 0) > 300 && (types.get('whole') ?? 0) > 300, 'both forms of record were met');
});

test('an ordinary exchange stays one of few bytes: also when it is marked, and the mark undone', (t) => {
  const { ledger } = openLedger(t, { keeps: false });
  const plain = randomHttp(randomOf(8), 1, true);
  const state: HttpState = { ...plain, response: null, metadata: {} };
  ledger.bring(state);
  const types = (): string[] =>
    [...ledger.shelf.news()].flatMap((news) =>
      news.type === 'segment' && news.memory
        ? [...records(Buffer.from(news.memory), news.number)].flatMap((one) =>
            one.type === 'record' && one.record.id === 1 ? one.record.type : [],
          )
        : [],
    );
  const record = ledger.get(state.id);
  record?.setMarked(true);
  ledger.get(state.id)?.setMarked(false);
  assert.deepEqual(types(), ['lines', 'lines', 'lines']);
});

test('the row of a conversation with edited, dropped and injected messages is the same live and from its record', (t) => {
  const { ledger, folder } = openLedger(t, { keeps: false });
  const { spool } = ledger;
  const passage = ledger.openPassage(null, 'a.test', 1, 'tcp', 'raw TCP');
  const talk = passage.converse(spool);
  const say = (text: string, fromClient: boolean, isInjected = false): number => {
    const content = Buffer.from(text);
    return talk.add({ fromClient, kind: 'text', isInjected, at: 1000 + talk.length, size: content.length }, content);
  };
  say('asked', true);
  const answer = say('answered', false);
  say('dropped', false);
  talk.edit(answer, Buffer.from('something much longer'));
  talk.drop(2);
  say('injected', false, true);
  const { sent, received } = talk.picture();
  passage.finished();
  const live = passage.row();
  const read = ledger.get(passage.id);
  assert.deepEqual(rowOf(stateOf(passage, folder)), live);
  assert.deepEqual(read?.row(), live);
  const again = read?.conversation?.picture();
  assert.deepEqual([again?.sent, again?.received], [sent, received]);
});
