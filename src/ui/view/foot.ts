import { basename } from 'node:path';
import { flowCount, shortSize } from '../../flow/sizes.js';
import type { ListeningPlace } from '../../protocol.js';
import { lineText } from '../editline.js';
import { type KeyContext, keyFor } from '../keymap.js';
import { type Line, line, lineWidth, type Span, span, spread, textLine } from '../lines.js';
import {
  contextOf,
  focusedRow,
  isWhole,
  type Notice,
  noticeWidth,
  type Prompt,
  type State,
  showsLevel,
} from '../state.js';
import { startOf, textWidth } from '../text.js';
import { isExposed, placeText } from './places.js';

/** Left to right: place, what is on, and at the right edge the address (UI-SB-03 to UI-SB-19). */
export function statusLine(state: State): Line {
  const { options, rows, listening } = state;
  const left: Span[] = [span(` [${rows.length === 0 ? 0 : state.focus + 1}/${rows.length}]`)];
  const chip = (text: string, style: Span['style'] = 'plain'): void => void left.push(span(` [${text}]`, style));
  if (state.loading) chip(loadingText(state.loading));
  if (options.view_filter !== null) chip(`f:${options.view_filter}`, 'held');
  if (options.view_order !== 'time' || options.view_order_reversed)
    chip(`${options.view_order}${options.view_order_reversed ? ' ↓' : ''}`);
  if (options.ignore_hosts.length > 0) chip(`Ignore:${options.ignore_hosts.length}`);
  else if (options.allow_hosts.length > 0) chip(`Allow:${options.allow_hosts.length}`);
  if (options.tcp_hosts.length > 0) chip(`TCP:${options.tcp_hosts.length}`);
  if (options.intercept !== null) chip(`${options.intercept_active ? 'i' : 'Xi'}:${options.intercept}`, 'held');
  const flags: string[] = [];
  if (options.showhost) flags.push('showhost');
  if (options.console_focus_follow) flags.push('following');
  if (options.body_handling === 'buffer') flags.push('buffer');
  if (options.stream_large_bodies !== null) flags.push(`stream ${shortSize(options.stream_large_bodies)}`);
  if (flags.length > 0) chip(flags.join(':'));
  if (options.ssl_insecure) chip('ssl_insecure', 'warning');
  if (!options.validate_inbound_headers) chip('tolerant', 'warning');
  if (state.scriptErrors > 0) chip(`script errors:${state.scriptErrors}`, 'error');
  const right: Span[] = [];
  if (!state.isRecording) right.push(span(' the disk takes no more: not recording ', 'error'));
  if (listening?.some(isExposed)) right.push(span(' open to the network ', 'warning'));
  right.push(span(listening ? ` ${placesText(listening, state.columns / 2)} ` : ' [starting] '));
  const spreadLine = spread(left, right, state.columns);
  return { spans: spreadLine.spans, tone: 'bar' };
}

function loadingText({ path, count }: NonNullable<State['loading']>): string {
  return `loading ${basename(path)}: ${flowCount(count)}`;
}

/** Every place clients come in at (UI-SB-19), or how many there are (UI-SB-16) and as many of them as fit. */
function placesText(places: readonly ListeningPlace[], room: number): string {
  const texts = places.map((place) => `[${placeText(place)}]`);
  const whole = texts.join(' ');
  if (textWidth(whole) <= room || places.length === 1) return whole;
  let text = `[modes:${places.length}]`;
  for (const one of texts) {
    if (textWidth(text) + 1 + textWidth(one) > room) break;
    text += ` ${one}`;
  }
  return text;
}

interface Hint {
  readonly command: string;
  readonly label: string;
  readonly when?: (state: State) => boolean;
}

const hasFlow = (state: State): boolean => focusedRow(state) !== undefined;

/** Conversations are not replayed. */
function isReplayable(state: State): boolean {
  const row = focusedRow(state);
  return row?.kind === 'http' && row.messages < 0;
}

function isOpenWebSocket(state: State): boolean {
  const row = focusedRow(state);
  return row?.kind === 'http' && row.duration < 0;
}

const HINTS: Readonly<Record<string, readonly Hint[]>> = {
  flowlist: [
    { command: 'console.nav.select', label: 'open', when: hasFlow },
    { command: 'flow.resume @focus', label: 'resume', when: (state) => Boolean(focusedRow(state)?.held) },
    {
      command: 'hosts.pass @focus',
      label: 'pass this host through',
      when: (state) => focusedRow(state)?.passable ?? false,
    },
    { command: 'replay.client @focus', label: 'replay', when: isReplayable },
    { command: 'console.command script.run @focus', label: 'pipe', when: hasFlow },
    { command: 'flow.kill @focus', label: 'kill', when: (state) => focusedRow(state)?.duration === -1 },
    { command: 'flow.revert @focus', label: 'revert', when: (state) => focusedRow(state)?.changed ?? false },
    { command: 'console.command.set view_filter', label: 'filter' },
    { command: 'console.command search', label: 'search', when: hasFlow },
    { command: 'console.command.set intercept', label: 'intercept' },
    { command: 'set console_focus_follow toggle', label: 'follow' },
    { command: 'console.view.eventlog', label: 'events' },
    { command: 'console.view.help', label: 'all keys' },
  ],
  flowview: [
    { command: 'console.view.pop', label: 'back' },
    { command: 'console.nav.next', label: 'tab' },
    { command: 'flow.resume @focus', label: 'resume', when: (state) => Boolean(focusedRow(state)?.held) },
    { command: 'view.focus.next', label: 'next' },
    { command: 'view.focus.prev', label: 'previous' },
    { command: 'search.next', label: 'next hit', when: ({ sought }) => sought !== null },
    { command: 'replay.client @focus', label: 'replay', when: isReplayable },
    { command: 'console.command script.run @focus', label: 'pipe' },
    { command: 'script.edit @focus', label: 'edit script', when: (state) => focusedRow(state)?.scriptFailed ?? false },
    { command: 'flow.kill @focus', label: 'kill', when: (state) => focusedRow(state)?.duration === -1 },
    { command: 'flow.revert @focus', label: 'revert', when: (state) => focusedRow(state)?.changed ?? false },
    { command: 'console.view.help', label: 'all keys' },
  ],
  messages: [
    { command: 'console.view.pop', label: 'back' },
    { command: 'console.nav.select', label: 'open' },
    { command: 'flow.resume @focus', label: 'resume', when: (state) => Boolean(focusedRow(state)?.held) },
    { command: 'message.edit', label: 'edit', when: (state) => Boolean(focusedRow(state)?.held) },
    { command: 'message.drop', label: 'drop', when: (state) => Boolean(focusedRow(state)?.held) },
    { command: 'console.command messages.filter', label: 'filter' },
    { command: 'messages.follow', label: 'follow' },
    { command: 'console.command inject.websocket @focus', label: 'send', when: isOpenWebSocket },
    { command: 'console.nav.next', label: 'tab' },
    { command: 'flow.kill @focus', label: 'kill', when: (state) => focusedRow(state)?.duration === -1 },
    { command: 'console.view.help', label: 'all keys' },
  ],
  message: [
    { command: 'console.view.pop', label: 'back' },
    { command: 'message.next', label: 'next' },
    { command: 'message.prev', label: 'previous' },
    { command: 'search.next', label: 'next hit', when: ({ sought }) => sought !== null },
    { command: 'flow.resume @focus', label: 'resume', when: (state) => Boolean(focusedRow(state)?.held) },
    { command: 'message.edit', label: 'edit', when: (state) => Boolean(focusedRow(state)?.held) },
    { command: 'message.drop', label: 'drop', when: (state) => Boolean(focusedRow(state)?.held) },
    { command: 'console.view.help', label: 'all keys' },
  ],
  search: [
    { command: 'search.stop', label: 'stop', when: ({ search }) => search?.isRunning ?? false },
    { command: 'console.nav.select', label: 'open', when: ({ search }) => (search?.hits.length ?? 0) > 0 },
    { command: 'console.command search', label: 'search' },
    { command: 'console.view.pop', label: 'back' },
    { command: 'console.view.help', label: 'all keys' },
  ],
  eventlog: [
    { command: 'console.view.pop', label: 'back' },
    { command: 'console.command.confirm "Clear event log" eventstore.clear', label: 'clear' },
    { command: 'console.view.help', label: 'all keys' },
  ],
  help: [{ command: 'console.view.pop', label: 'back' }],
};

/** Keys that do something here and now, looked up in the live keymap (UI-QH-01). */
export function hintLine(state: State): Line {
  const context: KeyContext = contextOf(state);
  const shown = (HINTS[context] ?? []).flatMap((hint) => {
    const key = keyFor(state.keymap, context, hint.command);
    return key === undefined || hint.when?.(state) === false ? [] : [{ key, label: hint.label }];
  });
  const last = shown.pop(); // the key that shows all the others is always there
  let room = state.columns - widthOf(last);
  const fitting = shown.filter((hint) => {
    room -= widthOf(hint);
    return room >= 0;
  });
  return line(...[...fitting, ...(last ? [last] : [])].flatMap(hintSpans));
}

interface ShownHint {
  readonly key: string;
  readonly label: string;
}

function hintSpans({ key, label }: ShownHint): Span[] {
  return [span(` ${key}`, 'key'), span(` ${label}  `, 'dim')];
}

function widthOf(hint: ShownHint | undefined): number {
  return hint ? lineWidth(hintSpans(hint)) : 0;
}

const NOTICE_STYLES: Readonly<Record<string, Span['style']>> = { error: 'error', warn: 'warning', alert: 'held' };

export interface Foot {
  readonly line: Line;
  readonly cursor: number | null;
}

function promptFoot(state: State, prompt: Prompt): Foot {
  switch (prompt.type) {
    case 'confirm':
      return {
        line: line(
          span(` ${prompt.question} (`, 'strong'),
          span('y', 'key'),
          span('es,'),
          span('n', 'key'),
          span('o)? '),
        ),
        cursor: null,
      };
    case 'choose': {
      const spans = prompt.choices.map((choice, at) => [
        span(` ${at + 1})`, 'key'),
        span(` ${choice} `, at === prompt.at ? 'tab' : 'plain'),
      ]);
      return { line: line(span(` ${prompt.question}:`, 'strong'), ...spans.flat()), cursor: null };
    }
    case 'command': {
      const text = lineText(prompt.line);
      const before = prompt.line.text.slice(0, prompt.line.at).join('');
      const room = Math.max(1, state.columns - 3);
      const skip = scrolledBy(before, room);
      const shown = [...text].slice(skip).join('');
      const next = prompt.candidates.length > 1 ? `   ${prompt.candidates.slice(0, 8).join('  ')}` : '';
      const at = textWidth([...before].slice(skip).join(''));
      return {
        line: line(span(': ', 'key'), span(startOf(shown, room)), span(next, 'dim')),
        cursor: Math.min(state.columns - 1, 2 + at),
      };
    }
  }
}

/** How many characters of a long line are scrolled away, so that the cursor stays in sight. */
function scrolledBy(before: string, room: number): number {
  const characters = [...before];
  let skip = 0;
  while (skip < characters.length && textWidth(characters.slice(skip).join('')) > room - 1) skip += 1;
  return skip;
}

/** As much of a notice as fits, and where the rest is. */
function cutNotice(state: State, { level, text }: Notice): string {
  const [first = ''] = text.split('\n');
  const isLogged = state.log.some((entry) => entry.text === text) && showsLevel(state, level);
  const key = keyFor(state.keymap, contextOf(state), 'console.view.eventlog');
  const hint = isLogged && key !== undefined ? ` … (more in ${key})` : ' …';
  return `${startOf(first, Math.max(0, noticeWidth(state.columns) - hint.length))}${hint}`;
}

/** The prompt, or the last message while it is new. */
export function messageLine(state: State): Foot {
  if (state.prompt) return promptFoot(state, state.prompt);
  const { notice } = state;
  if (!notice || notice.until <= state.now) return { line: line(), cursor: null };
  const shown = isWhole(state, notice.text) ? notice.text : cutNotice(state, notice);
  return { line: textLine(` ${shown}`, NOTICE_STYLES[notice.level] ?? 'plain'), cursor: null };
}
