/*
 * Names of attributes. They are camelCase; every mitmproxy spelling works beside them, made from the one table that the
 * reference page is made from, too. A name that is in neither is refused when it is assigned to.
 */

/** `status_code` of `statusCode`. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** How many letters have to be changed, added or taken away. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The known name most like a wrong one, or null where none is like it. */
export function nearest(wrong: string, known: readonly string[]): string | null {
  const longer = wrong.length > 2 ? known.find((name) => name.startsWith(wrong)) : undefined;
  if (longer !== undefined) return longer;
  let best: string | null = null;
  let least = Math.max(3, Math.ceil(wrong.length / 2));
  for (const name of known) {
    const far = distance(wrong.toLowerCase(), name.toLowerCase());
    if (far >= least) continue;
    least = far;
    best = name;
  }
  return best;
}

const exposed = new Map<object, string[]>();

/** The names scripts may use of an object. */
function namesOf(target: object): string[] {
  const names: string[] = [];
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at))
    names.push(...(exposed.get(at) ?? []));
  return names;
}

function refuse(_target: object, key: string | symbol, _value: unknown, receiver: unknown): never {
  const object = receiver as object;
  const kind = object.constructor.name;
  const like = nearest(String(key), namesOf(object));
  const hint = like === null ? '' : `: did you mean ${like}?`;
  throw new TypeError(`${kind} has no attribute ${JSON.stringify(String(key))}${hint}`);
}

/** Ends the chain of prototypes: whatever is assigned and is not known further up arrives here. */
const SEAL: object = new Proxy(Object.create(Object.prototype) as object, { set: refuse });

/** What scripts see. Assigning an attribute that it does not have throws, with the nearest name. */
export abstract class Sealed {}

Object.setPrototypeOf(Sealed.prototype, SEAL);

export interface Attribute {
  readonly name: string;
  readonly doc: string;
  /** mitmproxy's name where it is not just the same in snake_case. */
  readonly also?: readonly string[];
}

/** Every other spelling of an attribute. */
export function aliasesOf({ name, also = [] }: Attribute): readonly string[] {
  return [...new Set([snake(name), ...also, ...also.map(snake)])].filter((alias) => alias !== name);
}

/** Gives a class the other spellings of its attributes. */
export function expose(type: { readonly prototype: object }, attributes: readonly Attribute[]): void {
  const names = attributes.flatMap((attribute) => [attribute.name, ...aliasesOf(attribute)]);
  exposed.set(type.prototype, [...(exposed.get(type.prototype) ?? []), ...names]);
  for (const attribute of attributes)
    for (const alias of aliasesOf(attribute))
      Object.defineProperty(type.prototype, alias, {
        configurable: true,
        get(this: Record<string, unknown>) {
          return this[attribute.name];
        },
        set(this: Record<string, unknown>, value: unknown) {
          this[attribute.name] = value;
        },
      });
}
