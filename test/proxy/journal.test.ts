import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { now } from '../../src/flow/clock.js';
import { stateIn } from '../../src/journal/decode.js';
import { offsetOf, placeIn, segmentOf } from '../../src/journal/places.js';
import { Segments } from '../../src/proxy/segments.js';
import type { Record } from '../../src/proxy/shelf.js';
import { finishedFlow, runningFlow } from '../support/flows.js';
import { recordsIn, written } from '../support/journal.js';
import { openLedger } from '../support/ledger.js';
import { temporaryFolder } from '../support/proxy.js';

const LARGE = 300_000;

/** The body of a flow's response as it is in the journal. */
async function bodyOf(record: Record | undefined): Promise<Buffer> {
  const recording = record && 'response' in record ? record.response?.recording : null;
  assert.ok(recording);
  const pieces: Uint8Array[] = [];
  const failure = await new Promise<string | null>((done) =>
    recording.read((bytes, more) => {
      pieces.push(Buffer.from(bytes));
      more();
    }, done),
  );
  assert.equal(failure, null);
  return Buffer.concat(pieces);
}

function openSegments(t: TestContext): { readonly segments: Segments; readonly folder: string } {
  const folder = temporaryFolder(t);
  return { folder, segments: new Segments({ folder, first: 1, keeps: true, troubled: () => {} }, () => {}) };
}

describe('the segments of the journal', () => {
  it('are flushed to the last record, though one was added while the disk was busy', async (t) => {
    const { segments, folder } = openSegments(t);
    segments.add('lines', 1, Buffer.from('first'));
    segments.write();
    segments.add('lines', 2, Buffer.from('second'));
    await new Promise<void>((done, fail) => {
      const late = setTimeout(() => fail(new Error('never flushed')), 3000);
      segments.flush(() => {
        clearTimeout(late);
        done();
      });
    });
    assert.deepEqual(
      recordsIn(folder).map(({ id }) => id),
      [1, 2],
    );
  });

  it('hold records of any size, each readable in memory and once it is on the disk only', async (t) => {
    const { segments } = openSegments(t);
    const sizes = [0, 1, 4095, 4096, 65_536, 5_000_000, 3_000_000, 3_000_000, 3_000_000, 3_000_000, 3_000_000, 10];
    const places = sizes.map((size, index) => segments.add('whole', index, Buffer.alloc(size, index)));
    await new Promise<void>((done) => segments.flush(done));
    segments.add('whole', 99, Buffer.alloc(4_000_000));
    assert.ok([...segments.held()].length < new Set(places.map(segmentOf)).size, 'some are on the disk only');
    for (const [index, place] of places.entries()) {
      const record = segments.read(place)?.record;
      assert.equal(record?.id, index, `${segmentOf(place)}:${offsetOf(place)}`);
      assert.ok(record.payload.equals(Buffer.alloc(sizes[index] ?? 0, index)));
    }
  });

  it('go once nothing in them is wanted', async (t) => {
    const { segments, folder } = openSegments(t);
    const places = Array.from({ length: 8 }, (_, index) => segments.add('whole', index, Buffer.alloc(3_000_000)));
    await new Promise<void>((done) => segments.flush(done));
    const files = (): number => fs.readdirSync(folder).length;
    assert.equal(files(), 8);
    for (const place of places.slice(0, 3)) segments.release(place);
    for (let left = 400; files() > 5 && left > 0; left -= 1) await wait(5);
    assert.equal(files(), 5);
    assert.equal(segments.read(places[0] ?? 0), null);
  });
});

describe('a flow whose body is still being written', () => {
  const body = Buffer.alloc(LARGE, 'b');

  it('comes back whole when it was deleted at once', async (t) => {
    const test = openLedger(t);
    const { ledger } = test;
    const { id } = finishedFlow(test, body);
    const place = ledger.shelf.retain(id);
    const record = ledger.get(id);
    assert.ok(record);
    ledger.remove(record);
    await test.flushed();
    ledger.restore(id, place);
    assert.deepEqual(await bodyOf(ledger.get(id)), body);
  });

  it('is whole after it was marked at once, and when the mark is undone', async (t) => {
    const test = openLedger(t);
    const { ledger } = test;
    const { id } = finishedFlow(test, body);
    const before = ledger.shelf.retain(id);
    ledger.get(id)?.setMarked(true);
    assert.deepEqual(await bodyOf(ledger.get(id)), body);
    ledger.restore(id, before);
    assert.equal(ledger.get(id)?.marked, false);
    assert.deepEqual(await bodyOf(ledger.get(id)), body);
  });

  it('is whole on the disk when the session ends at once', async (t) => {
    const test = openLedger(t);
    const { id } = finishedFlow(test, body);
    await test.stop();
    const record = recordsIn(test.folder).findLast((one) => one.id === id);
    const state = record && stateIn(record, { object: () => null });
    assert.ok(state?.kind === 'http');
    const { data, size } = state.response?.recording ?? {};
    assert.ok(data?.type === 'file');
    assert.deepEqual([data.length, size], [LARGE, LARGE]);
    assert.deepEqual(fs.readFileSync(path.join(test.folder, data.file)), body);
  });
});

describe('a running flow in the journal', () => {
  it('does not come back after it was removed', async (t) => {
    const test = openLedger(t);
    const entry = runningFlow(test);
    await written(test.folder, (all) => all.some(({ type, id }) => type === 'live' && id === entry.id), 'the flow');
    test.ledger.remove(entry);
    await test.flushed();
    assert.equal(recordsIn(test.folder).findLast(({ id }) => id === entry.id)?.type, 'removed');
  });
});

describe('a flow that runs when the session ends', () => {
  it('is in the journal as far as it has come to that moment', async (t) => {
    const test = openLedger(t);
    const entry = runningFlow(test);
    entry.createdAt = now();
    entry.record('response', Buffer.from('the last word'));
    await test.stop();
    const record = recordsIn(test.folder).findLast(({ id }) => id === entry.id);
    assert.equal(record?.type, 'live');
    assert.ok(record.payload.includes('the last word'));
  });
});

describe('a flow whose earlier record cannot be read any more', () => {
  it('stays as it is when an action on it is undone', (t) => {
    const test = openLedger(t);
    const { id } = finishedFlow(test, Buffer.from('body'));
    test.ledger.restore(id, placeIn(77, 0));
    assert.equal(test.ledger.get(id)?.id, id);
  });
});

describe('a store thread that is started anew', () => {
  it('hears of the segments that were taken in, too', (t) => {
    const { ledger } = openLedger(t);
    const segments = new Map([[7, '/somewhere']]);
    ledger.shelf.takeIn(segments);
    const news = [...ledger.shelf.news()];
    assert.deepEqual(
      news.find(({ type }) => type === 'taken-in'),
      { type: 'taken-in', segments },
    );
  });
});

describe('a file of a body', () => {
  it('stays with the session that was taken in, though all flows of this one are gone that needed it', async (t) => {
    const test = openLedger(t);
    const { ledger, folder } = test;
    const earlier = path.join(folder, 'earlier-one');
    fs.mkdirSync(earlier);
    const file = path.join(earlier, '1.body');
    fs.writeFileSync(file, 'contents');
    const entry = finishedFlow(test, Buffer.from('x'));
    await test.flushed();
    const kept = ledger.get(entry.id);
    assert.ok(kept && 'response' in kept);
    kept.response?.recording?.refer({ file, offset: 0, length: 8, growing: false });
    kept.setMarked(true);
    const marked = ledger.get(entry.id);
    assert.ok(marked);
    ledger.remove(marked);
    const ours = finishedFlow(test, Buffer.alloc(LARGE));
    const own = ours.response?.recording?.ownFile ?? '';
    ledger.remove(ours);
    for (let left = 400; fs.existsSync(own) && left > 0; left -= 1) await wait(5);
    assert.deepEqual([fs.existsSync(own), fs.existsSync(file)], [false, true]);
  });
});
