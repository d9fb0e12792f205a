import { type MessagePort, workerData } from 'node:worker_threads';
import type { FlowId } from '../../src/flow/flow.js';
import { type FlowRow, RowWriter } from '../../src/flow/row.js';
import { type ProxyCommand, type ProxyEvent, portOver } from '../../src/protocol.js';
import { StoreThread } from '../../src/proxy/storethread.js';

/*
 * A thread in the place of the proxy: says rows of flows that never were, as fast as they are taken, then so many a second.
 */

export interface CrowdSettings {
  readonly port: MessagePort;
  readonly count: number;
  /** Rows in a second after that. */
  readonly rate: number;
  /** What is said when all rows have been taken. */
  readonly allHere: string;
}

const FILLING = 2000;
const EVERY = 50;
const HOSTS = 200;
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'];
const TYPES = ['application/json', 'text/html', 'image/png', 'text/css', 'application/javascript'];
const STATUSES = [200, 200, 200, 200, 304, 404, 500];

const { port: channel, count, rate, allHere } = workerData as CrowdSettings;
const port = portOver<ProxyCommand, ProxyEvent>(channel);
const writer = new RowWriter();
const begun = Date.now();
let seed = 1;
let last = 0;
let credit = 2;
let isFull = false;

function random(below: number): number {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return Math.floor((seed / 2147483648) * below);
}

function pick<T>(list: readonly T[], other: T): T {
  return list[random(list.length)] ?? other;
}

function row(id: number, marked = false): FlowRow {
  const host = `host-${random(HOSTS)}.example.com`;
  return {
    id: id as FlowId,
    revision: 1,
    kind: 'http',
    at: begun + id,
    scheme: 'https',
    method: pick(METHODS, 'GET'),
    host,
    port: 443,
    hostHeader: host,
    path: `/api/v2/accounts/${random(100_000)}/items/${id}?page=${random(50)}`,
    status: pick(STATUSES, 200),
    mediaType: pick(TYPES, ''),
    body: 'kept',
    carried: 'passed',
    expected: null,
    size: random(1_000_000),
    duration: random(100_000) / 10,
    held: null,
    error: '',
    failed: false,
    replayed: false,
    changed: false,
    marked,
    scriptFailed: false,
    messages: -1,
    passable: false,
  };
}

function say(rows: readonly FlowRow[], removed: readonly FlowId[] = []): void {
  credit -= 1;
  port.say({ type: 'rows-changed', rows: writer.batch(rows), removed });
}

function some(most: number): FlowRow[] {
  const length = Math.min(most, isFull ? most : count - last);
  return Array.from({ length }, () => {
    last += 1;
    return row(last);
  });
}

function fill(): void {
  while (credit > 0 && last < count) say(some(FILLING));
  if (last < count || isFull) return;
  isFull = true;
  port.say({ type: 'logged', entry: { at: Date.now(), level: 'alert', text: allHere } });
  if (rate > 0) setInterval(() => credit > 0 && say(some((rate * EVERY) / 1000)), EVERY);
}

const store = new StoreThread(
  (event, end) => port.say(event, [end]),
  () => {},
);

port.hear((command) => {
  if (command.type === 'return-credit') {
    credit += 1;
    fill();
  } else if (command.type === 'open-store') store.open();
  else if (command.type === 'set-option')
    port.say({ type: 'option-changed', name: command.name, value: command.value });
  else if (command.type === 'mark') say(command.flows.map(({ id }) => row(id, command.marked)));
  else if (command.type === 'remove')
    say(
      [],
      command.flows.map(({ id }) => id),
    );
});
port.say({ type: 'listening', places: [{ mode: 'regular', host: '127.0.0.1', port: 8080 }] });
fill();
