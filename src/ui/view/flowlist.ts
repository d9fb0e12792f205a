import type { FlowRow } from '../../flow/row.js';
import { fullSize, messageCount, shortDuration, shortSize } from '../../flow/sizes.js';
import { EMPTY_LINE, type Line, line, type Span, type Style, span, textLine } from '../lines.js';
import { isListForm, paneHeight, type State } from '../state.js';
import { escapeBytes, fit } from '../text.js';
import { emptyList } from './emptylist.js';

/** How a body was carried, and the state of its flow, beside the status and never instead of it. */
export function signs(row: FlowRow): Span {
  const carried = row.carried === 'streamed' && row.body !== 'empty' ? '≈' : row.carried === 'buffered' ? '▫' : ' ';
  if (row.held) return span(`${carried}‖`, 'held');
  if (row.failed || row.scriptFailed) return span(`${carried}✗`, 'error');
  if (row.duration < 0) return span(`${carried}~`, 'dim');
  return span(`${carried} `, 'missing');
}

function statusStyle(row: FlowRow): Style {
  if (row.status === 0) return row.failed ? 'error' : 'dim';
  if (row.status >= 500) return 'error';
  if (row.status >= 400) return 'bad';
  return row.status >= 300 ? 'moved' : 'good';
}

export function statusText(row: FlowRow): string {
  if (row.status > 0) return String(row.status);
  if (row.kind === 'tunnel') return row.scheme;
  return row.failed ? 'err' : '';
}

function cutOff(row: FlowRow): string {
  const of = row.expected === null ? '' : ` of ${shortSize(row.expected)}`;
  return `cut ${shortSize(row.size)}${of}`;
}

/** The place a message begins with is in the host column already. */
function withoutAuthority(message: string): string {
  return message.replace(/^\S+:\d+ (?:is )?/, '');
}

/** A script has it now. */
function isWaiting(row: FlowRow): boolean {
  return row.kind === 'http' && !row.failed && row.error !== '';
}

/** What the content column says (UI-COL-08): the error, what is missing, or the kind of content. */
export function contentText(row: FlowRow): Span {
  if (row.kind === 'tunnel') return messagesText(row);
  if (row.failed && row.status > 0 && row.body === 'partial') return span(cutOff(row), 'error');
  if (row.failed) return span(withoutAuthority(row.error), 'error');
  if (row.held && row.messages < 0) return span(`${row.held} held`, 'held');
  if (isWaiting(row)) return span(row.error, 'held');
  if (row.messages >= 0) return messagesText(row);
  if (row.status === 0) return span(row.duration < 0 ? '…' : '', 'dim');
  if (row.body === 'missing') return span('content missing', 'missing');
  if (row.body === 'dropped') return span('content dropped', 'missing');
  if (row.body === 'partial') return span('content partial', 'missing');
  if (row.body === 'empty') return span('no content', 'dim');
  return span(row.mediaType.slice(row.mediaType.indexOf('/') + 1) || '?', 'plain');
}

function messagesText({ messages, held }: FlowRow): Span {
  if (messages < 0) return span('');
  const text = messageCount(messages);
  return held ? span(`${text}, held`, 'held') : span(text);
}

function sizeText(row: FlowRow): string {
  if (row.size === 0) return '';
  return `${shortSize(row.size)}${row.body === 'growing' ? '→' : ''}`;
}

function durationText(state: State, row: FlowRow): string {
  return shortDuration(row.duration < 0 ? state.now - row.at : row.duration);
}

export function hostText(row: FlowRow): string {
  const isDefault = (row.scheme === 'http' && row.port === 80) || (row.scheme !== 'http' && row.port === 443);
  return isDefault || row.host === '' ? row.host : `${row.host}:${row.port}`;
}

interface Widths {
  readonly host: number;
  readonly path: number;
  readonly content: number;
}

const FIXED = 2 + 1 + 8 + 1 + 5 + 1 + 7 + 1 + 1 + 1 + 3 + 1 + 2 + 1 + 1 + 6 + 1 + 5 + 1 + 1 + 2;

/** Cells that columns of scripts take, each with the blank before it. */
function extraWidth({ extras }: State): number {
  return extras.columns.reduce((sum, { width }) => sum + width + 1, 0);
}

function extraSpans(state: State, row: FlowRow): Span[] {
  return state.extras.columns.map(({ name, width }) =>
    span(` ${fit(oneLine(state.rows.toldOf(row.id, name)), width)}`),
  );
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function widths(columns: number): Widths {
  const room = Math.max(30, columns - FIXED);
  const host = Math.max(10, Math.min(40, Math.floor(room * 0.24)));
  const content = Math.max(15, Math.min(34, Math.floor(room * 0.2)));
  return { host, content, path: Math.max(5, room - host - content) };
}

/** Content and size; what went wrong takes the room of both. */
function contentSpans(row: FlowRow, width: number): Span[] {
  const what = contentText(row);
  if (row.failed || isWaiting(row) || (row.held && row.messages >= 0))
    return [span(` ${fit(what.text, width + 7)}`, what.style)];
  return [span(` ${fit(what.text, width, 'right')}`, what.style), span(` ${fit(sizeText(row), 6, 'right')}`, 'dim')];
}

/** Of an exchange that has become a websocket, the websocket's (UI-COL-03). */
function schemeText({ scheme, kind, messages }: FlowRow): string {
  if (kind === 'http' && messages >= 0) return scheme === 'https' ? 'WSS' : 'WS';
  return scheme.toUpperCase();
}

/** One row: time, scheme, method, host, path, status, signs, content, size, duration, replay, mark (UI-COL-01 to 12). */
function tableLine(state: State, row: FlowRow, isFocused: boolean): Line {
  const { host, path, content } = widths(state.columns - extraWidth(state));
  const held = row.held ? 'held' : undefined;
  const rest = row.kind === 'tunnel' ? row.error : escapeBytes(row.path);
  const spans = [
    span(isFocused ? '>>' : '  ', 'mark'),
    span(` ${state.around.timeOf(row.at)}`, held ?? 'dim'),
    span(` ${fit(schemeText(row), 5)}`, held ?? (row.scheme === 'https' ? 'good' : 'dim')),
    span(` ${fit(escapeBytes(row.method), 7)}`, held ?? 'method'),
    span(` ${fit(hostText(row), host, 'right')}`, 'host'),
    span(` ${fit(rest, path)}`, row.kind === 'tunnel' ? (row.failed ? 'error' : 'dim') : 'plain'),
    ...extraSpans(state, row),
    span(` ${fit(statusText(row), 3)} `, statusStyle(row)),
    signs(row),
    ...contentSpans(row, content),
    span(` ${fit(durationText(state, row), 5, 'right')}`, 'dim'),
    span(row.replayed ? ' ↺' : row.changed ? ' ✎' : '  ', 'mark'),
    span(row.marked ? '●' : ' ', 'mark'),
  ];
  return isFocused ? { spans, tone: 'focus' } : { spans };
}

/** Two rows a flow, for narrow terminals (UI-FL2-02). */
function listLines(state: State, row: FlowRow, isFocused: boolean): Line[] {
  const method = row.kind === 'tunnel' ? row.scheme.toUpperCase() : escapeBytes(row.method);
  const url = row.kind === 'tunnel' ? hostText(row) : `${row.scheme}://${hostText(row)}${escapeBytes(row.path)}`;
  const ends = `${row.replayed ? '↺' : row.changed ? '✎' : ' '}${row.marked ? '●' : ' '}`;
  const room = Math.max(1, state.columns - 3 - 8 - 3);
  const first = [
    span(isFocused ? '>> ' : '   ', 'mark'),
    span(fit(method, 7), row.held ? 'held' : 'method'),
    span(` ${fit(url, room)} `, 'plain'),
    span(ends, 'mark'),
  ];
  const what = row.kind === 'tunnel' ? span(row.error, row.failed ? 'error' : 'dim') : contentText(row);
  const tail = `${sizeText(row)} ${durationText(state, row)}`.trim();
  const second = [
    span('          ← ', 'dim'),
    span(`${statusText(row)} `, statusStyle(row)),
    signs(row),
    span(` ${what.text} `, what.style),
    span(tail, 'dim'),
    ...extraSpans(state, row),
  ];
  return isFocused ? [{ spans: first, tone: 'focus' }, line(...second)] : [line(...first), line(...second)];
}

export function flowListTitle(state: State): readonly [Span[], Span[]] {
  const { length, total } = state.rows;
  const flows = `${fullSize(total)} flow${total === 1 ? '' : 's'}`;
  const { share } = state.rows.listing;
  const progress = share === null ? '' : `${Math.floor(share * 100)}% looked at, esc stops · `;
  const count = `${progress}${length === total ? flows : `${fullSize(length)} of ${flows}`}`;
  const right = total === 0 ? '' : `${count}${state.options.console_focus_follow ? ' · following' : ''}`;
  return [[span(' Flows', 'title')], [span(`${right} `, 'dim')]];
}

export function flowListLines(state: State): Line[] {
  if (state.rows.total === 0) return emptyList(state);
  if (state.rows.length === 0) return [EMPTY_LINE, textLine('   No flow matches the view filter.', 'dim')];
  const height = paneHeight(state);
  const lines: Line[] = [];
  for (let at = state.top; lines.length < height; at += 1) {
    const row = state.rows.row(at);
    if (!row) break;
    if (isListForm(state)) lines.push(...listLines(state, row, at === state.focus));
    else lines.push(tableLine(state, row, at === state.focus));
  }
  while (lines.length < height) lines.push(EMPTY_LINE);
  return lines.slice(0, height);
}
