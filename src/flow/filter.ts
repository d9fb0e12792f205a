import { type Fields, fieldValues } from './fields.js';
import { errorOf, type Flow, type RequestHead, responseOf, urlOf } from './flow.js';

/*
 * The filter language (FX-01 to FX-09): operators `!`, `&`, `|` and brackets; terms side by side mean "and" and bind
 * weaker than `|`. A word without operator is a regular expression over the URL. Operators over bodies are not there.
 */

export type FlowFilter = (flow: Flow) => boolean;

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

function lines(fields: Fields): string {
  return fields.map(([name, value]) => `${name}: ${value}`).join('\r\n');
}

function requestHead(flow: Flow): RequestHead | null {
  return flow.kind === 'http' ? flow.request.head : null;
}

/** The URL with the host of the Host field, where there is one (FO-12). */
function prettyUrl(head: RequestHead): string {
  const host = fieldValues(head.fields, 'host')[0];
  return host === undefined ? urlOf(head) : `${head.origin.scheme}://${host}${head.path}`;
}

const assets = /javascript|css|^image\/|^font\/|font/i;

const flags: Readonly<Record<string, FlowFilter>> = {
  all: () => true,
  http: (flow) => flow.kind === 'http',
  tcp: (flow) => flow.kind === 'tunnel',
  websocket: (flow) => flow.talk?.protocol === 'websocket',
  q: (flow) => flow.kind === 'http' && responseOf(flow) === null,
  s: (flow) => responseOf(flow) !== null,
  e: (flow) => errorOf(flow) !== null,
  marked: (flow) => flow.marked,
  replay: (flow) => flow.replayed,
  replayq: (flow) => flow.replayed,
  a: (flow) => fieldValues(responseOf(flow)?.head.fields ?? [], 'content-type').some((type) => assets.test(type)),
};

type Texts = (flow: Flow) => readonly string[];

const header =
  (side: 'request' | 'response'): Texts =>
  (flow) => {
    const head = side === 'request' ? requestHead(flow) : responseOf(flow)?.head;
    return head ? [lines(head.fields)] : [];
  };
const contentType =
  (side: 'request' | 'response'): Texts =>
  (flow) => {
    const head = side === 'request' ? requestHead(flow) : responseOf(flow)?.head;
    return head ? fieldValues(head.fields, 'content-type') : [];
  };
const both =
  (a: Texts, b: Texts): Texts =>
  (flow) => [...a(flow), ...b(flow)];

const expressions: Readonly<Record<string, Texts>> = {
  u: (flow) => {
    const head = requestHead(flow);
    return head ? [prettyUrl(head)] : [];
  },
  d: (flow) => {
    const head = requestHead(flow);
    return head ? [head.origin.host, ...fieldValues(head.fields, 'host')] : [];
  },
  m: (flow) => (flow.kind === 'http' ? [flow.request.head.method] : []),
  h: both(header('request'), header('response')),
  hq: header('request'),
  hs: header('response'),
  t: both(contentType('request'), contentType('response')),
  tq: contentType('request'),
  ts: contentType('response'),
  src: (flow) => (flow.client ? [flow.client.address] : []),
  dst: (flow) => (flow.kind === 'tunnel' ? [`${flow.host}:${flow.port}`] : flow.server ? [flow.server.authority] : []),
};

/** The operators, for help and completion. */
export const filterHelp: readonly (readonly [string, string])[] = [
  ['~u REX, REX', 'URL'],
  ['~d REX', 'host'],
  ['~m REX', 'method'],
  ['~c N', 'status code'],
  ['~h ~hq ~hs REX', 'header lines of either, request, response'],
  ['~t ~tq ~ts REX', 'content-type of either, request, response'],
  ['~src ~dst REX', 'client, server address'],
  ['~q', 'has no response (to hold requests)'],
  ['~s', 'has a response (to hold responses)'],
  ['~e', 'has failed'],
  ['~a', 'is an asset'],
  ['~marked ~replay', 'is marked, was replayed'],
  ['~http ~tcp ~all', 'kind of flow'],
  ['! & | ( )', 'not, and, or'],
];

function regex(token: Token): RegExp {
  try {
    return new RegExp(token.text, 'ims');
  } catch {
    throw new Mistake(`not a regular expression: ${token.text}`, token.at);
  }
}

const DEEPEST = 100;

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly length: number,
  ) {}

  whole(): FlowFilter {
    const filter = this.sequence();
    const rest = this.tokens[this.at];
    if (rest) throw new Mistake(`unexpected ${rest.text}`, rest.at);
    return filter;
  }

  private isMark(text: string): boolean {
    const token = this.tokens[this.at];
    return token?.type === 'mark' && token.text === text;
  }

  private sequence(): FlowFilter {
    const all = [this.either()];
    while (this.at < this.tokens.length && !this.isMark(')')) all.push(this.either());
    const [only] = all;
    return all.length === 1 && only ? only : (flow) => all.every((filter) => filter(flow));
  }

  private either(): FlowFilter {
    const any = [this.both()];
    for (; this.isMark('|'); any.push(this.both())) this.at += 1;
    const [only] = any;
    return any.length === 1 && only ? only : (flow) => any.some((filter) => filter(flow));
  }

  private both(): FlowFilter {
    const all = [this.negated()];
    for (; this.isMark('&'); all.push(this.negated())) this.at += 1;
    const [only] = all;
    return all.length === 1 && only ? only : (flow) => all.every((filter) => filter(flow));
  }

  private negated(): FlowFilter {
    let isNegated = false;
    for (; this.isMark('!'); this.at += 1) isNegated = !isNegated;
    const filter = this.term();
    return isNegated ? (flow) => !filter(flow) : filter;
  }

  private term(): FlowFilter {
    const token = this.next('a term');
    if (token.type === 'word') return matching(expressions.u ?? (() => []), regex(token));
    if (token.type === 'operator') return this.operator(token);
    if (token.text !== '(') throw new Mistake(`unexpected ${token.text}`, token.at);
    this.depth += 1;
    if (this.depth > DEEPEST) throw new Mistake(`more than ${DEEPEST} brackets within one another`, token.at);
    const filter = this.sequence();
    this.depth -= 1;
    if (!this.isMark(')')) throw new Mistake('a bracket is not closed', token.at);
    this.at += 1;
    return filter;
  }

  private operator(token: Token): FlowFilter {
    const name = token.text.slice(1);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag) return flag;
    if (name === 'c') {
      const code = this.word(`a status code after ${token.text}`);
      if (!/^\d+$/.test(code.text)) throw new Mistake(`not a status code: ${code.text}`, code.at);
      return (flow) => responseOf(flow)?.head.status === Number(code.text);
    }
    const texts = Object.hasOwn(expressions, name) ? expressions[name] : undefined;
    if (!texts) throw new Mistake(`unknown operator ${token.text}`, token.at);
    return matching(texts, regex(this.word(`an expression after ${token.text}`)));
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

function matching(texts: Texts, pattern: RegExp): FlowFilter {
  return (flow) => texts(flow).some((text) => pattern.test(text));
}

/** Reads a filter, or says what is wrong with it and where (FX-08). */
export function parseFilter(text: string): FlowFilter | FilterMistake {
  try {
    if (text.trim() === '') throw new Mistake('empty filter expression', 0);
    return new Parser(tokenize(text), text.length).whole();
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return { mistake: `Invalid filter expression: ${error.message} (column ${error.at + 1})`, at: error.at };
  }
}
