import { isOptionName, type OptionValue, optionNames } from '../options.js';
import type { LogEntry } from '../protocol.js';
import { nearest, Sealed } from './naming.js';

/** What a script may ask of sluice. */
export interface Master {
  setOption(name: string, value: OptionValue): void;
  shutdown(): void;
  print(level: LogEntry['level'], text: string): void;
}

/** The options, by name: reading gives the present value, assigning asks for another. */
export type ScriptOptions = Record<string, OptionValue> & { update(values: Record<string, OptionValue>): void };

const nobody: Master = { setOption: () => {}, shutdown: () => {}, print: (_level, text) => console.log(text) };

let master: Master = nobody;
let values: Readonly<Record<string, OptionValue>> = {};

const options = new Proxy({} as ScriptOptions, {
  get: (_target, name) => (name === 'update' ? update : values[String(name)]),
  has: (_target, name) => isOptionName(String(name)),
  ownKeys: () => optionNames,
  getOwnPropertyDescriptor: (_target, name) =>
    isOptionName(String(name)) ? { value: values[String(name)], enumerable: true, configurable: true } : undefined,
  set: (_target, name, value: OptionValue) => {
    update({ [String(name)]: value });
    return true;
  },
});

function update(wanted: Record<string, OptionValue>): void {
  for (const [name, value] of Object.entries(wanted)) {
    if (!isOptionName(name)) {
      const like = nearest(name, optionNames);
      throw new TypeError(`there is no option "${name}"${like === null ? '' : `: did you mean ${like}?`}`);
    }
    master.setOption(name, value);
  }
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
}

export function renewOptions(now: Readonly<Record<string, OptionValue>>): void {
  values = now;
}
