import { parentPort } from 'node:worker_threads';
import type { FlowId } from '../flow/flow.js';
import type { FlowFilter } from '../flow/flowfilter.js';
import type { Finished } from '../flow/image.js';
import { pictureOf, rowOf } from '../flow/picture.js';
import type { FlowRow } from '../flow/row.js';
import { type FileCommand, type FileEvent, portOver } from '../protocol.js';
import { answer } from './answers.js';
import { eitherOf } from './flowreader.js';
import type { DumpVersion } from './formats/mitmproxy/write.js';
import { Inbox } from './inbox.js';
import { IndexedFile } from './indexedfile.js';
import { filterOf, loadIndex } from './loading.js';
import { Outside } from './outside.js';
import { giveWay } from './priority.js';
import { restore } from './restoring.js';
import { RowFeed } from './rowfeed.js';
import { type FileDamage, readFlows, type Saving, type Writable, writeFlows } from './savedfile.js';
import { Session } from './session.js';

/*
 * The thread that reads and writes files of flows, one at a time. Flows that come or go do so in batches, each asked for
 * when the one before has been dealt with, so that neither side gathers them. Flows of an indexed file stay here until
 * somebody wants to do something to them.
 */

/** Flows read that go over together. */
const BATCH = 200;

function say(event: FileEvent): void {
  parentPort?.postMessage(event);
}

const inbox = new Inbox();
const outside = new Outside();
const session = new Session();
const feed = new RowFeed();
let isStopped = false;

function stopLoading(): void {
  isStopped = true;
}

function hear(command: FileCommand): void {
  switch (command.type) {
    case 'connect':
      return answer(portOver(command.port), { reader: eitherOf([outside, session]), feed, stopLoading });
    case 'bring':
      return bring(command.ids);
    case 'forget':
      outside.release(command.ids);
      return feed.remove(command.ids);
    case 'take-back':
      outside.takeBack(command.ids);
      return void tellAgain(command.ids);
    case 'session':
      return session.begin(command.folder);
    case 'taken-in':
      return session.takeIn(command.segments);
    case 'places':
      return session.places.take(command.number, command.block);
    case 'segment':
      return session.hold(command.number, command.memory);
    default:
      return inbox.put(command);
  }
}

/** Tells the rows of flows that are here once more. */
async function tellAgain(ids: readonly FlowId[]): Promise<void> {
  for (let at = 0; at < ids.length; at += BATCH) {
    await feed.room();
    feed.add(ids.slice(at, at + BATCH).flatMap((id) => rowAt(id) ?? []));
    await new Promise(setImmediate); // what else is asked has its turn
  }
}

function rowAt(id: FlowId): FlowRow | null {
  const finished = outside.read(id);
  return finished && rowOf(finished);
}

/** Hands flows over. */
function bring(ids: readonly FlowId[]): void {
  const flows: Finished[] = [];
  const lost: { id: FlowId; reason: string }[] = [];
  for (const id of ids)
    try {
      const finished = outside.recall(id);
      if (finished) flows.push(finished);
      else lost.push({ id, reason: 'the flow is gone' });
    } catch (error) {
      lost.push({ id, reason: (error as Error).message });
    }
  outside.release(ids);
  say({ type: 'brought', flows, lost });
}

/** The flows to be written, as they come. */
async function* incoming(version: DumpVersion | null, lose: (reason: string) => void): AsyncGenerator<Writable> {
  for (let isLast = false; !isLast; ) {
    say({ type: 'ready' });
    const command = await inbox.next();
    if (command.type !== 'flows') return;
    isLast = command.isLast;
    for (const flow of command.flows) {
      const writable = typeof flow === 'number' ? kept(flow, version, lose) : flow;
      if (writable) yield writable;
    }
  }
}

/** A flow that is here, as it stands in its file where that will do. */
function kept(id: FlowId, version: DumpVersion | null, lose: (reason: string) => void): Writable | null {
  try {
    return (version && outside.standing(id, version)) ?? outside.recall(id);
  } catch (error) {
    lose((error as Error).message);
    return null;
  }
}

async function save({ path, format, version }: Extract<FileCommand, { type: 'save' }>): Promise<void> {
  const append = path.startsWith('+');
  const wanted: DumpVersion = version === 21 ? 21 : 17;
  const saving: Saving = { format, version: wanted, append };
  const lost: string[] = [];
  const flows = incoming(format === 'mitm' ? wanted : null, (reason) => lost.push(reason));
  const { flows: count, warnings } = await writeFlows(append ? path.slice(1) : path, flows, saving);
  say({ type: 'saved', count, warnings: [...lost, ...warnings] });
}

type Load = Extract<FileCommand, { type: 'load' }>;

async function load({ path, isIndexed, filter: text }: Load): Promise<void> {
  isStopped = false;
  let damage: string | null = null;
  const onDamage = (one: FileDamage): void => {
    damage ??= one.text;
  };
  const filter = filterOf(text);
  feed.say({ type: 'loading', file: { path, count: 0 } });
  try {
    const file = isIndexed ? IndexedFile.open(path) : null;
    const count = file ? await index(file, filter, onDamage) : await handOver(path, filter, onDamage);
    await feed.told();
    feed.say({ type: 'loading', file: null });
    say({ type: 'loaded', count, damage, isStopped });
  } catch (error) {
    feed.say({ type: 'loading', file: null });
    throw error;
  }
}

function index(file: IndexedFile, filter: FlowFilter | null, onDamage: (damage: FileDamage) => void): Promise<number> {
  const number = async (count: number): Promise<FlowId> => {
    say({ type: 'found', count, size: file.size, changedAt: file.changedAt });
    const command = await inbox.next();
    if (command.type !== 'numbered') throw new Error(`${command.type} in place of numbers`);
    return command.first;
  };
  return loadIndex(file, { outside, feed, filter, onDamage, isStopped: () => isStopped, number });
}

/** Reads a file and gives its flows away. */
async function handOver(
  path: string,
  filter: FlowFilter | null,
  onDamage: (damage: FileDamage) => void,
): Promise<number> {
  let count = 0;
  let batch: Finished[] = [];
  const send = async (): Promise<void> => {
    say({ type: 'read', flows: batch });
    feed.say({ type: 'loading', file: { path, count } });
    batch = [];
    await inbox.next();
  };
  for await (const flow of readFlows(path, onDamage)) {
    if (filter && !filter(pictureOf(flow))) continue;
    count += 1;
    batch.push(flow);
    if (batch.length >= BATCH) await send();
    if (isStopped) break;
  }
  if (batch.length > 0) await send();
  return count;
}

/** One job after the other, for as long as the thread is kept. */
async function work(): Promise<never> {
  for (;;) {
    const command = await inbox.next();
    try {
      if (command.type === 'save') await save(command);
      else if (command.type === 'load') await load(command);
      else if (command.type === 'restore') say(await restore(command.path, { session, outside, feed, say }));
    } catch (error) {
      say({ type: 'failed', reason: (error as Error).message });
    }
  }
}

giveWay();
parentPort?.on('message', hear);
void work();
