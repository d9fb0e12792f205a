import { expressionOf, FILTER_FLAGS, FILTER_TEXTS, type FilterText, type FilterTree } from './filtertree.js';

/*
 * The filter language (FX-01 to FX-09): operators `!`, `&`, `|` and brackets; terms side by side mean "and" and bind
 * weaker than `|`. A word without operator is a regular expression over the URL.
 */

export interface FilterMistake {
  readonly mistake: string;
  /** Where in the text. */
  readonly at: number;
}

type Token =
  | { readonly type: 'operator'; readonly text: string; readonly at: number }
  | { readonly type: 'mark'; readonly text: string; readonly at: number }
  | { readonly type: 'word'; readonly text: string; readonly at: number };

class Mistake extends Error {
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s+|([!&|()])|(~[a-z]+)(?=\s|$|\))|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s()~'"!][^\s()~'"]*)/gy;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) throw new Mistake(`not understood: ${text.slice(at, at + 20)}`, at);
    const [, mark, operator, double, single, word] = match;
    const quoted = double ?? single;
    if (operator !== undefined) tokens.push({ type: 'operator', text: operator, at });
    else if (quoted !== undefined) tokens.push({ type: 'word', text: quoted.replace(/\\(["'\\])/g, '$1'), at });
    else if (mark !== undefined) tokens.push({ type: 'mark', text: mark, at });
    else if (word !== undefined) tokens.push({ type: /^[&|]$/.test(word) ? 'mark' : 'word', text: word, at });
    at = pattern.lastIndex;
  }
  return tokens;
}

/** The operators, for help and completion. */
export const filterHelp: readonly (readonly [string, string])[] = [
  ['~u REX, REX', 'URL'],
  ['~d REX', 'host'],
  ['~m REX', 'method'],
  ['~c N', 'status code'],
  ['~h ~hq ~hs REX', 'header lines of either, request, response'],
  ['~t ~tq ~ts REX', 'content-type of either, request, response'],
  ['~b ~bq ~bs REX', 'body or messages of either side, to the server, to the client'],
  ['~comment ~meta ~marker REX', 'comment, metadata, name of the mark'],
  ['~src ~dst REX', 'client, server address'],
  ['~q', 'has no response (to hold requests)'],
  ['~s', 'has a response (to hold responses)'],
  ['~e', 'has failed'],
  ['~a', 'is an asset'],
  ['~marked ~replay ~replayq ~replays', 'is marked, was replayed: at all, its request, its response'],
  ['~http ~websocket ~tcp ~udp ~dns ~all', 'kind of flow'],
  ['! & | ( )', 'not, and, or'],
];

/** Says which expressions are none when they are typed. */
function expression(text: FilterText, token: Token, at: number): FilterTree {
  try {
    expressionOf(token.text);
  } catch {
    throw new Mistake(`not a regular expression: ${token.text}`, token.at);
  }
  return { type: 'text', text, source: token.text, at };
}

function joined(type: 'and' | 'or', terms: readonly FilterTree[]): FilterTree {
  const [only] = terms;
  return terms.length === 1 && only ? only : { type, terms };
}

const DEEPEST = 100;

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly length: number,
  ) {}

  whole(): FilterTree {
    const tree = this.sequence();
    const rest = this.tokens[this.at];
    if (rest) throw new Mistake(`unexpected ${rest.text}`, rest.at);
    return tree;
  }

  private isMark(text: string): boolean {
    const token = this.tokens[this.at];
    return token?.type === 'mark' && token.text === text;
  }

  private sequence(): FilterTree {
    const all = [this.either()];
    while (this.at < this.tokens.length && !this.isMark(')')) all.push(this.either());
    return joined('and', all);
  }

  private either(): FilterTree {
    const any = [this.both()];
    for (; this.isMark('|'); any.push(this.both())) this.at += 1;
    return joined('or', any);
  }

  private both(): FilterTree {
    const all = [this.negated()];
    for (; this.isMark('&'); all.push(this.negated())) this.at += 1;
    return joined('and', all);
  }

  private negated(): FilterTree {
    let isNegated = false;
    for (; this.isMark('!'); this.at += 1) isNegated = !isNegated;
    const term = this.term();
    return isNegated ? { type: 'not', term } : term;
  }

  private term(): FilterTree {
    const token = this.next('a term');
    if (token.type === 'word') return expression('u', token, token.at);
    if (token.type === 'operator') return this.operator(token);
    if (token.text !== '(') throw new Mistake(`unexpected ${token.text}`, token.at);
    this.depth += 1;
    if (this.depth > DEEPEST) throw new Mistake(`more than ${DEEPEST} brackets within one another`, token.at);
    const tree = this.sequence();
    this.depth -= 1;
    if (!this.isMark(')')) throw new Mistake('a bracket is not closed', token.at);
    this.at += 1;
    return tree;
  }

  private operator(token: Token): FilterTree {
    const name = token.text.slice(1);
    const { at } = token;
    const flag = FILTER_FLAGS.find((one) => one === name);
    if (flag) return { type: 'flag', flag, at };
    if (name === 'c') {
      const code = this.word(`a status code after ${token.text}`);
      if (!/^\d+$/.test(code.text)) throw new Mistake(`not a status code: ${code.text}`, code.at);
      return { type: 'code', code: Number(code.text), at };
    }
    const text = FILTER_TEXTS.find((one) => one === name);
    if (!text) throw new Mistake(`unknown operator ${token.text}`, at);
    return expression(text, this.word(`an expression after ${token.text}`), at);
  }

  private word(wanted: string): Token {
    const token = this.next(wanted);
    if (token.type !== 'word') throw new Mistake(`${wanted} is missing`, token.at);
    return token;
  }

  private next(wanted: string): Token {
    const token = this.tokens[this.at];
    if (!token) throw new Mistake(`${wanted} is missing`, this.length);
    this.at += 1;
    return token;
  }
}

/** The sentence for a mistake, with the column it is at (FX-08). */
export function filterMistake(message: string, at: number): FilterMistake {
  return { mistake: `Invalid filter expression: ${message} (column ${at + 1})`, at };
}

/** Reads a filter, or says what is wrong with it and where (FX-08). */
export function parseTree(text: string): FilterTree | FilterMistake {
  try {
    if (text.trim() === '') throw new Mistake('empty filter expression', 0);
    return new Parser(tokenize(text), text.length).whole();
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return filterMistake(error.message, error.at);
  }
}
