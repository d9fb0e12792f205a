import { bytesSource } from '../../content/source.js';
import { render } from '../../content/views.js';
import { contentCodings } from '../../flow/codings.js';
import type { Talk } from '../../flow/conversation.js';
import type { Fields } from '../../flow/fields.js';
import {
  type Body,
  errorOf,
  type Flow,
  type Message,
  type RequestHead,
  type ResponseHead,
  responseOf,
  type Side,
  type TunnelFlow,
} from '../../flow/flow.js';
import { fullSize, partialText, shortDuration, shortSize } from '../../flow/sizes.js';
import { BodyText } from '../bodytext.js';
import { EMPTY_LINE, type Line, line, span, textLine } from '../lines.js';
import { emptyTalk } from '../opentalk.js';
import { paneHeight, type State, shownTab, tabsOf, topView } from '../state.js';
import { escapeBytes, fit, textWidth, wrapped } from '../text.js';
import { detailLines } from './detail.js';
import { talkHead } from './talkview.js';

/*
 * What the flow view is made of: a head of lines that are all there, and under it the body, of which only a window is
 * ever made. Moving and drawing both go by this.
 */

export interface FlowLayout {
  /** Lines above the scrolled part: what the flow is, and the tabs. */
  readonly fixed: readonly Line[];
  /** Scrolled lines before the body. */
  readonly head: readonly Line[];
  /** Lines of the scrolled part on the screen. */
  readonly height: number;
}

export function bodyWidth(state: State): number {
  return Math.max(1, state.columns - 1);
}

const NAME_WIDTH = 30;

export function fieldLines(fields: Fields): Line[] {
  const longest = fields.reduce((most, [name]) => Math.max(most, name.length), 0);
  const width = Math.min(NAME_WIDTH, longest) + 2;
  return fields.map(([name, value]) =>
    line(span(` ${fit(`${escapeBytes(name)}:`, width)}`, 'header'), span(escapeBytes(value))),
  );
}

function bar(state: State, left: string, right = ''): Line {
  const room = state.columns - textWidth(right) - 1;
  return {
    spans: [span(fit(` ${left}`, Math.max(0, room)), 'bar'), span(right, 'bar'), span(' ', 'bar')],
    tone: 'bar',
  };
}

function rate(message: Message<unknown>, now: number): string {
  const seconds = ((message.endedAt ?? now) - message.startedAt) / 1000;
  return seconds > 0 ? `${shortSize(Math.round(message.body.size / seconds))}/s` : '';
}

function pairs(rows: readonly (readonly [string, string])[]): Line[] {
  return rows.map(([name, value]) => line(span(`   ${fit(name, 26)}  `, 'dim'), span(value)));
}

function counters(state: State, message: Message<unknown>): string {
  const { body } = message;
  const seconds = (message.endedAt ?? state.now) - message.startedAt;
  const parts = [`${fullSize(body.size)} bytes`, shortDuration(seconds), rate(message, state.now)];
  if (body.chunks !== null) parts.push(`${fullSize(body.chunks)} chunks`);
  return parts.filter((part) => part !== '').join(' · ');
}

function progress(state: State, body: Body): Line[] {
  if (!body.growing || body.expected === null || body.expected === 0) return [];
  const share = Math.min(1, body.size / body.expected);
  const width = Math.max(10, Math.min(50, state.columns - 20));
  const filled = Math.round(share * width);
  return [
    line(span(`   ${'█'.repeat(filled)}${'░'.repeat(width - filled)} `, 'good'), span(`${Math.floor(share * 100)} %`)),
  ];
}

/** Rows of what is watched. */
const TAIL_ROWS = 500;

/** The last bytes of a body as it passes by: for the eye only. */
function tailLines(state: State, side: Side): Line[] {
  const tail = state.open?.watched[side].tail;
  if (!tail || tail.length === 0) return [];
  const width = bodyWidth(state);
  const text = new BodyText(bytesSource(tail), render('auto', [], tail), '');
  const title = `watching the last ${shortSize(tail.length)} as they pass: in memory while this is open, never recorded`;
  return [EMPTY_LINE, bar(state, title), ...text.rows(text.end(TAIL_ROWS, width), TAIL_ROWS, width)];
}

function droppedLines(state: State, { body }: Message<unknown>, why: string): Line[] {
  return [
    bar(state, 'content dropped'),
    EMPTY_LINE,
    ...pairs([
      ['because', why],
      ['it had', `${fullSize(body.size)} bytes`],
    ]),
  ];
}

function missingLines(state: State, message: Message<unknown>, side: Side): Line[] {
  const { body } = message;
  const title = body.growing ? 'content missing, still going by' : 'content missing';
  return [
    bar(state, title, followText(state, body)),
    EMPTY_LINE,
    ...progress(state, body),
    ...pairs([
      ['streamed, not recorded', counters(state, message)],
      ['because', body.carriage.why],
      ['to keep it next time', ':set store_streamed_bodies true'],
      ...(side === 'response' && !body.growing ? [['again', 'replay (r) fetches it again'] as const] : []),
    ]),
    ...tailLines(state, side),
  ];
}

function bodyHead(state: State, message: Message<RequestHead | ResponseHead>, side: 'request' | 'response'): Line[] {
  const { body } = message;
  switch (body.contents.type) {
    case 'missing':
      if (state.open?.flow.talk) return [bar(state, 'no content: what was said behind the head is in Messages')];
      if (body.contents.why !== null) return droppedLines(state, message, body.contents.why);
      return missingLines(state, message, side);
    case 'empty':
      if (body.growing && body.expected !== 0) return [bar(state, 'receiving …', followText(state, body))];
      return [bar(state, 'no content')];
    case 'partial':
    case 'kept': {
      const text = state.body?.id === state.open?.flow.id && state.body?.side === side ? state.body?.text : undefined;
      const codings = contentCodings(message.head.fields);
      const what = text
        ? [text.rendering.view, text.remark, text.rendering.note].filter((part) => part !== '').join(', ')
        : 'reading …';
      const how =
        body.contents.type === 'partial'
          ? partialText(body, body.contents.why)
          : body.growing
            ? `receiving: ${counters(state, message)}${body.expected === null ? '' : ` of ${fullSize(body.expected)}`}`
            : codings.length > 0 && text
              ? `${shortSize(body.size)} ${codings.join(', ')}, ${shortSize(text.size)} shown`
              : shortSize(body.size);
      return [...progress(state, body), bar(state, `${what} · ${how}`, `${followText(state, body)}[m:${state.mode}]`)];
    }
  }
}

/** Whether the view stays at the end of a body that grows. */
function followText(state: State, body: Body): string {
  const view = topView(state);
  if (!body.growing || view.type !== 'flowview') return '';
  return view.follows ? '[following: any move pauses] ' : '[f follows] ';
}

function messageLines(
  state: State,
  message: Message<RequestHead | ResponseHead>,
  side: 'request' | 'response',
): Line[] {
  if (message.malformed !== null) {
    const raw =
      message.malformed === '' ? [] : message.malformed.split('\n').map((text) => textLine(` ${escapeBytes(text)}`));
    const head = [...fieldLines(message.head.fields), EMPTY_LINE];
    return [bar(state, 'malformed: the head as it came'), ...raw, ...head];
  }
  const trailers = message.trailers.length > 0 ? [bar(state, 'trailers'), ...fieldLines(message.trailers)] : [];
  return [...fieldLines(message.head.fields), ...trailers, ...bodyHead(state, message, side)];
}

function tabLines(state: State, flow: Flow): Line[] {
  const tab = shownTab(state);
  if (tab === 'detail' || flow.kind === 'tunnel') return detailLines(state, flow);
  if (tab === 'request') return messageLines(state, flow.request, 'request');
  const response = responseOf(flow);
  if (response) return messageLines(state, response, 'response');
  return [textLine(errorOf(flow) ? ' No response came.' : ' No response yet.', 'dim')];
}

function titleLines(state: State, flow: Flow): Line[] {
  const error = errorOf(flow);
  const notes = flow.notes.filter((note) => note.level === 'error');
  const lines = [requestLine(state, flow), responseLine(state, flow)];
  if (error) lines.push(...faultLines(state, error.message));
  for (const note of notes) {
    lines.push(textLine(` ✗ ${note.text}`, 'error'));
    if (note.place?.source) lines.push(textLine(`   ${note.place.line} │ ${note.place.source}`, 'dim'));
  }
  return lines;
}

/** All of it: the end says what helps. */
function faultLines(state: State, text: string): Line[] {
  return wrapped(text, Math.max(20, state.columns - 4)).map((piece, at) =>
    textLine(`${at === 0 ? ' ✗ ' : '   '}${piece}`, 'error'),
  );
}

function requestLine(state: State, flow: Flow): Line {
  const when = span(` ${state.around.dateTimeOf(flow.createdAt)} `, 'dim');
  if (flow.kind === 'tunnel') return line(when, span(`${flow.host}:${flow.port}`, 'strong'));
  const { head } = flow.request;
  const signs = `${flow.replayed ? ' ↺' : ''}${flow.changed ? ' ✎' : ''}${flow.marked ? ' ●' : ''}`;
  const url = `${head.origin.scheme}://${head.origin.host}:${head.origin.port}${head.path}`.replace(
    /(?<=^http:\/\/[^/]*):80(?=\/)|(?<=^https:\/\/[^/]*):443(?=\/)/,
    '',
  );
  return line(
    when,
    span(`${escapeBytes(head.method)} `, 'method'),
    span(escapeBytes(url), 'strong'),
    span(` ${head.version}`, 'dim'),
    span(signs, 'mark'),
  );
}

function responseLine(state: State, flow: Flow): Line {
  if (flow.kind === 'tunnel') return tunnelLine(flow);
  const response = responseOf(flow);
  if (flow.held) return heldLine(flow, flow.held);
  const waits = errorOf(flow) ? '' : (state.rows.byId(flow.id)?.error ?? '');
  if (waits !== '') return textLine(` ${response ? `${response.head.status} ` : ''}… ${waits}`, 'held');
  if (!response) return textLine(errorOf(flow) ? ' ← no response' : ' ← waiting …', 'dim');
  const { head, body } = response;
  const took = (response.endedAt ?? errorOf(flow)?.at ?? state.now) - flow.request.startedAt;
  const rest = flow.talk
    ? talkText(flow.talk)
    : [shortSize(body.size), shortDuration(took), body.carriage.how].join(' · ');
  const style = head.status >= 500 ? 'error' : head.status >= 400 ? 'bad' : head.status >= 300 ? 'moved' : 'good';
  return line(span(' ← '), span(`${head.status} ${escapeBytes(head.reason)}`, style), span(` · ${rest}`, 'dim'));
}

/** What is held: a message of a conversation, or one of the two of an exchange. */
function heldLine({ talk }: Flow, side: Side): Line {
  if (!talk) return textLine(` ‖ ${side} held: a releases it, X kills it`, 'held');
  const to = side === 'request' ? 'server' : 'client';
  return textLine(` ‖ a message to the ${to} is held: a releases it, X kills the connection`, 'held');
}

function tunnelLine(flow: TunnelFlow): Line {
  if (flow.held) return heldLine(flow, flow.held);
  if (flow.error && flow.sent + flow.received === 0) return textLine(' nothing of it was passed on', 'dim');
  const how = flow.talk
    ? talkText(flow.talk)
    : `${shortSize(flow.sent)} sent, ${shortSize(flow.received)} received, unread`;
  return textLine(` ${flow.why} · ${how}`, 'dim');
}

/** Whether a conversation goes on, or who ended it and how. */
function talkText({ protocol, sent, received, end }: Talk): string {
  const sizes = `${shortSize(sent)} sent, ${shortSize(received)} received`;
  const name = protocol === 'websocket' ? 'websocket' : 'TCP';
  if (!end) return `${name} open · ${sizes}`;
  const code = end.code === null ? '' : ` with ${end.code}`;
  const reason = end.reason === '' ? '' : ` (${escapeBytes(end.reason)})`;
  return `${name} closed by the ${end.byClient ? 'client' : 'server'}${code}${reason} · ${sizes}`;
}

function tabsLine(state: State, flow: Flow): Line {
  const count = flow.talk ? ` ${flow.talk.count}` : '';
  const names = { request: 'Request', response: 'Response', messages: `Messages${count}`, detail: 'Detail' } as const;
  const shown = shownTab(state);
  const spans = tabsOf(state).map((tab) => {
    const isHeld = flow.talk ? tab === 'messages' && flow.held !== null : flow.held === tab;
    const name = isHeld ? `${names[tab]} intercepted` : names[tab];
    return [span('  '), span(name, shown === tab ? 'tab' : 'dim')];
  });
  return line(...spans.flat());
}

/** The layout of the flow on show, or null while it is being read. */
export function flowLayout(state: State): FlowLayout | null {
  const view = topView(state);
  const { open } = state;
  if (view.type !== 'flowview' || !open || open.flow.id !== view.id) return null;
  const fixed = [...titleLines(state, open.flow), tabsLine(state, open.flow)];
  const height = Math.max(1, paneHeight(state) - fixed.length);
  if (shownTab(state) !== 'messages') return { fixed, head: tabLines(state, open.flow), height };
  const talk = state.talk ?? emptyTalk(view.id);
  return { fixed: [...fixed, talkHead(state, talk)], head: [], height: Math.max(1, height - 1) };
}
