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
import { bracketed, type Flow, type Side } from '../flow/flow.js';
import { flowLeaf } from '../flow/flowfilter.js';
import type { Finished } from '../flow/image.js';
import { isPassage } from './flowtexts.js';

/*
 * What filters say of flows with their bodies (FO-01 to FO-21).
 */

/** A flow, how filters see it without its bodies, and the leaves that were found in these, or not. */
export interface Subject {
  readonly flow: Finished;
  readonly picture: Flow;
  readonly inBodies: Map<FilterLeaf, boolean>;
}

/** What a conversation of a file is, if not TCP: see how dumps are read. */
function isOther({ flow }: Finished, kind: 'UDP' | 'DNS'): boolean {
  return isPassage(flow) && (flow.why?.split(' ').includes(kind) ?? false);
}

/** Those that a picture does not tell, or not all. */
const flags: Readonly<Partial<Record<FilterFlag, (flow: Finished) => boolean>>> = {
  tcp: (flow) => isPassage(flow.flow) && !isOther(flow, 'UDP') && !isOther(flow, 'DNS'),
  udp: (flow) => isOther(flow, 'UDP'),
  dns: (flow) => isOther(flow, 'DNS'),
  websocket: ({ flow, talk }) => !isPassage(flow) && (flow.isWebSocket === true || talk?.protocol === 'websocket'),
};

type Texts = (flow: Finished) => readonly string[];

function metadataLine([key, value]: readonly [string, unknown]): string {
  return `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
}

/** The same of texts. */
const texts: Readonly<Partial<Record<FilterText, Texts>>> = {
  comment: ({ flow }) => [flow.comment],
  meta: ({ flow }) => [Object.entries(flow.metadata).map(metadataLine).join('\n')],
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

/** What a leaf says of a flow without looking at its bodies. */
function besides(leaf: FilterLeaf): Judge<Subject> {
  const flag = leaf.type === 'flag' ? flags[leaf.flag] : undefined;
  if (flag) return ({ flow }) => flag(flow);
  const of = leaf.type === 'text' ? texts[leaf.text] : undefined;
  if (leaf.type === 'text' && of) {
    const expression = expressionOf(leaf.source);
    return ({ flow }) => of(flow).some((text) => expression.test(text));
  }
  const judge = flowLeaf(leaf);
  return ({ picture }) => judge(picture);
}

/**
 * Judges flows by a tree; unknown where it depends on bodies that have not been looked at. `trying` hears each
 * expression before it is looked for, so that one that does not end can be named.
 */
export function deepJudge(tree: FilterTree, trying: (source: string) => void): Judge<Subject> {
  return judgeBy(tree, (leaf): Judge<Subject> => {
    if (leaf.type !== 'text') return besides(leaf);
    if (SIDES[leaf.text]) return ({ inBodies }) => inBodies.get(leaf) ?? null;
    const judge = besides(leaf);
    return (subject) => {
      trying(leaf.source);
      return judge(subject);
    };
  });
}
