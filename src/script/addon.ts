import { type EventName, eventNames, spellings } from './events.js';

type Hook = (...values: unknown[]) => unknown;

/** Something with hooks: a module, or an object or class instance that a module exports. */
export interface Addon {
  /** Its `name`, else its class in lower case; null for a plain object without one (AD-08). */
  readonly name: string | null;
  readonly owner: object;
  readonly hooks: ReadonlyMap<EventName, Hook>;
}

function isClass(value: unknown): value is new () => object {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

function nameOf(owner: object): string | null {
  const given: unknown = Reflect.get(owner, 'name');
  if (typeof given === 'string' && given !== '') return given;
  const type: unknown = Reflect.get(owner, 'constructor');
  return isClass(type) ? type.name.toLowerCase() : null;
}

/** Calls what a thing has for each event; two spellings of one event are told of, and the first counts. */
export function addonOf(owner: object, warn: (text: string) => void, name = nameOf(owner)): Addon {
  const hooks = new Map<EventName, Hook>();
  const named = owner as Record<string, unknown>;
  for (const event of eventNames) {
    const present = spellings(event).filter((spelling) => typeof named[spelling] === 'function');
    const [first, ...others] = present;
    if (first === undefined) continue;
    if (others.length > 0) warn(`${[first, ...others].join(' and ')} are the same event: only ${first} is called`);
    const hook = named[first] as Hook;
    hooks.set(event, (...values) => hook.apply(owner, values));
  }
  return { name, owner, hooks };
}

/** Throws where two addons have one name (AD-08). */
function checked(addons: readonly Addon[]): void {
  const seen = new Set<string>();
  for (const { name } of addons) {
    if (name === null) continue;
    if (seen.has(name)) throw new Error(`there are two addons called ${name}: give one of them another name`);
    seen.add(name);
  }
}

/**
 * The addons of a module: its own functions, its default export, and what either lists in `addons` (AD-01). `file` is
 * what the module is called where neither it nor one of the others says so. Those without hooks are there, too: they can be found.
 */
export function addonsOf(
  module: Readonly<Record<string, unknown>>,
  file: string,
  warn: (text: string) => void,
): Addon[] {
  const owners: object[] = [];
  const add = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) add(one);
    else if (isClass(value)) owners.push(new value());
    else if (typeof value === 'object' && value !== null) owners.push(value);
    else if (typeof value === 'function') owners.push({ response: value });
  };
  add(module.default);
  add(module.addons);
  const nested = owners.map((owner) => (owner as { addons?: unknown }).addons);
  for (const more of nested) add(more);
  const others = owners.map((owner) => addonOf(owner, warn));
  const isTaken = others.some(({ name }) => name === file);
  const addons = [addonOf(module, warn, nameOf(module) ?? (isTaken ? null : file)), ...others];
  checked(addons);
  return addons;
}
