/** A word of a command line, where it begins, and whether a quote stands open at the end of the line. */
export interface Word {
  readonly text: string;
  readonly at: number;
}

/** Splits a command line: blanks separate, quotes of either kind keep them; an open quote runs to the end (CL-01, CL-02). */
export function splitWords(line: string): Word[] {
  const words: Word[] = [];
  const pattern = /"([^"]*)(?:"|$)|'([^']*)(?:'|$)|[^\s]+/g;
  for (const match of line.matchAll(pattern)) words.push({ text: match[1] ?? match[2] ?? match[0], at: match.index });
  return words;
}

/** A word as it must be typed to be read back as it is. */
export function quoteWord(word: string): string {
  if (word !== '' && !/[\s"']/.test(word)) return word;
  return word.includes('"') ? `'${word}'` : `"${word}"`;
}
