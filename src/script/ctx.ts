import type { Kind, OptionShape, OptionValue } from '../options.js';
import type { LogEntry } from '../protocol.js';
import type { Addon } from './addon.js';
import { heedOptions, options, optionValues, renewOptions, type ScriptOptions } from './configuration.js';
import type { HTTPFlow } from './httpflow.js';
import type { Message } from './message.js';
import { Sealed } from './naming.js';
import { type App, Apps } from './serve.js';

/** Makes text of a body; nothing where it is not for this view. */
export type ViewFunction = (content: Buffer, message: Message, flow: HTTPFlow) => unknown;

type CommandFunction = (...words: string[]) => unknown;

const kinds: Readonly<Record<string, Kind>> = {
  bool: 'bool',
  boolean: 'bool',
  int: 'int',
  number: 'int',
  str: 'str',
  string: 'str',
  list: 'list',
  choice: 'choice',
  size: 'size',
};

/** What a script may ask of sluice. */
export interface Master {
  addOption(name: string, shape: OptionShape): void;
  addCommand(name: string, doc: string): void;
  addView(name: string, types: readonly string[]): void;
  addColumn(name: string, width: number): void;
  /** There is a web app now. */
  served(): void;
  execute(line: string): void;
  setOption(name: string, value: OptionValue): void;
  shutdown(): void;
  print(level: LogEntry['level'], text: string): void;
}

const nobody: Master = {
  addOption: () => {},
  addCommand: () => {},
  addView: () => {},
  addColumn: () => {},
  served: () => {},
  execute: () => {},
  setOption: () => {},
  shutdown: () => {},
  print: (_level, text) => console.log(text),
};

let master: Master = nobody;
/** What a column of the list says of a finished flow. */
export type ColumnFunction = (flow: HTTPFlow) => unknown;

const columnFunctions = new Map<string, ColumnFunction>();
const viewFunctions = new Map<string, ViewFunction>();
const apps = new Apps();
const commandFunctions = new Map<string, CommandFunction>();

let addons: readonly Addon[] = [];

/** The addons of the script itself (CTX-03). Those of other scripts live in threads of their own. */
export interface ScriptAddons {
  /** The object or module of that name, or null. */
  get(name: string): object | null;
  has(name: string): boolean;
}

type Print = (...values: unknown[]) => void;

/** Lines for the event log (CTX-05); `alert` is shown to the user at once. */
export interface ScriptLog {
  readonly debug: Print;
  readonly info: Print;
  readonly warn: Print;
  readonly error: Print;
  readonly alert: Print;
}

function printer(level: LogEntry['level']): Print {
  return (...words) => master.print(level, words.map(String).join(' '));
}

/** sluice itself, as far as scripts reach it (CTX-01 to CTX-05). The last argument of every hook. */
export class Ctx extends Sealed {
  readonly log: ScriptLog = {
    debug: printer('debug'),
    info: printer('info'),
    warn: printer('warn'),
    error: printer('error'),
    alert: printer('alert'),
  };

  get options(): ScriptOptions {
    return options;
  }

  set options(_value: ScriptOptions) {
    throw new TypeError('ctx.options itself cannot be replaced: assign to one of its names');
  }

  /**
   * Adds an option that `set`, `--set` and `configure` know (AD-09). Kinds: bool, int, str, list, choice, size. Without
   * a default it can be unset.
   */
  addOption(
    name: string,
    kind: string,
    standard: OptionValue = null,
    help = '',
    choices: readonly string[] = [],
  ): void {
    const known = kinds[kind];
    if (!known) throw new TypeError(`no kind of option: ${kind}; there are ${Object.keys(kinds).join(', ')}`);
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`an option is called like my_option, not ${name}`);
    renewOptions({ [name]: standard, ...optionValues() });
    master.addOption(name, { kind: known, default: standard, help, choices });
  }

  /** Adds a command for the prompt and for keys; what it returns is shown. */
  addCommand(name: string, run: CommandFunction, doc = ''): void {
    if (!/^[a-z][\w.-]*$/i.test(name)) throw new TypeError(`a command is called like my.command, not ${name}`);
    commandFunctions.set(name, run);
    master.addCommand(name, doc);
  }

  /**
   * Adds a content view (CTX-08): it is offered beside the others, and taken by itself for these media types. `render`
   * gets the body with its content codings taken off and returns text.
   */
  addContentView(name: string, render: ViewFunction, types: readonly string[] = []): void {
    if (name === '' || /[\s,"']/.test(name)) throw new TypeError(`a view is called like protobuf, not ${name}`);
    viewFunctions.set(name, render);
    master.addView(name, types);
  }

  /** Adds a column to the list of flows: its text is asked for once, when a flow has finished. */
  addColumn(name: string, text: ColumnFunction, width = 10): void {
    if (!Number.isInteger(width) || width < 1 || width > 40)
      throw new RangeError(`a column has 1 to 40 cells, not ${width}`);
    columnFunctions.set(name, text);
    master.addColumn(name, width);
  }

  /**
   * Answers the plain HTTP requests for a host and port with what `app` makes of each (CTX-09). Nothing listens there,
   * and no server is dialled. Throws where the place is taken or cannot be one.
   */
  serve(host: string, port: number, app: App): void {
    apps.add(host, port, app);
    master.served();
  }

  readonly addons: ScriptAddons = {
    get: (name) => addons.find((addon) => addon.name === name)?.owner ?? null,
    has: (name) => addons.some((addon) => addon.name === name),
  };

  /** Runs commands as the prompt does (CTX-02). */
  readonly commands = {
    execute: (line: string): void => master.execute(line),
    call: (name: string, ...words: unknown[]): void =>
      master.execute([name, ...words.map((word) => JSON.stringify(String(word)))].join(' ')),
  };

  /** CTX-04. */
  shutdown(): void {
    master.shutdown();
  }

  /** mitmproxy's ctx.master. */
  get master(): this {
    return this;
  }
}

export const ctx = new Ctx();

/** The host tells whom to ask, and what the options are. */
export function connectCtx(to: Master): void {
  master = to;
  heedOptions((name, value) => to.setOption(name, value));
}

/** The host tells which addons there are. */
export function renewAddons(now: readonly Addon[]): void {
  addons = now;
}

/** What answers for the web apps, or null where there are none. */
export function servingAddon(): Addon | null {
  return apps.isEmpty ? null : apps.addon();
}

export function columns(): ReadonlyMap<string, ColumnFunction> {
  return columnFunctions;
}

export function viewFunction(name: string): ViewFunction | null {
  return viewFunctions.get(name) ?? null;
}

export function commandFunction(name: string): CommandFunction | null {
  return commandFunctions.get(name) ?? null;
}
