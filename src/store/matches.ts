import type { FlowId } from '../flow/flow.js';
import type { Hit, HitPlace } from '../flow/hit.js';
import type { BodyPiece } from './bodytexts.js';
import type { FlowText } from './flowtexts.js';

/** Hits told of one text. */
export const MOST_OF_ONE = 50;

/** Characters around a match that are told of its line. */
const BEFORE = 60;
const MATCHED = 200;
const AFTER = 160;

/** The line a match is in, as far as it is told. */
function contextOf(text: string, at: number, match: string): Pick<Hit, 'before' | 'match' | 'after'> {
  const [before = ''] = text
    .slice(Math.max(0, at - BEFORE), at)
    .split(/[\r\n]/)
    .slice(-1);
  const end = at + match.length;
  const [after = ''] = text.slice(end, end + AFTER).split(/[\r\n]/, 1);
  return { before: before.trimStart(), match: match.slice(0, MATCHED), after: after.trimEnd() };
}

interface Match {
  readonly at: number;
  readonly text: string;
}

/** The matches that begin in the first `own` characters, one more than are told. */
function matchesOf(expression: RegExp, text: string, own: number): Match[] {
  const matches: Match[] = [];
  expression.lastIndex = 0;
  while (matches.length <= MOST_OF_ONE) {
    const match = expression.exec(text);
    if (!match || match.index >= own) break;
    if (match[0] === '') expression.lastIndex += 1;
    else matches.push({ at: match.index, text: match[0] });
  }
  return matches;
}

type Places = (at: number) => HitPlace;

/** The place of each match in a body, asked for in order. */
function bytePlaces({ text, offset, isBytes }: BodyPiece, placeAt: (offset: number) => HitPlace): Places {
  let from = 0;
  let bytes = offset;
  return (at) => {
    bytes += isBytes ? at - from : Buffer.byteLength(text.slice(from, at));
    from = at;
    return placeAt(bytes);
  };
}

function linePlaces(text: string, side: 'request' | 'response'): Places {
  let from = 0;
  let line = -1;
  return (at) => {
    for (let end = text.indexOf('\n', from); end >= 0 && end < at; end = text.indexOf('\n', from)) {
      from = end + 1;
      line += 1;
    }
    return line < 0 && side === 'request' ? { part: 'url' } : { part: 'head', side, line };
  };
}

function placesIn(text: FlowText): Places {
  switch (text.part) {
    case 'head':
      return linePlaces(text.text, text.side);
    case 'body':
      return bytePlaces(text.piece, (offset) => ({ part: 'body', side: text.side, offset }));
    case 'message':
      return bytePlaces(text.piece, (offset) => ({ part: 'message', index: text.index, offset }));
  }
}

/** Where the expression, which is global, matches in a text of a flow. */
export function hitsIn(expression: RegExp, id: FlowId, where: FlowText): Hit[] {
  const text = where.part === 'head' ? where.text : where.piece.text;
  const own = where.part === 'head' ? text.length : where.piece.own;
  const matches = matchesOf(expression, text, own);
  if (matches.length === 0) return [];
  const placeOf = placesIn(where);
  return matches.slice(0, MOST_OF_ONE).map(({ at, text: match }, number) => ({
    id,
    place: placeOf(at),
    ...contextOf(text, at, match),
    isLastOfMore: number === MOST_OF_ONE - 1 && matches.length > MOST_OF_ONE,
  }));
}
