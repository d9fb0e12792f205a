import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlowId } from '../../src/flow/flow.js';
import type { FlowRow } from '../../src/flow/row.js';
import { RowTable } from '../../src/flow/rowtable.js';
import { foundAt, type ListEdit, SlotList } from '../../src/flow/slotlist.js';
import { SlotPages } from '../../src/flow/slotpages.js';
import { rowOf, TableWriter, tableOf } from '../support/rows.js';
import { randomOf } from './random.js';

describe('rows in columns', () => {
  const odd: readonly Partial<FlowRow>[] = [
    {},
    { path: '/é\xff\x80', error: 'Ünmöglich' },
    { path: '/日本', error: 'nicht — gefunden' },
    { path: '', error: 'only an error', failed: true },
    { expected: 0, size: 2 ** 40, duration: -1, messages: 0, held: 'response', body: 'growing', carried: 'streamed' },
    { expected: 2 ** 41, kind: 'tunnel', scheme: 'tcp', method: '', hostHeader: '', held: 'request', passable: true },
    { replayed: true, changed: true, marked: true, scriptFailed: true, status: 599, revision: 70_000, port: 65535 },
  ];

  for (const [at, row] of odd.entries())
    it(`a row is read as it was put: ${Object.keys(row).join(' ') || 'an ordinary one'}`, () => {
      const written = rowOf(at + 1, row);
      assert.deepEqual(tableOf([rowOf(99), written]).row(1), written);
    });

  it('rows that change often keep their texts, however long, in little room', () => {
    const writer = new TableWriter();
    const random = randomOf(7);
    const rows: FlowRow[] = [];
    for (let time = 0; time < 20_000; time += 1) {
      const slot = random(300);
      const text = String.fromCharCode(48 + random(random(20) === 0 ? 500 : 60)).repeat(random(200));
      rows[slot] = rowOf(slot + 1, { path: `/${text}`, error: random(10) === 0 ? text : '' });
      writer.put(slot, rows[slot] ?? rowOf(1));
    }
    for (const [slot, row] of rows.entries()) if (row) assert.deepEqual(writer.table.row(slot), row);
    const bytes = writer.table.share().blocks.reduce((sum, { texts }) => sum + texts.byteLength, 0);
    assert.ok(bytes < 400_000, `${bytes} bytes`);
  });

  it('another thread reads what it was told, and what is written after', () => {
    const writer = new TableWriter();
    for (let slot = 0; slot < 5000; slot += 1) writer.put(slot, rowOf(slot + 1, { path: `/${slot}` }));
    const reader = new RowTable([]);
    reader.learn(structuredClone(writer.table.share()));
    assert.deepEqual(reader.row(4999), writer.table.row(4999));
    writer.put(0, rowOf(1, { path: '/0', host: 'new.test' }));
    writer.put(5000, rowOf(5001, { path: `/${'x'.repeat(50_000)}` }));
    const news = writer.table.share();
    assert.equal(news.blocks.length, 1, 'only the block whose texts have outgrown their room is told again');
    reader.learn(structuredClone(news));
    assert.deepEqual(reader.row(0), writer.table.row(0));
    assert.deepEqual(reader.row(5000), writer.table.row(5000));
    assert.equal(writer.table.share().blocks.length, 0);
  });

  it('a row costs less than 200 bytes', () => {
    const writer = new TableWriter();
    const count = 16_384;
    for (let slot = 0; slot < count; slot += 1)
      writer.put(slot, rowOf(slot + 1, { path: `/api/v2/accounts/${slot}/items/${slot}?page=${slot % 50}&sort=name` }));
    const { blocks } = writer.table.share();
    const bytes = blocks.reduce((sum, { numbers, texts }) => sum + numbers.byteLength + texts.byteLength, 0);
    assert.ok(bytes / count < 180, `${bytes / count} bytes`);
  });
});

/** What an edit makes of a list. */
function edited(list: readonly number[], { gone, places, came }: ListEdit): number[] {
  const next = list.filter((_, place) => !gone.includes(place));
  for (const [at, place] of places.entries()) next.splice(place, 0, came[at] ?? 0);
  return next;
}

describe('lists of slots', () => {
  it('edits are what taking out and putting in is', () => {
    const random = randomOf(3);
    const ascending = (length: number, below: number): Uint32Array =>
      Uint32Array.from(new Set(Array.from({ length }, () => random(below)))).sort();
    const list = new SlotList();
    let plain: number[] = [];
    for (let time = 0; time < 500; time += 1) {
      const gone = plain.length === 0 ? new Uint32Array() : ascending(random(5), plain.length);
      const places = ascending(random(8), plain.length - gone.length + 1);
      const edit = { gone, places, came: places.map(() => random(1_000_000)) };
      list.edit(edit);
      plain = edited(plain, edit);
      if (random(4) === 0) {
        list.push(time);
        plain.push(time);
      }
      assert.deepEqual([...list.all()], plain);
    }
    assert.equal(list.at(-1), undefined);
    assert.equal(list.at(plain.length), undefined);
  });

  it('a slot is found in a list in their order, or not at all', () => {
    const items = Uint32Array.of(2, 3, 5, 8);
    assert.deepEqual(
      [1, 2, 4, 8, 9].map((slot) => foundAt(items, slot)),
      [-1, 0, -1, 3, -1],
    );
  });

  it('flows have the slots they were given until they are gone', () => {
    const pages = new SlotPages();
    const id = (number: number): FlowId => number as FlowId;
    for (const number of [0, 1, 4095, 4096, 10_000_000]) pages.set(id(number), number * 2);
    pages.set(id(1), 0);
    pages.delete(id(4095));
    pages.delete(id(77));
    assert.deepEqual(
      [0, 1, 2, 4095, 4096, 10_000_000].map((number) => pages.get(id(number))),
      [0, 0, undefined, undefined, 8192, 20_000_000],
    );
  });
});
