/** What a distinguished name says, in its order: `['CN', 'example.org']` (RFC 4519 names). */
export type NamePairs = readonly (readonly [name: string, value: string])[];

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-9A-Fa-f]{2}|.)/gs, (_, what: string) =>
    what.length === 2 ? String.fromCharCode(Number.parseInt(what, 16)) : what,
  );
}

/** Reads a distinguished name as node:crypto prints it: one attribute a line, escaped as in RFC 2253. */
export function pairsIn(printed: string): NamePairs {
  if (printed === '') return [];
  return printed.split(/\n|(?<!\\) \+ /).map((line) => {
    const at = line.indexOf('=');
    return [line.slice(0, at), unescaped(line.slice(at + 1))] as const;
  });
}

/** The first value of an attribute, or null. */
export function nameValue(pairs: NamePairs, name: string): string | null {
  return pairs.find((pair) => pair[0] === name)?.[1] ?? null;
}
