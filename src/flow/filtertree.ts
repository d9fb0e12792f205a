/*
 * A filter that has been read, as a tree. What a leaf says of a flow depends on what is at hand: a row of the list knows
 * less than a flow, and a flow less than one with its bodies. Whoever has one of them says what each leaf means there.
 */

/** What is true of a flow or is not. */
export const FILTER_FLAGS = [
  'all',
  'http',
  'tcp',
  'udp',
  'dns',
  'websocket',
  'q',
  's',
  'e',
  'a',
  'marked',
  'replay',
  'replayq',
  'replays',
] as const;

/** Texts of a flow in which an expression is looked for. */
export const FILTER_TEXTS = [
  'u',
  'd',
  'm',
  'h',
  'hq',
  'hs',
  't',
  'tq',
  'ts',
  'b',
  'bq',
  'bs',
  'comment',
  'meta',
  'marker',
  'src',
  'dst',
] as const;

export type FilterFlag = (typeof FILTER_FLAGS)[number];
export type FilterText = (typeof FILTER_TEXTS)[number];

export type FilterLeaf =
  | { readonly type: 'flag'; readonly flag: FilterFlag; readonly at: number }
  | { readonly type: 'code'; readonly code: number; readonly at: number }
  /** An expression is found in one of the texts of that name. */
  | { readonly type: 'text'; readonly text: FilterText; readonly source: string; readonly at: number };

/** `at` is where in what was typed an operator stands. */
export type FilterTree =
  | FilterLeaf
  | { readonly type: 'not'; readonly term: FilterTree }
  | { readonly type: 'and' | 'or'; readonly terms: readonly FilterTree[] };

/** Null where what is at hand does not tell. */
export type Verdict = boolean | null;

export type Judge<Subject> = (subject: Subject) => Verdict;

/** The expression of a leaf: case does not matter, it may match anywhere, and a dot is any character (FX-06, FX-07). */
export function expressionOf(source: string): RegExp {
  return new RegExp(source, 'ims');
}

/** Judges by a whole tree, given what says what a leaf means. What is unknown is so only where the rest leaves it open. */
export function judgeBy<Subject>(tree: FilterTree, leaf: (leaf: FilterLeaf) => Judge<Subject>): Judge<Subject> {
  switch (tree.type) {
    case 'not': {
      const term = judgeBy(tree.term, leaf);
      return (subject) => {
        const verdict = term(subject);
        return verdict === null ? null : !verdict;
      };
    }
    case 'and':
    case 'or':
      return combined(
        tree.terms.map((term) => judgeBy(term, leaf)),
        tree.type === 'or',
      );
    case 'flag':
    case 'code':
    case 'text':
      return leaf(tree);
  }
}

/** One term with that verdict decides; one that is unknown leaves it open. */
function combined<Subject>(terms: readonly Judge<Subject>[], decisive: boolean): Judge<Subject> {
  return (subject) => {
    let isOpen = false;
    for (const term of terms) {
      const verdict = term(subject);
      if (verdict === decisive) return decisive;
      if (verdict === null) isOpen = true;
    }
    return isOpen ? null : !decisive;
  };
}

/** Every leaf of a tree, from left to right. */
export function leavesOf(tree: FilterTree): readonly FilterLeaf[] {
  switch (tree.type) {
    case 'not':
      return leavesOf(tree.term);
    case 'and':
    case 'or':
      return tree.terms.flatMap(leavesOf);
    case 'flag':
    case 'code':
    case 'text':
      return [tree];
  }
}
