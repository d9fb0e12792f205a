import { parentPort } from 'node:worker_threads';
import type { Finished } from '../flow/image.js';
import { type FileCommand, type FileEvent, portOver } from '../protocol.js';
import { answer } from './answers.js';
import { NO_FLOWS } from './flowreader.js';
import { readFlows, type Saving, writeFlows } from './savedfile.js';

/*
 * The thread that reads and writes files of flows, one at a time. Flows come and go in batches, each asked for when the one before
 * has been dealt with, so that neither side gathers them.
 */

/** Flows read that go over together. */
const BATCH = 200;

/** The flows that filters and searches look through. */
const flows = NO_FLOWS;

function say(event: FileEvent): void {
  parentPort?.postMessage(event);
}

/** What the other thread sends, to be waited for. */
class Inbox {
  private readonly commands: FileCommand[] = [];
  private waiting: ((command: FileCommand) => void) | null = null;

  constructor() {
    parentPort?.on('message', (command: FileCommand) => {
      if (command.type === 'connect') return answer(portOver(command.port), flows);
      const { waiting } = this;
      this.waiting = null;
      if (waiting) waiting(command);
      else this.commands.push(command);
    });
  }

  next(): Promise<FileCommand> {
    const command = this.commands.shift();
    if (command) return Promise.resolve(command);
    return new Promise((done) => {
      this.waiting = done;
    });
  }
}

const inbox = new Inbox();

/** The flows to be written, as they come. */
async function* incoming(): AsyncGenerator<Finished> {
  for (let isLast = false; !isLast; ) {
    say({ type: 'ready' });
    const command = await inbox.next();
    if (command.type !== 'flows') return;
    isLast = command.isLast;
    yield* command.flows;
  }
}

async function save({ path, format, version }: Extract<FileCommand, { type: 'save' }>): Promise<void> {
  const append = path.startsWith('+');
  const saving: Saving = { format, version: version === 21 ? 21 : 17, append };
  const { flows: count, warnings } = await writeFlows(append ? path.slice(1) : path, incoming(), saving);
  say({ type: 'saved', count, warnings });
}

async function load(path: string): Promise<void> {
  let count = 0;
  let damage: string | null = null;
  let batch: Finished[] = [];
  const send = async (): Promise<void> => {
    say({ type: 'read', flows: batch });
    batch = [];
    await inbox.next();
  };
  for await (const flow of readFlows(path, ({ text }) => {
    damage ??= text;
  })) {
    count += 1;
    batch.push(flow);
    if (batch.length >= BATCH) await send();
  }
  if (batch.length > 0) await send();
  say({ type: 'loaded', count, damage });
}

/** One job after the other, for as long as the thread is kept. */
async function work(): Promise<never> {
  for (;;) {
    const command = await inbox.next();
    try {
      if (command.type === 'save') await save(command);
      else if (command.type === 'load') await load(command.path);
    } catch (error) {
      say({ type: 'failed', reason: (error as Error).message });
    }
  }
}

void work();
