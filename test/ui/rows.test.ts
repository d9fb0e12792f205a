import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowId } from '../../src/flow/flow.js';
import { RowWriter } from '../../src/flow/row.js';
import { Rows } from '../../src/ui/rows.js';
import { rowOf } from '../support/rows.js';

function lengthOf(rows: Rows, id: number): string {
  return rows.toldOf(id as FlowId, 'length');
}

test('what a script says in its column stands, also where it comes before the row', () => {
  const rows = new Rows();
  const writer = new RowWriter();
  rows.tell(1 as FlowId, { length: 'one' });
  rows.change(writer.batch([rowOf(1)]), []);
  rows.tell(1 as FlowId, { other: 'too' });
  rows.tell(3 as FlowId, { length: 'three' });
  rows.change(writer.batch([rowOf(2), rowOf(3)]), []);
  assert.deepEqual([lengthOf(rows, 1), lengthOf(rows, 2), lengthOf(rows, 3)], ['one', '', 'three']);
});

test('what a script says of a flow that is gone is not kept', () => {
  const rows = new Rows();
  const writer = new RowWriter();
  rows.change(writer.batch([rowOf(1), rowOf(2)]), []);
  rows.tell(1 as FlowId, { length: 'before' });
  rows.tell(3 as FlowId, { length: 'early' });
  rows.change(writer.batch([]), [1 as FlowId, 3 as FlowId]);
  rows.tell(1 as FlowId, { length: 'after' });
  rows.change(writer.batch([rowOf(1), rowOf(3)]), []);
  assert.deepEqual([lengthOf(rows, 1), lengthOf(rows, 3)], ['', '']);
});

test('a row that was removed and comes back stands where it stood', () => {
  const rows = new Rows();
  const writer = new RowWriter();
  const order = (): (number | undefined)[] => Array.from({ length: rows.length }, (_, at) => rows.idAt(at));
  const ids = (...numbers: number[]): FlowId[] => numbers.map((number) => number as FlowId);
  rows.change(writer.batch([1, 2, 3, 4, 5].map((id) => rowOf(id))), []);
  rows.change(writer.batch([rowOf(6)]), ids(5, 1, 3));
  assert.deepEqual(order(), [2, 4, 6]);
  rows.change(writer.batch([rowOf(7), rowOf(5), rowOf(1)]), []);
  assert.deepEqual(order(), [1, 2, 4, 5, 6, 7]);
  rows.change(writer.batch([rowOf(3), rowOf(3)]), ids(1));
  assert.deepEqual(order(), [2, 3, 4, 5, 6, 7]);
  rows.change(writer.batch([rowOf(1)]), []);
  assert.deepEqual(order(), [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(rows.indexOf(5 as FlowId), 4);
});
