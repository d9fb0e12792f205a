export type Pair<V> = readonly [name: string, value: V];

/** What `update` takes: an object, or pairs of name and value. */
export type Given<V> = Readonly<Record<string, V>> | Iterable<Pair<V>>;

/**
 * A live, ordered view of pairs that are written down elsewhere, such as the query of a path (DMM-08). Names are
 * compared with their case. Every look reads, and every change reads, changes and writes; so the view and what it
 * shows never differ. A change that changes nothing, such as deleting a name that is not there, does not write.
 */
export class MultiMap<V> implements Iterable<[name: string, value: V]> {
  readonly #read: () => readonly Pair<V>[];
  readonly #write: (pairs: readonly Pair<V>[]) => void;
  readonly #check: ((name: unknown, value: unknown) => [name: string, value: V]) | undefined;

  /** `check` makes a pair of what a user gives, or throws a TypeError that says what is wrong with it. */
  constructor(
    read: () => readonly Pair<V>[],
    write: (pairs: readonly Pair<V>[]) => void,
    check?: (name: unknown, value: unknown) => [name: string, value: V],
  ) {
    this.#read = read;
    this.#write = write;
    this.#check = check;
  }

  /** The number of distinct names. */
  get size(): number {
    return this.keys().length;
  }

  /** The first value of that name, or undefined. */
  get(name: string): V | undefined {
    return this.#read().find((pair) => pair[0] === name)?.[1];
  }

  getAll(name: string): V[] {
    return this.#read()
      .filter((pair) => pair[0] === name)
      .map((pair) => pair[1]);
  }

  has(name: string): boolean {
    return this.#read().some((pair) => pair[0] === name);
  }

  /** Replaces all values of that name by one, at the place of the first; at the end where there was none. */
  set(name: string, value: V): void {
    this.setAll(name, [value]);
  }

  /** Replaces all values of that name, at the place of the first; without values the name goes away. */
  setAll(name: string, values: Iterable<V>): void {
    const pairs = [...values].map((value) => this.#checked(name, value));
    if (pairs.length === 0) this.delete(name);
    else this.#write(replaced(this.#read(), pairs[0]?.[0] ?? name, pairs));
  }

  /** Adds a pair at the end, whether or not the name is there. */
  add(name: string, value: V): void {
    const pair = this.#checked(name, value);
    this.#write([...this.#read(), pair]);
  }

  /** Adds a pair before the one at that index, which counts pairs; a negative one counts from the end. */
  insert(index: number, name: string, value: V): void {
    const pair = this.#checked(name, value);
    this.#write(this.#read().toSpliced(index, 0, pair));
  }

  /** Removes every value of that name; true when there was one. */
  delete(name: string): boolean {
    const before = this.#read();
    const after = before.filter((pair) => pair[0] !== name);
    const found = after.length < before.length;
    if (found) this.#write(after);
    return found;
  }

  clear(): void {
    if (this.#read().length > 0) this.#write([]);
  }

  /** Sets each of the given names, in one write; of a name given twice the last value stays. */
  update(given: Given<V>): void {
    const pairs = givenPairs(given).map(([name, value]) => this.#checked(name, value));
    if (pairs.length === 0) return;
    this.#write(pairs.reduce<readonly Pair<V>[]>((all, pair) => replaced(all, pair[0], [pair]), this.#read()));
  }

  /** The distinct names, each at its first place. */
  keys(): string[] {
    return [...new Set(this.#read().map((pair) => pair[0]))];
  }

  /** The value of every pair. */
  values(): V[] {
    return this.#read().map((pair) => pair[1]);
  }

  /** Every pair; a name with several values comes several times. */
  entries(): [name: string, value: V][] {
    return this.#read().map(([name, value]) => [name, value]);
  }

  forEach(visit: (value: V, name: string, map: MultiMap<V>) => void): void {
    for (const [name, value] of this.#read()) visit(value, name, this);
  }

  [Symbol.iterator](): Iterator<[name: string, value: V]> {
    return this.entries()[Symbol.iterator]();
  }

  /** An object of name to value, or to a list of values where a name has several. */
  toJSON(): Record<string, V | V[]> {
    const lists = new Map<string, [V, ...V[]]>();
    for (const [name, value] of this.#read()) {
      const list = lists.get(name);
      if (list) list.push(value);
      else lists.set(name, [value]);
    }
    return Object.fromEntries([...lists].map(([name, list]) => [name, list.length > 1 ? list : list[0]]));
  }

  #checked(name: string, value: V): Pair<V> {
    return this.#check ? this.#check(name, value) : [name, value];
  }
}

/** Ends the chain of prototypes: a property that is assigned would be lost, for it is in no pair (S4-36). */
const SEAL: object = new Proxy(Object.create(Object.prototype) as object, {
  set(_target, key): never {
    const name = JSON.stringify(String(key));
    throw new TypeError(`MultiMap has no attribute ${name}: did you mean set(${name}, …)?`);
  },
});

Object.setPrototypeOf(MultiMap.prototype, SEAL);

/** A check for pairs of text: numbers and booleans become text, all else that is no text is refused. */
export function textPair(name: unknown, value: unknown): [name: string, value: string] {
  if (typeof name !== 'string') throw new TypeError(`a name must be text, not ${kindOf(name)}`);
  if (typeof value === 'string') return [name, value];
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return [name, String(value)];
  throw new TypeError(`the value of ${JSON.stringify(name)} must be text, not ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

function replaced<V>(pairs: readonly Pair<V>[], name: string, by: readonly Pair<V>[]): Pair<V>[] {
  const at = pairs.findIndex((pair) => pair[0] === name);
  const others = pairs.filter((pair) => pair[0] !== name);
  return others.toSpliced(at < 0 ? others.length : at, 0, ...by);
}

function givenPairs<V>(given: Given<V>): Pair<V>[] {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`update takes an object or pairs of name and value, not ${kindOf(given)}`);
  if (!isIterable(given)) return Object.entries(given);
  const pairs = [...given];
  if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
    throw new TypeError('update takes pairs of name and value; one of those given is no pair');
  return pairs;
}

function isIterable<V>(given: Given<V>): given is Iterable<Pair<V>> {
  return Symbol.iterator in given;
}
