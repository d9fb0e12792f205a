import type { TalkMessage } from '../../flow/conversation.js';
import { fullSize, messageCount, shortDuration, shortSize } from '../../flow/sizes.js';
import { type Line, line, type Span, span, textLine } from '../lines.js';
import { contentOf, indexAt, type OpenTalk, shownCount, topOf } from '../opentalk.js';
import type { State } from '../state.js';
import { escapeBytes, fit } from '../text.js';

/** Bytes of a content that a row can show. */
const PREVIEW = 400;

const SIGNS = ['held', 'dropped', 'injected', 'edited'] as const;

function signsOf(message: TalkMessage): Span[] {
  return SIGNS.filter((sign) => message[sign]).map((sign) =>
    span(`${sign} `, sign === 'held' ? 'held' : sign === 'dropped' ? 'error' : 'mark'),
  );
}

/** One line of a content: what is no text in hexadecimal. */
function preview(talk: OpenTalk, message: TalkMessage): Span {
  const bytes = contentOf(talk, message, PREVIEW);
  if (!bytes) return span('content missing', 'missing');
  if (message.kind === 'text') return span(Buffer.from(bytes).toString('utf8').replace(/\s+/g, ' '));
  const text = Buffer.from(bytes).toString('latin1');
  if (/^[\t\r\n\x20-\x7e]*$/.test(text)) return span(escapeBytes(text.replace(/\s+/g, ' ')));
  return span(Buffer.from(bytes.subarray(0, 48)).toString('hex').replace(/(..)/g, '$1 '), 'string');
}

function row(state: State, talk: OpenTalk, place: number, before: TalkMessage | undefined): Line {
  const message = talk.columns.get(indexAt(talk, place));
  if (!message) return line();
  const gap = before ? `+${shortDuration(message.at - before.at)}` : '';
  const sign = span(place === talk.focus ? '>>' : '  ', 'mark');
  const arrow = message.fromClient ? span(' → ', 'method') : span(' ← ', 'good');
  const size = fit(shortSize(message.size).padStart(6), 6);
  const spans = [
    sign,
    arrow,
    span(`${state.around.timeOf(message.at)} `, 'dim'),
    span(`${fit(gap.padStart(7), 7)} `, 'dim'),
    span(`${size}  `, message.kind === 'text' ? 'plain' : 'string'),
    ...signsOf(message),
    preview(talk, message),
  ];
  return place === talk.focus ? { spans, tone: 'focus' } : line(...spans);
}

/** What stands above the messages. */
export function talkHead(state: State, talk: OpenTalk): Line {
  const { filter, columns, follows } = talk;
  const count = shownCount(talk);
  const of =
    filter.text === '' ? messageCount(count) : `${fullSize(count)} of ${messageCount(columns.length)}: ${filter.text}`;
  const right = `${follows ? '[following]' : '[f follows]'} `;
  return {
    spans: [span(fit(` ${of}`, Math.max(0, state.columns - right.length)), 'bar'), span(right, 'bar')],
    tone: 'bar',
  };
}

/** The messages of a page of that many lines. */
export function talkRows(state: State, talk: OpenTalk, page: number): Line[] {
  if (shownCount(talk) === 0)
    return [textLine(talk.columns.length === 0 ? ' No message yet.' : ' No message fits the filter.', 'dim')];
  const top = topOf(talk, page);
  const lines: Line[] = [];
  let before = talk.columns.get(indexAt(talk, top - 1));
  for (let place = top; place < Math.min(shownCount(talk), top + page); place += 1) {
    lines.push(row(state, talk, place, before));
    before = talk.columns.get(indexAt(talk, place));
  }
  return lines;
}
