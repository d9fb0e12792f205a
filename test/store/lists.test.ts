import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { parseTree } from '../../src/flow/filter.js';
import type { FilterTree } from '../../src/flow/filtertree.js';
import type { FlowRow } from '../../src/flow/row.js';
import { SlotList } from '../../src/flow/slotlist.js';
import type { ListEvent } from '../../src/protocol.js';
import { Deadline } from '../../src/store/deadline.js';
import type { DeepJudge } from '../../src/store/deepjudge.js';
import { Lists } from '../../src/store/lists.js';
import { randomOf } from '../flow/random.js';
import { rowOf, TableWriter } from '../support/rows.js';

function treeOf(text: string): FilterTree {
  const tree = parseTree(text);
  return 'mistake' in tree ? assert.fail(tree.mistake) : tree;
}

const NOT_ASKED: DeepJudge = {
  judge: () => assert.fail('no flow has to be looked into'),
};

/** The interface's end: rows, and the list as it is told. */
class Bench {
  readonly rows: (FlowRow | null)[] = [];
  readonly events: ListEvent[] = [];
  private readonly writer = new TableWriter();
  private readonly lists: Lists;
  private number = 0;
  private list = new SlotList();
  private wake = (): void => {};

  constructor(deep: DeepJudge = NOT_ASKED) {
    this.lists = new Lists((event) => this.heard(structuredClone(event)), deep, new Deadline());
  }

  put(slot: number, row: Partial<FlowRow>): void {
    const whole = rowOf(slot + 1, row);
    this.rows[slot] = whole;
    this.writer.put(slot, whole);
  }

  remove(slot: number): void {
    this.rows[slot] = null;
    this.writer.table.remove(slot);
  }

  make(filter: string | null, order = 'time'): void {
    this.number += 1;
    const rows = structuredClone(this.writer.table.share());
    this.lists.make({
      type: 'make-list',
      number: this.number,
      filter: filter === null ? null : treeOf(filter),
      order,
      rows,
    });
  }

  async made(filter: string | null, order = 'time'): Promise<void> {
    this.make(filter, order);
    await this.until((event) => event.type === 'list-made' && event.number === this.number);
  }

  touch(...slots: number[]): void {
    const rows = structuredClone(this.writer.table.share());
    this.lists.touch({ type: 'touch-rows', slots: Uint32Array.from(slots), rows });
  }

  stop(): void {
    this.lists.stop(false);
  }

  /** Paths of the list, in its order. */
  paths(): string[] {
    return [...this.list.all()].map((slot) => this.writer.table.path(slot));
  }

  async until(isIt: (event: ListEvent) => boolean): Promise<ListEvent> {
    for (;;) {
      const event = this.events.find(isIt);
      if (event) return event;
      await new Promise<void>((done) => {
        this.wake = done;
      });
    }
  }

  private heard(event: ListEvent): void {
    this.events.push(event);
    if (event.type === 'list-made' && event.number === this.number) this.list = new SlotList(event.slots);
    if (event.type === 'list-edited') this.list.edit(event.edit);
    this.wake();
  }
}

type Key = (row: FlowRow) => number | string;

/** What the list must be: those that match, ordered by a key, else as they came. */
function wanted(rows: readonly (FlowRow | null)[], isIn: (row: FlowRow) => boolean, key: Key): string[] {
  const shown = rows.flatMap((row) => (row && isIn(row) ? row : []));
  const [low, high] = [-1, 1];
  return shown
    .toSorted((a, b) => (key(a) < key(b) ? low : key(a) > key(b) ? high : a.id - b.id))
    .map(({ path }) => path);
}

const KEYS: Readonly<Record<string, Key>> = {
  time: ({ id }) => id,
  size: ({ size }) => size,
  status: ({ status }) => status,
  duration: ({ duration }) => duration,
  method: ({ method }) => method,
  host: ({ host }) => host,
  url: ({ scheme, host, port, path }) => `${scheme}://${host}:${port}${path}`,
};

describe('the list as the store makes it', () => {
  for (const [order, key] of Object.entries(KEYS))
    it(`UI-FL-02 UI-FL-07 by ${order} it is what sorting and filtering all rows would be, whatever changes`, async () => {
      const bench = new Bench();
      const random = randomOf(order.length);
      const some = (): Partial<FlowRow> => ({
        path: `/${random(40)}${random(2) === 0 ? '/keep' : ''}`,
        size: random(50),
        status: 200 + random(4),
        duration: random(100) / 10,
        method: ['GET', 'POST', 'PUT'][random(3)] ?? '',
        host: `${'abcdef'[random(6)]}.test`,
      });
      const isIn = ({ path, status }: FlowRow): boolean => path.includes('keep') && status !== 203;
      for (let slot = 0; slot < 3000; slot += 1) bench.put(slot, some());
      bench.make('keep & !~c 203', order);
      for (let slot = 2900; slot < 3100; slot += 1) bench.put(slot, some());
      bench.touch(...Array.from({ length: 200 }, (_, at) => 2900 + at));
      await bench.until((event) => event.type === 'list-made');
      assert.deepEqual(bench.paths(), wanted(bench.rows, isIn, key));
      for (let time = 0; time < 60; time += 1) {
        const slots = Array.from({ length: random(20) }, () => random(3100 + time));
        for (const slot of slots)
          if (random(5) === 0) bench.remove(slot);
          else if (bench.rows[slot] !== null) bench.put(slot, some());
        bench.touch(...slots);
      }
      assert.deepEqual(bench.paths(), wanted(bench.rows, isIn, key));
    });

  it('UI-FL-07 a newer question replaces one that is under way, which is never answered', async () => {
    const bench = new Bench();
    for (let slot = 0; slot < 50_000; slot += 1) bench.put(slot, { path: `/${slot % 10}` });
    bench.make('/3$', 'url');
    await bench.made('/7$');
    assert.equal(bench.paths().length, 5000);
    await setImmediate();
    assert.deepEqual(
      bench.events.flatMap((event) => (event.type === 'list-made' ? event.number : [])),
      [2],
    );
  });

  it('UI-FL-07 what is stopped is never answered, and the list before is kept up', async () => {
    const bench = new Bench();
    for (let slot = 0; slot < 20_000; slot += 1) bench.put(slot, { path: `/${slot % 10}` });
    await bench.made('/3$');
    bench.make('/7$', 'url');
    bench.stop();
    bench.put(20_000, { path: '/new3' });
    bench.touch(20_000);
    await setImmediate();
    assert.equal(bench.events.filter(({ type }) => type === 'list-made').length, 1);
    const edits = bench.events.filter((event) => event.type === 'list-edited');
    assert.deepEqual(
      edits.map(({ number }) => number),
      [1],
    );
  });

  it('TST-15 an expression that does not end is named, and the list before stays', async () => {
    const bench = new Bench();
    bench.put(0, { path: '/one' });
    bench.put(1, { path: `/${'a'.repeat(60)}!` });
    await bench.made('one');
    bench.make('one | "(a+)+$"');
    const refused = await bench.until((event) => event.type === 'list-refused');
    assert.deepEqual(refused, {
      type: 'list-refused',
      number: 2,
      reason: 'the expression (a+)+$ did not end within 1 s on one text',
    });
    bench.put(2, { path: '/one more' });
    bench.touch(2);
    assert.deepEqual(bench.paths(), ['/one', '/one more']);
  });

  it('FO-16 flows of which rows do not tell are looked into, a few at a time, and those that changed meanwhile again', async () => {
    let asked: number[] = [];
    const answers: ((judged: Float64Array) => void)[] = [];
    const bench = new Bench({
      async *judge(ids) {
        asked = [...ids];
        for (const _ of ids) yield await new Promise<Float64Array>((done) => answers.push(done));
      },
    });
    for (let slot = 0; slot < 4; slot += 1) bench.put(slot, { path: `/${slot}`, status: slot === 3 ? 0 : 200 });
    await bench.made('~hs x');
    assert.deepEqual(asked, [1, 2, 3], 'one without an answer has no header to look at');
    assert.deepEqual(bench.paths(), []);
    const edits = (): number => bench.events.filter(({ type }) => type === 'list-edited').length;
    const answer = async (judged: number): Promise<void> => {
      const before = edits();
      while (answers.length === 0) await setImmediate();
      answers.shift()?.(Float64Array.of(judged));
      while (edits() === before) await setImmediate();
    };
    await answer(2);
    assert.deepEqual(bench.paths(), ['/1']);
    bench.put(1, { path: '/1', status: 0 });
    bench.put(2, { path: '/2', size: 7 });
    bench.touch(1, 2);
    assert.deepEqual(bench.paths(), [], 'it has no answer any more');
    await answer(1);
    await answer(-3);
    assert.deepEqual(bench.paths(), ['/0']);
    await bench.until(({ type }) => type === 'list-progressed');
    while (asked.length !== 1) await setImmediate();
    assert.deepEqual(asked, [3]);
    await answer(3);
    assert.deepEqual(bench.paths(), ['/0', '/2']);
  });
});
