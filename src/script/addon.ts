import { type EventName, eventNames, spellings } from './events.js';

type Hook = (...values: unknown[]) => unknown;

/** Something with hooks: a module, or an object or class instance that a module exports. */
export interface Addon {
  readonly hooks: ReadonlyMap<EventName, Hook>;
}

function isClass(value: unknown): value is new () => object {
  return typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
}

/** Calls what a thing has for each event; two spellings of one event are told of, and the first counts. */
export function addonOf(owner: object, warn: (text: string) => void): Addon {
  const hooks = new Map<EventName, Hook>();
  const named = owner as Record<string, unknown>;
  for (const name of eventNames) {
    const present = spellings(name).filter((spelling) => typeof named[spelling] === 'function');
    const [first, ...others] = present;
    if (first === undefined) continue;
    if (others.length > 0) warn(`${[first, ...others].join(' and ')} are the same event: only ${first} is called`);
    const hook = named[first] as Hook;
    hooks.set(name, (...values) => hook.apply(owner, values));
  }
  return { hooks };
}

/** The addons of a module: its own functions, its default export, and what either lists in `addons` (AD-01). */
export function addonsOf(module: Readonly<Record<string, unknown>>, warn: (text: string) => void): Addon[] {
  const owners: object[] = [module];
  const add = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) add(one);
    else if (isClass(value)) owners.push(new value());
    else if (typeof value === 'object' && value !== null) owners.push(value);
    else if (typeof value === 'function') owners.push({ response: value });
  };
  add(module.default);
  add(module.addons);
  const nested = owners.slice(1).map((owner) => (owner as { addons?: unknown }).addons);
  for (const more of nested) add(more);
  return owners.map((owner) => addonOf(owner, warn)).filter((addon) => addon.hooks.size > 0);
}
