import { fieldValues } from '../flow/fields.js';
import {
  expressionOf,
  type FilterFlag,
  type FilterLeaf,
  type FilterText,
  type FilterTree,
  type Judge,
  judgeBy,
  leavesOf,
} from '../flow/filtertree.js';
import { bracketed, type Side } from '../flow/flow.js';
import { ASSETS, MARKER } from '../flow/flowfilter.js';
import type { Finished, RequestImage, ResponseImage } from '../flow/image.js';
import { isPassage, prettyUrl } from './flowtexts.js';

/*
 * What filters say of flows with their bodies (FO-01 to FO-21).
 */

/** A flow, and what is known of its bodies: the leaves that were found in them, or not. */
export interface Subject {
  readonly flow: Finished;
  readonly inBodies: Map<FilterLeaf, boolean>;
}

function requestOf({ flow }: Finished): RequestImage | null {
  return isPassage(flow) ? null : flow.request;
}

function responseOf({ flow }: Finished): ResponseImage | null {
  return isPassage(flow) ? null : flow.response;
}

/** What a conversation of a file is, if not TCP: see how dumps are read. */
function isOther({ flow }: Finished, kind: 'UDP' | 'DNS'): boolean {
  return isPassage(flow) && (flow.why?.split(' ').includes(kind) ?? false);
}

const flags: Readonly<Record<FilterFlag, (flow: Finished) => boolean>> = {
  all: () => true,
  http: ({ flow }) => !isPassage(flow),
  tcp: (flow) => isPassage(flow.flow) && !isOther(flow, 'UDP') && !isOther(flow, 'DNS'),
  udp: (flow) => isOther(flow, 'UDP'),
  dns: (flow) => isOther(flow, 'DNS'),
  websocket: ({ flow, talk }) => !isPassage(flow) && (flow.isWebSocket === true || talk?.protocol === 'websocket'),
  q: ({ flow }) => !isPassage(flow) && flow.response === null,
  s: (flow) => responseOf(flow) !== null,
  e: ({ flow }) => flow.error !== null,
  a: (flow) => fieldValues(responseOf(flow)?.fields ?? [], 'content-type').some((type) => ASSETS.test(type)),
  marked: ({ flow }) => flow.marked,
  replay: ({ flow }) => !isPassage(flow) && flow.replayed,
  replayq: ({ flow }) => !isPassage(flow) && flow.replayed,
  replays: () => false,
};

type Texts = (flow: Finished) => readonly string[];

function headOf(side: Side): Texts {
  return (flow) => {
    const message = side === 'request' ? requestOf(flow) : responseOf(flow);
    return message ? [message.fields.map(([name, value]) => `${name}: ${value}`).join('\r\n')] : [];
  };
}

function typeOf(side: Side): Texts {
  return (flow) => fieldValues((side === 'request' ? requestOf(flow) : responseOf(flow))?.fields ?? [], 'content-type');
}

function both(texts: (side: Side) => Texts): Texts {
  const [request, response] = [texts('request'), texts('response')];
  return (flow) => [...request(flow), ...response(flow)];
}

function metadataLine([key, value]: readonly [string, unknown]): string {
  return `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
}

const texts: Readonly<Record<FilterText, Texts | null>> = {
  u: (flow) => {
    const request = requestOf(flow);
    return request ? [prettyUrl(request)] : [];
  },
  d: (flow) => {
    const request = requestOf(flow);
    return request ? [request.host, ...fieldValues(request.fields, 'host')] : [];
  },
  m: (flow) => {
    const request = requestOf(flow);
    return request ? [request.method] : [];
  },
  h: both(headOf),
  hq: headOf('request'),
  hs: headOf('response'),
  t: both(typeOf),
  tq: typeOf('request'),
  ts: typeOf('response'),
  b: null,
  bq: null,
  bs: null,
  comment: ({ flow }) => [flow.comment],
  meta: ({ flow }) => [Object.entries(flow.metadata).map(metadataLine).join('\n')],
  marker: ({ flow }) => (flow.marked ? [MARKER] : []),
  src: ({ flow }) => (flow.client ? [flow.client.address] : []),
  dst: ({ flow }) => {
    if (isPassage(flow)) return [`${bracketed(flow.host)}:${flow.port}`];
    return flow.server ? [flow.server.authority] : [];
  },
};

/** A leaf over bodies: which sides of a flow it looks at. */
export interface BodyLeaf {
  readonly leaf: FilterLeaf;
  readonly source: string;
  readonly expression: RegExp;
  readonly sides: readonly Side[];
}

const SIDES: Readonly<Partial<Record<FilterText, readonly Side[]>>> = {
  b: ['request', 'response'],
  bq: ['request'],
  bs: ['response'],
};

export function bodyLeaves(tree: FilterTree): readonly BodyLeaf[] {
  return leavesOf(tree).flatMap((leaf) => {
    const sides = leaf.type === 'text' ? SIDES[leaf.text] : undefined;
    if (leaf.type !== 'text' || !sides) return [];
    return [{ leaf, source: leaf.source, expression: expressionOf(leaf.source), sides }];
  });
}

/**
 * Judges flows by a tree; unknown where it depends on bodies that have not been looked at. `trying` hears each
 * expression before it is looked for, so that one that does not end can be named.
 */
export function deepJudge(tree: FilterTree, trying: (source: string) => void): Judge<Subject> {
  return judgeBy(tree, (leaf): Judge<Subject> => {
    switch (leaf.type) {
      case 'flag':
        return ({ flow }) => flags[leaf.flag](flow);
      case 'code':
        return ({ flow }) => responseOf(flow)?.status === leaf.code;
      case 'text': {
        const of = texts[leaf.text];
        if (!of) return ({ inBodies }) => inBodies.get(leaf) ?? null;
        const expression = expressionOf(leaf.source);
        return ({ flow }) => {
          trying(leaf.source);
          return of(flow).some((text) => expression.test(text));
        };
      }
    }
  });
}
