import { type Fields, fieldValues } from './fields.js';
import { type FilterMistake, filterMistake, parseTree } from './filter.js';
import {
  expressionOf,
  type FilterFlag,
  type FilterLeaf,
  type FilterText,
  type Judge,
  judgeBy,
  leavesOf,
} from './filtertree.js';
import { authorityOf, errorOf, type Flow, type RequestHead, responseOf } from './flow.js';

/*
 * Filters over flows without their bodies: what holds, streams and saves flows as they pass.
 */

export type FlowFilter = (flow: Flow) => boolean;

function lines(fields: Fields): string {
  return fields.map(([name, value]) => `${name}: ${value}`).join('\r\n');
}

function requestHead(flow: Flow): RequestHead | null {
  return flow.kind === 'http' ? flow.request.head : null;
}

/** The URL with the host of the Host field, where there is one (FO-12). */
export function prettyUrl({ origin, path, fields }: Pick<RequestHead, 'origin' | 'path' | 'fields'>): string {
  const host = fieldValues(fields, 'host')[0] ?? authorityOf(origin);
  return `${origin.scheme}://${host}${path === '*' ? '' : path}`;
}

/** Content types of what a page is made of (FO-19). */
export const ASSETS = /javascript|css|^image\/|^font\/|font/i;

const flags: Readonly<Record<FilterFlag, FlowFilter>> = {
  all: () => true,
  http: (flow) => flow.kind === 'http',
  tcp: (flow) => flow.kind === 'tunnel',
  udp: () => false,
  dns: () => false,
  websocket: (flow) => flow.talk?.protocol === 'websocket',
  q: (flow) => flow.kind === 'http' && responseOf(flow) === null,
  s: (flow) => responseOf(flow) !== null,
  e: (flow) => errorOf(flow) !== null,
  marked: (flow) => flow.marked,
  replay: (flow) => flow.replayed,
  replayq: (flow) => flow.replayed,
  replays: () => false,
  a: (flow) => fieldValues(responseOf(flow)?.head.fields ?? [], 'content-type').some((type) => ASSETS.test(type)),
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

/** The name of the mark that flows have. */
export const MARKER = ':default:';

/** Null for what a flow without its bodies does not have. */
const texts: Readonly<Record<FilterText, Texts | null>> = {
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
  b: null,
  bq: null,
  bs: null,
  comment: null,
  meta: null,
  marker: (flow) => (flow.marked ? [MARKER] : []),
  src: (flow) => (flow.client ? [flow.client.address] : []),
  dst: (flow) => (flow.kind === 'tunnel' ? [`${flow.host}:${flow.port}`] : flow.server ? [flow.server.authority] : []),
};

/** What a leaf says of a flow: unknown where it looks at what a flow without its bodies does not have. */
export function flowLeaf(leaf: FilterLeaf): Judge<Flow> {
  switch (leaf.type) {
    case 'flag':
      return flags[leaf.flag];
    case 'code':
      return (flow) => responseOf(flow)?.head.status === leaf.code;
    case 'text': {
      const of = texts[leaf.text];
      if (!of) return () => null;
      const pattern = expressionOf(leaf.source);
      return (flow) => of(flow).some((text) => pattern.test(text));
    }
  }
}

/** Reads a filter for flows as they pass; what only a flow at rest can tell is a mistake there. */
export function parseFilter(text: string): FlowFilter | FilterMistake {
  const tree = parseTree(text);
  if ('mistake' in tree) return tree;
  for (const leaf of leavesOf(tree))
    if (leaf.type === 'text' && texts[leaf.text] === null)
      return filterMistake(`~${leaf.text} cannot be told of flows as they pass`, leaf.at);
  const judge = judgeBy(tree, flowLeaf);
  return (flow) => judge(flow) === true;
}
