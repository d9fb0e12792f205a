type Pair<V> = readonly [string, V];

/** An ordered, case-sensitive view of pairs that are kept elsewhere: reading parses, writing serialises (DMM-08). */
export class MultiMap<V> implements Iterable<[string, V]> {
  readonly #read: () => readonly Pair<V>[];
  readonly #write: (pairs: readonly Pair<V>[]) => void;

  constructor(read: () => readonly Pair<V>[], write: (pairs: readonly Pair<V>[]) => void) {
    this.#read = read;
    this.#write = write;
  }

  /** The first value of that name. */
  get(name: string): V | undefined {
    return this.#read().find(([one]) => one === name)?.[1];
  }

  getAll(name: string): V[] {
    return this.#read()
      .filter(([one]) => one === name)
      .map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.#read().some(([one]) => one === name);
  }

  /** Replaces all of that name by one, at the place of the first. */
  set(name: string, value: V): void {
    this.setAll(name, [value]);
  }

  setAll(name: string, values: Iterable<V>): void {
    const pairs = this.#read();
    const first = pairs.findIndex(([one]) => one === name);
    const others = pairs.filter(([one]) => one !== name);
    others.splice(first < 0 ? others.length : first, 0, ...[...values].map((value): Pair<V> => [name, value]));
    this.#write(others);
  }

  add(name: string, value: V): void {
    this.#write([...this.#read(), [name, value]]);
  }

  insert(index: number, name: string, value: V): void {
    this.#write(this.#read().toSpliced(index, 0, [name, value]));
  }

  /** Whether there was one. */
  delete(name: string): boolean {
    const pairs = this.#read();
    const left = pairs.filter(([one]) => one !== name);
    if (left.length === pairs.length) return false;
    this.#write(left);
    return true;
  }

  clear(): void {
    this.#write([]);
  }

  /** Sets every name of an object or of pairs. */
  update(given: Iterable<Pair<V>> | Readonly<Record<string, V>>): void {
    const pairs = Symbol.iterator in given ? (given as Iterable<Pair<V>>) : Object.entries(given);
    for (const [name, value] of pairs) this.set(name, value);
  }

  /** The names, each once. */
  keys(): string[] {
    return [...new Set(this.#read().map(([name]) => name))];
  }

  values(): V[] {
    return this.#read().map(([, value]) => value);
  }

  entries(): [string, V][] {
    return [...this];
  }

  /** How many distinct names there are. */
  get size(): number {
    return this.keys().length;
  }

  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const [name, value] of this.#read()) yield [name, value];
  }

  /** A name with several values has a list of them. */
  toJSON(): Record<string, V | V[]> {
    return Object.fromEntries(
      this.keys().map((name) => {
        const values = this.getAll(name);
        return [name, values.length > 1 ? values : (values[0] as V)];
      }),
    );
  }
}
