import { type ByteSource, sourceOf } from '../content/source.js';
import { windowed } from '../content/window.js';
import { TalkColumns, type TalkMessage } from '../flow/conversation.js';
import type { BodyData } from '../flow/extent.js';
import type { FlowId } from '../flow/flow.js';
import type { ProxyEvent } from '../protocol.js';
import type { Direction } from './direction.js';
import { fits, SHOW_ALL, type TalkFilter } from './talkfilter.js';

/** Bytes of a message that a filter looks at. */
const LOOKED_AT = 65_536;

/** The conversation of the flow on show, as far as it has been read. */
export interface OpenTalk {
  readonly id: FlowId;
  /** Grows in place; only what is on the screen is ever made into objects. */
  readonly columns: TalkColumns;
  readonly contents: BodyData;
  readonly source: ByteSource;
  readonly filter: TalkFilter;
  /** Numbers of the messages that the filter shows, ascending; null for all. */
  readonly shown: readonly number[] | null;
  /** A place in what is shown. */
  readonly focus: number;
  readonly top: number;
  /** Stays at the newest. */
  readonly follows: boolean;
}

const NOTHING: BodyData = { type: 'bytes', bytes: new Uint8Array() };

export function emptyTalk(id: FlowId): OpenTalk {
  const filter = SHOW_ALL;
  const source = sourceOf(NOTHING);
  return {
    id,
    columns: new TalkColumns(),
    contents: NOTHING,
    source,
    filter,
    shown: null,
    focus: 0,
    top: 0,
    follows: true,
  };
}

/** How many messages are shown. */
export function shownCount({ shown, columns }: OpenTalk): number {
  return shown?.length ?? columns.length;
}

/** The number of the message at a place of what is shown. */
export function indexAt({ shown }: OpenTalk, place: number): number {
  return shown ? (shown[place] ?? -1) : place;
}

export function focusedMessage(talk: OpenTalk): { readonly index: number; readonly message: TalkMessage } | null {
  const index = indexAt(talk, talk.focus);
  const message = talk.columns.get(index);
  return message ? { index, message } : null;
}

/** The first message that is held. */
export function heldMessage({ columns }: OpenTalk): { readonly index: number; readonly message: TalkMessage } | null {
  for (let index = 0; index < columns.length; index += 1) {
    const message = columns.get(index);
    if (message?.held) return { index, message };
  }
  return null;
}

/** The first bytes of a message; null where it was not kept. */
export function contentOf({ source }: OpenTalk, { offset, size }: TalkMessage, most: number): Uint8Array | null {
  return offset === null ? null : source.read(offset, Math.min(size, most));
}

function isShown(talk: OpenTalk, index: number): boolean {
  const message = talk.columns.get(index);
  if (!message) return false;
  const text = (): string => Buffer.from(contentOf(talk, message, LOOKED_AT) ?? []).toString('utf8');
  return fits(talk.filter, message, text);
}

/** What is shown from a message on; the filter has seen those before. */
function shownFrom(talk: OpenTalk, from: number): readonly number[] | null {
  if (talk.filter.text === '') return null;
  const shown = (talk.shown ?? []).filter((index) => index < from);
  for (let index = from; index < talk.columns.length; index += 1) if (isShown(talk, index)) shown.push(index);
  return shown;
}

/** Takes messages that were read. */
export function withBatch(talk: OpenTalk, { batch, contents }: Extract<ProxyEvent, { type: 'talk-read' }>): OpenTalk {
  talk.columns.take(batch);
  const next = { ...talk, contents, source: windowed(sourceOf(contents)) };
  return followed({ ...next, shown: shownFrom(next, batch.from) });
}

export function withFilter(talk: OpenTalk, filter: TalkFilter): OpenTalk {
  const at = indexAt(talk, talk.focus);
  const next = { ...talk, filter, shown: null };
  const shown = shownFrom(next, 0);
  const place = shown ? shown.findIndex((index) => index >= at) : at;
  return followed({ ...next, shown, focus: place < 0 ? Math.max(0, (shown?.length ?? 0) - 1) : place });
}

function followed(talk: OpenTalk): OpenTalk {
  const last = Math.max(0, shownCount(talk) - 1);
  return { ...talk, focus: talk.follows ? last : Math.min(talk.focus, last) };
}

/** Moves the focus; what was following no longer does, until the end is reached. */
export function movedTalk(talk: OpenTalk, to: Direction, page: number): OpenTalk {
  const last = Math.max(0, shownCount(talk) - 1);
  const places: Readonly<Record<Direction, number>> = {
    start: 0,
    end: last,
    up: talk.focus - 1,
    down: talk.focus + 1,
    pageup: talk.focus - page,
    pagedown: talk.focus + page,
  };
  const focus = Math.max(0, Math.min(last, places[to]));
  return { ...talk, focus, follows: focus === last };
}

/** The first place on a page of that many lines, so that the focus is on it. */
export function topOf(talk: OpenTalk, page: number): number {
  const lowest = Math.max(0, shownCount(talk) - page);
  return Math.max(0, Math.min(Math.max(talk.top, talk.focus - page + 1), Math.min(talk.focus, lowest)));
}
