import { AsyncLocalStorage } from 'node:async_hooks';
import { formatWithOptions } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import type { FlowId, Side } from '../flow/flow.js';
import type { LogEntry } from '../protocol.js';
import './api.js';
import { Batch } from './batch.js';
import { Blame } from './blame.js';
import { Brought } from './brought.js';
import { changeOf } from './change.js';
import { renewOptions } from './configuration.js';
import { connectionChange, Layer } from './connection.js';
import { connectCtx } from './ctx.js';
import type { EventName } from './events.js';
import type { Reach } from './flow.js';
import { type Called, Hooks } from './hooks.js';
import { HTTPFlow } from './httpflow.js';
import type {
  Call,
  ConnectionImage,
  FlowChange,
  HostCommand,
  HostEvent,
  HostSettings,
  Outcome,
  Performed,
  Thrown,
} from './image.js';
import { Lookers } from './lookers.js';
import { Once } from './once.js';
import type { Stage } from './stage.js';
import { subjectOf } from './subject.js';
import { TCPFlow } from './tcpflow.js';

/*
 * Inside a script's thread: hears the calls, has them performed and tells what came of them.
 */

const settings = workerData as HostSettings;
const blame = new Blame(settings.path);

const port = parentPort && new Batch<HostEvent>(parentPort);

function say(event: HostEvent): void {
  port?.say(event);
}

/** Set while a `log` hook runs: what it prints must not come to a `log` hook again. */
const hearing = new AsyncLocalStorage<true>();

function printed(level: LogEntry['level'], text: string): void {
  say({ type: 'printed', level, text, isEcho: hearing.getStore() === true });
}

function redirectConsole(): void {
  const print =
    (level: LogEntry['level']) =>
    (...values: unknown[]): void =>
      printed(level, formatWithOptions({ colors: false }, ...values));
  Object.assign(console, { log: print('info'), info: print('info'), debug: print('debug') });
  Object.assign(console, { warn: print('warn'), error: print('error') });
}

function headOf(event: EventName): Side | null {
  return event === 'requestheaders' ? 'request' : event === 'responseheaders' ? 'response' : null;
}

function stageOf(event: EventName, sent: readonly Side[], warnings: Thrown[]): Stage {
  return {
    head: headOf(event),
    isSent: (side) => sent.includes(side),
    warn: (text) => warnings.push(blame.warning(event, text)),
  };
}

class Host {
  private readonly flows = new Map<FlowId, HTTPFlow | TCPFlow>();
  private readonly lookers = new Lookers(blame);
  private readonly brought = new Brought(blame);

  constructor(private readonly hooks: Hooks) {}

  private call(call: number, what: Call): void {
    Atomics.store(settings.begun, 0, call);
    const warnings: Thrown[] = [];
    let isSettled = false;
    const settle = (outcome: Outcome | null, failure: Thrown | null): void => {
      isSettled = true;
      const handed = outcome?.type === 'looked' ? [outcome.bytes.buffer as ArrayBuffer] : [];
      port?.say({ type: 'settled', call, outcome, thrown: failure, warnings }, handed);
    };
    this.perform(what, warnings).then(
      ({ outcome, thrown: failure = null }) => settle(outcome, failure),
      (error: unknown) => settle(null, blame.thrown('', error)),
    );
    setImmediate(() => {
      if (!isSettled) say({ type: 'awaiting', call });
    });
  }

  hear(command: HostCommand): void {
    switch (command.type) {
      case 'call':
        return this.call(command.call, command.what);
      case 'forget':
        return this.forget(command.flow);
      case 'released':
        return this.flows.get(command.flow)?.released();
      case 'ping':
        return say({ type: 'pong' });
    }
  }

  private forget(id: FlowId): void {
    this.flows.get(id)?.released();
    this.flows.delete(id);
    this.lookers.forget(id);
  }

  private perform(what: Call, warnings: Thrown[]): Promise<Performed> {
    switch (what.type) {
      case 'flow':
        return this.flow(what, warnings);
      case 'talk':
        return this.talk(what, warnings);
      case 'once':
        return new Once(this.hooks, blame, (event, sent) => stageOf(event, sent, warnings)).run(what);
      case 'connection':
        return this.connection(what.event, what.connection);
      case 'configure':
        renewOptions(what.options);
        return this.plain('configure', what.options, new Set(what.updated));
      case 'log':
        return hearing.run(true, () => this.plain('log', { msg: what.entry.text, level: what.entry.level }));
      case 'columns':
        return this.brought.columns(what.flow, this.httpFlow(what.flow.id));
      case 'render':
        return this.brought.render(what);
      case 'command':
        return this.brought.command(what.name, what.words);
      case 'plain':
        return what.event === 'start' ? this.hooks.start() : this.plain(what.event);
      case 'look':
        return this.lookers.look(what);
    }
  }

  private async plain(event: EventName, ...values: readonly unknown[]): Promise<Performed> {
    const called = await this.hooks.each(event, values);
    return { outcome: { type: 'done', ran: called.ran }, thrown: called.thrown };
  }

  private async flow(what: Extract<Call, { type: 'flow' }>, warnings: Thrown[]): Promise<Performed> {
    const { event, flow: image, sent } = what;
    const flow = this.httpFlow(image.id) ?? new HTTPFlow(image, reach);
    this.flows.set(image.id, flow);
    const head = headOf(event);
    flow.enter(image, stageOf(event, sent, warnings));
    const called = await this.hooks.each(event, [flow]);
    flow.leave();
    const wish = flow.wishes(head);
    const isAsked = head === null || wish?.stream[head] !== 'look' || this.lookers.prepare(flow, head, warnings);
    const asked = isAsked || !wish ? wish : { ...wish, stream: { [head]: 'pass' as const } };
    const isDecoded = head !== null && this.lookers.isDecoding(image.id, head);
    const wishes = asked && { ...asked, isDecoded };
    return this.outcome(flow, event, called, (change) => ({ type: 'flow', change, wishes, halts: called.halts }));
  }

  private httpFlow(id: FlowId): HTTPFlow | undefined {
    const flow = this.flows.get(id);
    return flow instanceof HTTPFlow ? flow : undefined;
  }

  /** A hook of a conversation; the newest message may be changed in the hook that it comes to. */
  private async talk(what: Extract<Call, { type: 'talk' }>, warnings: Thrown[]): Promise<Performed> {
    const { event, talk } = what;
    const flow = this.entered(what, warnings);
    const newest = (flow instanceof TCPFlow ? flow : flow.websocket)?.take(talk) ?? null;
    const message = event.endsWith('_message') ? newest : null;
    message?.open(true);
    const called = await this.hooks.each(event, [flow]);
    message?.open(false);
    flow.leave();
    const wishes = { kills: flow.isKilled, hold: flow.holdWish, halts: called.halts };
    const outcome = { type: 'talk', note: flow.noted(), message: message?.change() ?? null, ...wishes } as const;
    return { outcome, thrown: called.thrown };
  }

  private entered({ event, flow: image }: Extract<Call, { type: 'talk' }>, warnings: Thrown[]): HTTPFlow | TCPFlow {
    const known = this.flows.get(image.id);
    if ('request' in image) {
      const flow = known instanceof HTTPFlow ? known : new HTTPFlow(image, reach);
      flow.enter(image, stageOf(event, ['request', 'response'], warnings));
      this.flows.set(image.id, flow);
      return flow;
    }
    const flow = known instanceof TCPFlow ? known : new TCPFlow(image, reach);
    flow.enter(image);
    this.flows.set(image.id, flow);
    return flow;
  }

  /** What a hook changed before it threw is kept. */
  private outcome(
    flow: HTTPFlow,
    event: string,
    called: Called,
    make: (change: FlowChange | null) => Outcome,
  ): Performed {
    try {
      const change = changeOf(flow);
      flow.settled();
      return { outcome: make(change), thrown: called.thrown };
    } catch (error) {
      flow.settled();
      return { outcome: make(null), thrown: called.thrown ?? blame.thrown(`${event}: the result`, error) };
    }
  }

  private async connection(event: EventName, image: ConnectionImage): Promise<Performed> {
    const subject = subjectOf(event, image);
    const called = await this.hooks.each(event, [subject]);
    const { given } = called;
    if (subject instanceof Layer && given !== undefined && given !== null)
      subject.name = given instanceof Layer ? given.name : String(given);
    const change = connectionChange(image, subject);
    return { outcome: { type: 'connection', change, halts: called.halts }, thrown: called.thrown };
  }
}

const reach: Reach = {
  resume: (flow) => say({ type: 'asked', what: { type: 'resume', flow } }),
  kill: (flow) => say({ type: 'asked', what: { type: 'kill', flow } }),
  awaitResume: (flow) => say({ type: 'asked', what: { type: 'await-resume', flow } }),
  inject: (flow, toServer, content, isText) =>
    say({ type: 'asked', what: { type: 'inject', flow, toServer, content, isText } }),
};

async function main(): Promise<void> {
  redirectConsole();
  const hooks = new Hooks(settings, blame, say);
  process.on('exit', () => port?.flush());
  process.setSourceMapsEnabled(true);
  connectCtx({
    setOption: (name, value) => say({ type: 'asked', what: { type: 'set-option', name, value } }),
    addOption: (name, shape) => say({ type: 'asked', what: { type: 'add-option', name, shape } }),
    addColumn: (name, width) => say({ type: 'asked', what: { type: 'add-column', name, width } }),
    addView: (name, types) => say({ type: 'asked', what: { type: 'add-view', name, types } }),
    addCommand: (name, doc) => say({ type: 'asked', what: { type: 'add-command', name, doc } }),
    served: () => hooks.served(),
    execute: (line) => say({ type: 'asked', what: { type: 'execute', line } }),
    shutdown: () => say({ type: 'asked', what: { type: 'shutdown' } }),
    print: printed,
  });
  renewOptions(settings.options);
  const host = new Host(hooks);
  await hooks.load();
  parentPort?.on('message', (commands: readonly HostCommand[]) => {
    for (const command of commands) host.hear(command);
  });
}

void main();
