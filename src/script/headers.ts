import { bytesToText, textToBytes } from '../flow/charset.js';
import { type Field, type Fields, fieldValues, isToken, sameName, withField } from '../flow/fields.js';
import { Sealed } from './naming.js';

/** The fields of a message as a script sees them (DMM-01 to DMM-06). Names are compared without regard to case. */
export class Headers extends Sealed implements Iterable<[name: string, value: string]> {
  #fields: Field[];
  #hasChanged = false;
  #watcher: (() => void) | null = null;

  /** From fields as they are on the wire; scripts use `of`. */
  constructor(fields: Fields = []) {
    super();
    this.#fields = [...fields];
  }

  /** From names and values; `content_type` becomes content-type (DMM-07). */
  static of(given: Iterable<readonly [string, string]> | Readonly<Record<string, string>>): Headers {
    const isList = Symbol.iterator in given;
    const pairs = isList ? given : Object.entries(given).map(([name, value]) => [name.replaceAll('_', '-'), value]);
    const headers = new Headers();
    for (const [name = '', value = ''] of pairs as Iterable<readonly string[]>) headers.add(name, value);
    return headers;
  }

  /** All values of that name, joined by ", "; undefined when there is none. */
  get(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length === 0 ? undefined : values.join(', ');
  }

  getAll(name: string): string[] {
    return fieldValues(this.#fields, name).map(bytesToText);
  }

  has(name: string): boolean {
    return fieldValues(this.#fields, name).length > 0;
  }

  /** How many distinct names there are (DMM-05). */
  get size(): number {
    return new Set(this.keys()).size;
  }

  /** The names, each once, in the spelling of its first field. */
  keys(): string[] {
    const seen = new Map<string, string>();
    for (const [name] of this.#fields) if (!seen.has(name.toLowerCase())) seen.set(name.toLowerCase(), name);
    return [...seen.values()];
  }

  /** One joined value for each name. */
  values(): string[] {
    return this.keys().map((name) => this.get(name) ?? '');
  }

  /** Names with their joined values; with `multi`, every field apart (DMM-05). */
  items(multi = false): [name: string, value: string][] {
    return multi ? [...this] : this.keys().map((name) => [name, this.get(name) ?? '']);
  }

  entries(): IterableIterator<[name: string, value: string]> {
    return this[Symbol.iterator]();
  }

  /** Removes every field of that name and returns what its value was. */
  pop(name: string): string | undefined {
    const value = this.get(name);
    this.delete(name);
    return value;
  }

  /** Replaces all fields of that name by one, at the place and in the spelling of the first. */
  set(name: string, value: string): void {
    const field = checked(name, value);
    this.#change(withField(this.#fields, field[0], field[1]));
  }

  setAll(name: string, values: Iterable<string>): void {
    const fields = [...values].map((value) => checked(name, value));
    const at = this.#fields.findIndex((field) => sameName(field[0], name));
    const others = this.#fields.filter((field) => !sameName(field[0], name));
    others.splice(at < 0 ? others.length : at, 0, ...fields);
    this.#change(others);
  }

  add(name: string, value: string): void {
    this.#change([...this.#fields, checked(name, value)]);
  }

  insert(index: number, name: string, value: string): void {
    this.#change(this.#fields.toSpliced(index, 0, checked(name, value)));
  }

  /** Removes every field of that name; true when there was one. */
  delete(name: string): boolean {
    const left = this.#fields.filter((field) => !sameName(field[0], name));
    if (left.length === this.#fields.length) return false;
    this.#change(left);
    return true;
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (const [name, value] of this.#fields) yield [name, bytesToText(value)];
  }

  /** Name: value lines, as `~h` searches them (DMM-06). */
  override toString(): string {
    return this.#fields.map(([name, value]) => `${name}: ${bytesToText(value)}\r\n`).join('');
  }

  toJSON(): [name: string, value: string][] {
    return [...this];
  }

  // --- for the host

  /** The fields as they go on the wire. */
  toFields(): Fields {
    return this.#fields;
  }

  /** Something has been changed since the proxy was told. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  settled(): void {
    this.#hasChanged = false;
  }

  /** Calls back at every change. */
  watch(watcher: () => void): void {
    this.#watcher = watcher;
  }

  renew(fields: Fields): void {
    this.#fields = [...fields];
    this.#hasChanged = false;
  }

  replace(fields: Fields): void {
    this.#change([...fields]);
  }

  /** The same, to be told to the proxy. */
  touched(): this {
    this.#hasChanged = true;
    return this;
  }

  #change(fields: Field[]): void {
    this.#fields = fields;
    this.#hasChanged = true;
    this.#watcher?.();
  }
}

function checked(name: string, value: string): Field {
  if (!isToken(name)) throw new TypeError(`not a header name: ${JSON.stringify(name)}`);
  if (/[\0\r\n]/.test(value)) throw new TypeError(`the value of ${name} must not hold line breaks or NUL`);
  return [name, textToBytes(String(value))];
}
