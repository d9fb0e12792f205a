import type { OptionValue } from '../options.js';
import { nearest } from './naming.js';

/** The options, by name: reading gives the present value, assigning asks for another. */
export type ScriptOptions = Record<string, OptionValue> & { update(values: Record<string, OptionValue>): void };

let values: Readonly<Record<string, OptionValue>> = {};
let set: (name: string, value: OptionValue) => void = () => {};

export const options = new Proxy({} as ScriptOptions, {
  get: (_target, name) => (name === 'update' ? update : values[String(name)]),
  has: (_target, name) => Object.hasOwn(values, name),
  ownKeys: () => Object.keys(values),
  getOwnPropertyDescriptor: (_target, name) =>
    Object.hasOwn(values, name) ? { value: values[String(name)], enumerable: true, configurable: true } : undefined,
  set: (_target, name, value: OptionValue) => {
    update({ [String(name)]: value });
    return true;
  },
});

function update(wanted: Record<string, OptionValue>): void {
  for (const [name, value] of Object.entries(wanted)) {
    if (!Object.hasOwn(values, name)) {
      const like = nearest(name, Object.keys(values));
      throw new TypeError(`there is no option "${name}"${like === null ? '' : `: did you mean ${like}?`}`);
    }
    set(name, value);
  }
}

/** The host tells whom to ask for a change. */
export function heedOptions(setOption: typeof set): void {
  set = setOption;
}

export function optionValues(): typeof values {
  return values;
}

export function renewOptions(now: Readonly<Record<string, OptionValue>>): void {
  values = now;
}
