import { AsyncLocalStorage } from 'node:async_hooks';
import path from 'node:path';
import { formatWithOptions } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import type { FlowId, Side } from '../flow/flow.js';
import type { LogEntry } from '../protocol.js';
import './api.js';
import { joined } from '../flow/pieces.js';
import { type Addon, addonOf, addonsOf } from './addon.js';
import { Batch } from './batch.js';
import { loadBundle } from './bundle.js';
import { changeOf } from './change.js';
import { renewOptions } from './configuration.js';
import { Client, ClientHello, type Connection, connectionChange, contextOf, Layer, Server } from './connection.js';
import { columns, commandFunction, connectCtx, ctx, renewAddons, viewFunction } from './ctx.js';
import { decodingOf, wantsDecoded } from './decoding.js';
import { type EventName, eventTable } from './events.js';
import { AddonHalt } from './halt.js';
import { HTTPFlow, type Reach } from './httpflow.js';
import type {
  Call,
  ConnectionImage,
  FlowChange,
  FlowImage,
  HostCommand,
  HostEvent,
  HostSettings,
  Outcome,
  Thrown,
} from './image.js';
import { Looker } from './looker.js';
import { placeOf } from './place.js';
import type { Stage } from './stage.js';
import type { StreamFunction, StreamGenerator } from './stream.js';

/*
 * Inside a script's thread: loads the script, calls its hooks, tells what came of it.
 */

const settings = workerData as HostSettings;

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

function thrown(event: string, error: unknown): Thrown {
  const { message, place } = placeOf(error, settings.path);
  return { event, message, place };
}

/** Where a warning belongs: the line of the script that caused it. */
function warningOf(event: string, text: string): Thrown {
  const { place } = placeOf(new Error(text), settings.path);
  return { event, message: text, place };
}

/** What came of one event's hooks. */
interface Called {
  ran: boolean;
  given: unknown;
  thrown: Thrown | null;
  /** An AddonHalt was thrown: nobody else is to see the event. */
  halts: boolean;
}

interface Performed {
  readonly outcome: Outcome;
  readonly thrown?: Thrown | null;
}

function headOf(event: EventName): Side | null {
  return event === 'requestheaders' ? 'request' : event === 'responseheaders' ? 'response' : null;
}

function stageOf(event: EventName, sent: readonly Side[], warnings: Thrown[]): Stage {
  return {
    head: headOf(event),
    isSent: (side) => sent.includes(side),
    warn: (text) => warnings.push(warningOf(event, text)),
  };
}

/** What a script gives where text is wanted; nothing is ''. */
function textOf(given: unknown): string {
  return given === undefined || given === null ? '' : String(given);
}

class Host {
  private addons: Addon[] = [];
  private readonly flows = new Map<FlowId, HTTPFlow>();
  private readonly lookers = new Map<string, Looker>();

  async load(): Promise<void> {
    const warnings: string[] = [];
    try {
      const { module, files } = await loadBundle(settings);
      const { name } = path.parse(settings.path);
      this.addons = addonsOf(module, name, (text) => warnings.push(text));
      renewAddons(this.addons);
      say({ type: 'loaded', hooks: this.hooks(), files, warnings, thrown: null });
    } catch (error) {
      const files = filesOf(error);
      say({ type: 'loaded', hooks: [], files, warnings, thrown: thrown('loading', error) });
    }
  }

  private hooks(): EventName[] {
    return [...new Set(this.addons.flatMap((addon) => [...addon.hooks.keys()]))];
  }

  private call(call: number, what: Call): void {
    const warnings: Thrown[] = [];
    let isSettled = false;
    const settle = (outcome: Outcome | null, failure: Thrown | null): void => {
      isSettled = true;
      const handed = outcome?.type === 'looked' ? [outcome.bytes.buffer as ArrayBuffer] : [];
      port?.say({ type: 'settled', call, outcome, thrown: failure, warnings }, handed);
    };
    this.perform(what, warnings).then(
      ({ outcome, thrown: failure = null }) => settle(outcome, failure),
      (error: unknown) => settle(null, thrown('', error)),
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
    this.lookers.delete(`${id} request`);
    this.lookers.delete(`${id} response`);
  }

  private perform(what: Call, warnings: Thrown[]): Promise<Performed> {
    switch (what.type) {
      case 'flow':
        return this.flow(what, warnings);
      case 'once':
        return this.once(what, warnings);
      case 'connection':
        return this.connection(what.event, what.connection);
      case 'configure':
        renewOptions(what.options);
        return this.plain('configure', what.options, new Set(what.updated));
      case 'log':
        return hearing.run(true, () => this.plain('log', { msg: what.entry.text, level: what.entry.level }));
      case 'columns':
        return this.columns(what.flow);
      case 'render':
        return this.render(what);
      case 'command':
        return this.command(what.name, what.words);
      case 'plain':
        return what.event === 'start' ? this.start() : this.plain(what.event);
      case 'look':
        return this.look(what);
    }
  }

  /** Calls one event's hook of every addon, in order. What one throws does not keep the others from it. */
  private async each(event: EventName, values: readonly unknown[]): Promise<Called> {
    const called: Called = { ran: false, given: undefined, thrown: null, halts: false };
    for (const { hooks } of this.addons) {
      const hook = hooks.get(event);
      if (!hook) continue;
      called.ran = true;
      try {
        const answer = hook(...values, ctx);
        called.given = answer instanceof Promise ? await answer : answer;
      } catch (error) {
        called.halts = error instanceof AddonHalt;
        if (called.halts) break;
        called.thrown ??= thrown(event, error);
      }
    }
    return called;
  }

  private async plain(event: EventName, ...values: readonly unknown[]): Promise<Performed> {
    const called = await this.each(event, values);
    return { outcome: { type: 'done', ran: called.ran }, thrown: called.thrown };
  }

  private async columns(image: FlowImage): Promise<Performed> {
    const flow = this.flows.get(image.id) ?? new HTTPFlow(image);
    const texts: Record<string, string> = {};
    let failure: Thrown | null = null;
    for (const [name, text] of columns())
      try {
        texts[name] = textOf(await text(flow));
      } catch (error) {
        failure ??= thrown(`the column ${name}`, error);
      }
    return { outcome: { type: 'columns', texts }, thrown: failure };
  }

  private async render({ view, flow: image, side }: Extract<Call, { type: 'render' }>): Promise<Performed> {
    try {
      const flow = new HTTPFlow(image);
      const message = side === 'request' ? flow.request : flow.response;
      const content = message?.getContent(false);
      const text = message && content ? await viewFunction(view)?.(content, message, flow) : null;
      return { outcome: { type: 'said', text: textOf(text) } };
    } catch (error) {
      return { outcome: { type: 'said', text: '' }, thrown: thrown(`the view ${view}`, error) };
    }
  }

  private async command(name: string, words: readonly string[]): Promise<Performed> {
    try {
      const answer = await commandFunction(name)?.(...words);
      return { outcome: { type: 'said', text: textOf(answer) } };
    } catch (error) {
      return { outcome: { type: 'said', text: '' }, thrown: thrown(name, error) };
    }
  }

  /** What `start` returns takes the place of the addon it belongs to (S3-11). */
  private async start(): Promise<Performed> {
    const warnings: string[] = [];
    let ran = false;
    for (const [at, { name, hooks }] of this.addons.entries()) {
      const hook = hooks.get('start');
      if (!hook) continue;
      ran = true;
      try {
        const successor: unknown = await hook(ctx);
        if (typeof successor === 'object' && successor !== null)
          this.addons[at] = addonOf(successor, (text) => warnings.push(text), name);
      } catch (error) {
        if (error instanceof AddonHalt) break;
        return { outcome: { type: 'done', ran }, thrown: thrown('start', error) };
      }
    }
    renewAddons(this.addons);
    if (ran) say({ type: 'loaded', hooks: this.hooks(), files: [], warnings, thrown: null });
    return { outcome: { type: 'done', ran } };
  }

  private async flow(what: Extract<Call, { type: 'flow' }>, warnings: Thrown[]): Promise<Performed> {
    const { event, flow: image, sent } = what;
    const flow = this.flows.get(image.id) ?? new HTTPFlow(image, reach);
    this.flows.set(image.id, flow);
    const head = headOf(event);
    flow.enter(image, stageOf(event, sent, warnings));
    const called = await this.each(event, [flow]);
    flow.leave();
    const wish = flow.wishes(head);
    const isAsked = head === null || wish?.stream[head] !== 'look' || this.prepare(flow, head, warnings);
    const asked = isAsked || !wish ? wish : { ...wish, stream: { [head]: 'pass' as const } };
    const isDecoded = head !== null && (this.lookers.get(`${image.id} ${head}`)?.isDecoding ?? false);
    const wishes = asked && { ...asked, isDecoded };
    return this.outcome(flow, event, called, (change) => ({ type: 'flow', change, wishes, halts: called.halts }));
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
      return { outcome: make(null), thrown: called.thrown ?? thrown(`${event}: the result`, error) };
    }
  }

  /** False where the function cannot be asked: the body passes as it is. */
  private prepare(flow: HTTPFlow, side: Side, warnings: Thrown[]): boolean {
    const message = side === 'request' ? flow.request : flow.response;
    const stream = message?.stream;
    if (!message || typeof stream !== 'function') return true;
    const decoding = wantsDecoded(stream) ? decodingOf(flow, side) : null;
    if (typeof decoding === 'string') {
      const text = `${decoding} cannot be taken off while the body passes: it passes as it is`;
      warnings.push(warningOf(`${side}.stream`, text));
      return false;
    }
    if (decoding) message.headers.delete('content-encoding');
    const size = Number(ctx.options.stream_chunk_size);
    this.lookers.set(
      `${flow.image.id} ${side}`,
      new Looker(stream as StreamFunction | StreamGenerator, size, decoding),
    );
    return true;
  }

  private async look(what: Extract<Call, { type: 'look' }>): Promise<Performed> {
    const looker = this.lookers.get(`${what.flow} ${what.side}`);
    if (!looker && what.isDecoded) throw new Error('the script that had begun to decode the body is gone');
    if (!looker) return { outcome: { type: 'looked', ...joined([what.bytes]) } };
    const { failure: before, isBroken: wasBroken } = looker;
    const pieces = await looker.look(what.bytes, what.chunkEnds, what.ends);
    const failure = looker.failure === before ? null : thrown(`${what.side}.stream`, looker.failure);
    if (looker.isBroken && !wasBroken) this.cut(what.flow, what.ends);
    return { outcome: { type: 'looked', ...joined(pieces) }, thrown: failure };
  }

  /** Ends an exchange whose body cannot go on, behind what has come of it; at its end before it would count as whole. */
  private cut(flow: FlowId, ends: boolean): void {
    const kill = (): void => say({ type: 'asked', what: { type: 'kill', flow } });
    if (ends) kill();
    else setImmediate(kill);
  }

  private async once(what: Extract<Call, { type: 'once' }>, warnings: Thrown[]): Promise<Performed> {
    const { flow: image } = what;
    const names: EventName[] = ['requestheaders', 'request'];
    if (image.response) names.push('responseheaders', 'response');
    if (image.error) names.push('error');
    const flow = new HTTPFlow(image);
    const ran: string[] = [];
    for (const event of names) {
      const stage = stageOf(event, [], warnings);
      flow.request.at(stage);
      flow.response?.at(stage);
      const called = await this.each(event, [flow]);
      if (called.ran) ran.push(event);
      if (called.thrown) return { outcome: { type: 'once', change: null, events: ran }, thrown: called.thrown };
    }
    const called: Called = { ran: true, given: undefined, thrown: null, halts: false };
    return this.outcome(flow, 'one-shot', called, (change) => ({ type: 'once', change, events: ran }));
  }

  private async connection(event: EventName, image: ConnectionImage): Promise<Performed> {
    const subject = this.subject(event, image);
    const called = await this.each(event, [subject]);
    const { given } = called;
    if (subject instanceof Layer && given !== undefined && given !== null)
      subject.name = given instanceof Layer ? given.name : String(given);
    const change = connectionChange(image, subject);
    return { outcome: { type: 'connection', change, halts: called.halts }, thrown: called.thrown };
  }

  private subject(event: EventName, image: ConnectionImage): Connection | Layer | ClientHello {
    const context = contextOf(image, ctx.options);
    const { argument } = eventTable[event];
    if (argument === 'layer') return new Layer(image.layer, context);
    if (argument === 'hello') return new ClientHello(image.sni, image.alpn, context);
    const subject =
      argument === 'server' || event.endsWith('_server')
        ? (context.server ?? new Server(null, null, context, String(image.id)))
        : (context.client ?? new Client({ address: ':0', connectedAt: 0, tls: null }, context));
    subject.error = image.error;
    return subject;
  }
}

/** A build that failed still says which files it looked at. */
function filesOf(error: unknown): string[] {
  const [problem] = (error as { errors?: readonly { location?: { file?: string } | null }[] }).errors ?? [];
  const file = problem?.location?.file;
  return file === undefined ? [settings.path] : [settings.path, file];
}

const reach: Reach = {
  resume: (flow) => say({ type: 'asked', what: { type: 'resume', flow: flow.image.id } }),
  kill: (flow) => say({ type: 'asked', what: { type: 'kill', flow: flow.image.id } }),
  awaitResume: (flow) => say({ type: 'asked', what: { type: 'await-resume', flow: flow.image.id } }),
};

async function main(): Promise<void> {
  redirectConsole();
  process.on('exit', () => port?.flush());
  process.setSourceMapsEnabled(true);
  connectCtx({
    setOption: (name, value) => say({ type: 'asked', what: { type: 'set-option', name, value } }),
    addOption: (name, shape) => say({ type: 'asked', what: { type: 'add-option', name, shape } }),
    addColumn: (name, width) => say({ type: 'asked', what: { type: 'add-column', name, width } }),
    addView: (name, types) => say({ type: 'asked', what: { type: 'add-view', name, types } }),
    addCommand: (name, doc) => say({ type: 'asked', what: { type: 'add-command', name, doc } }),
    execute: (line) => say({ type: 'asked', what: { type: 'execute', line } }),
    shutdown: () => say({ type: 'asked', what: { type: 'shutdown' } }),
    print: printed,
  });
  renewOptions(settings.options);
  const host = new Host();
  await host.load();
  parentPort?.on('message', (commands: readonly HostCommand[]) => {
    for (const command of commands) host.hear(command);
  });
}

void main();
