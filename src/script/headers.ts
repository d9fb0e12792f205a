import { bytesToText, textToBytes } from '../flow/charset.js';
import { type Field, type Fields, fieldValues, sameName, withField } from '../flow/fields.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The fields of a message as a script sees them (DMM-01 to DMM-06). Names are compared without regard to case. */
export class Headers implements Iterable<[name: string, value: string]> {
  #fields: Field[];

  constructor(fields: Fields) {
    this.#fields = [...fields];
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

  /** Replaces all fields of that name by one, at the place and in the spelling of the first. */
  set(name: string, value: string): void {
    const field = checked(name, value);
    this.#fields = withField(this.#fields, field[0], field[1]);
  }

  setAll(name: string, values: Iterable<string>): void {
    const fields = [...values].map((value) => checked(name, value));
    const at = this.#fields.findIndex((field) => sameName(field[0], name));
    const others = this.#fields.filter((field) => !sameName(field[0], name));
    others.splice(at < 0 ? others.length : at, 0, ...fields);
    this.#fields = others;
  }

  add(name: string, value: string): void {
    this.#fields.push(checked(name, value));
  }

  insert(index: number, name: string, value: string): void {
    this.#fields.splice(index, 0, checked(name, value));
  }

  /** Removes every field of that name; true when there was one. */
  delete(name: string): boolean {
    const before = this.#fields.length;
    this.#fields = this.#fields.filter((field) => !sameName(field[0], name));
    return this.#fields.length < before;
  }

  *[Symbol.iterator](): Iterator<[name: string, value: string]> {
    for (const [name, value] of this.#fields) yield [name, bytesToText(value)];
  }

  /** The fields as they go on the wire. */
  toFields(): Fields {
    return [...this.#fields];
  }
}

function checked(name: string, value: string): Field {
  if (!TOKEN.test(name)) throw new TypeError(`not a header name: ${JSON.stringify(name)}`);
  if (/[\0\r\n]/.test(value)) throw new TypeError(`the value of ${name} must not hold line breaks or NUL`);
  return [name, textToBytes(String(value))];
}
