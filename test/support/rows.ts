import type { FlowId } from '../../src/flow/flow.js';
import { type FlowRow, ROW_NUMBERS, RowReader, RowWriter } from '../../src/flow/row.js';
import { RowTable } from '../../src/flow/rowtable.js';

/** The row of an exchange that is over, with what a test wants to be otherwise. */
export function rowOf(id: number, row: Partial<FlowRow> = {}): FlowRow {
  return {
    id: id as FlowId,
    revision: 1,
    kind: 'http',
    at: 1_700_000_000_000.5,
    scheme: 'http',
    method: 'GET',
    host: 'a.test',
    port: 80,
    hostHeader: 'a.test',
    path: '/',
    status: 200,
    mediaType: 'text/plain',
    body: 'kept',
    carried: 'passed',
    expected: null,
    size: 1,
    duration: 1.5,
    held: null,
    error: '',
    failed: false,
    replayed: false,
    changed: false,
    marked: false,
    scriptFailed: false,
    messages: -1,
    passable: false,
    ...row,
  };
}

/** Rows in a table, written as they travel. */
export class TableWriter {
  private readonly writer = new RowWriter();
  private readonly reader = new RowReader();
  readonly table = new RowTable(this.reader.names);

  put(slot: number, row: FlowRow): void {
    const { numbers, texts, names } = this.writer.batch([row]);
    this.reader.learn({ numbers, texts, names });
    this.table.put(slot, numbers.subarray(0, ROW_NUMBERS), texts[0] ?? '', texts[1] ?? '');
  }
}

/** A table with these rows in its slots. */
export function tableOf(rows: readonly FlowRow[]): RowTable {
  const writer = new TableWriter();
  for (const [slot, row] of rows.entries()) writer.put(slot, row);
  return writer.table;
}
