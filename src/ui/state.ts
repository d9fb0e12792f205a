import type { BodyData } from '../flow/extent.js';
import type { Flow, FlowId, Place, Side } from '../flow/flow.js';
import type { HitPlace } from '../flow/hit.js';
import type { FlowRow } from '../flow/row.js';
import type { Options } from '../options.js';
import type {
  ListeningPlace,
  LogEntry,
  LogLevel,
  ScriptColumn,
  ScriptCommand,
  ScriptOption,
  ScriptView,
  Watched,
} from '../protocol.js';
import type { Arrangement } from './arrangement.js';
import type { BodyText } from './bodytext.js';
import type { EditLine } from './editline.js';
import type { Keymap } from './keymap.js';
import type { OpenTalk } from './opentalk.js';
import { Rows } from './rows.js';
import { type FlowSearch, focusedHit } from './search.js';
import { textWidth } from './text.js';

export type Tab = 'request' | 'response' | 'messages' | 'detail';

/** Where a text that may be huge is scrolled to: lines of the head first, then a byte of the body. */
export interface Scroll {
  readonly head: number;
  readonly body: number;
}

export const TOP: Scroll = { head: 0, body: 0 };

/** One screen of the stack; the last is shown (UI-07). */
export type View =
  | { readonly type: 'flowlist' }
  | { readonly type: 'flowview'; readonly id: FlowId; readonly scroll: Scroll; readonly follows: boolean }
  /** One message of a conversation. */
  | { readonly type: 'message'; readonly id: FlowId; readonly index: number; readonly at: number }
  /** What a search has found. */
  | { readonly type: 'search' }
  | { readonly type: 'eventlog'; readonly top: number | null }
  | { readonly type: 'help'; readonly from: Context; readonly top: number };

export type Context = 'flowlist' | 'flowview' | 'messages' | 'message' | 'search' | 'eventlog' | 'help';

export type Prompt =
  | {
      readonly type: 'command';
      readonly line: EditLine;
      /** What stood there before walking through history; null while it is not walked. */
      readonly typed: string | null;
      readonly historyAt: number;
      readonly candidates: readonly string[];
      readonly candidate: number;
    }
  | { readonly type: 'confirm'; readonly question: string; readonly command: string }
  | {
      readonly type: 'choose';
      readonly question: string;
      readonly choices: readonly string[];
      readonly at: number;
      readonly command: string;
    };

export interface Notice {
  readonly level: LogLevel;
  readonly text: string;
  /** When it goes, in milliseconds since 1970. */
  readonly until: number;
}

/** The flow on show, as it was last read. */
export interface OpenFlow {
  readonly flow: Flow;
  readonly request: BodyData | null;
  readonly response: BodyData | null;
  readonly watched: Readonly<Record<Side, Watched>>;
}

export interface LoadedBody {
  readonly id: FlowId;
  readonly side: Side;
  readonly revision: number;
  readonly mode: string;
  readonly text: BodyText;
  /** The byte of what is shown that was sought, or null. */
  readonly found: number | null;
}

export interface LoadedMessage {
  readonly id: FlowId;
  readonly index: number;
  readonly mode: string;
  readonly text: BodyText;
  /** The byte of what is shown that was sought, or null. */
  readonly found: number | null;
}

/** A place in the flow on show that a search found. */
export interface Sought {
  readonly id: FlowId;
  readonly place: HitPlace;
  /** It has been shown; moves of the user count from here on. */
  readonly isReached: boolean;
}

/** What does not change while the program runs. */
export interface Surroundings {
  readonly version: string;
  readonly confdir: string;
  readonly caFile: string;
  /** `export NAME=value` lines for the user's shell. */
  readonly environment: readonly string[];
  /** The command that prints these lines. */
  readonly environmentCommand: string;
  /** What each command does, for help and hints. */
  readonly commandDocs: ReadonlyMap<string, string>;
  /** Times as shown; given from outside, so that tests can fix the zone. */
  readonly timeOf: (at: number) => string;
  readonly dateTimeOf: (at: number) => string;
}

export interface State {
  readonly around: Surroundings;
  readonly keymap: Keymap;
  readonly columns: number;
  readonly lines: number;
  readonly now: number;
  readonly rows: Rows;
  readonly focus: number;
  /** First row shown. */
  readonly top: number;
  readonly views: readonly View[];
  readonly tab: Tab;
  readonly mode: string;
  readonly open: OpenFlow | null;
  readonly body: LoadedBody | null;
  /** The conversation of the flow on show. */
  readonly talk: OpenTalk | null;
  /** The content of the message on show. */
  readonly message: LoadedMessage | null;
  readonly sought: Sought | null;
  /** The last search over flows. */
  readonly search: FlowSearch | null;
  readonly prompt: Prompt | null;
  readonly notice: Notice | null;
  readonly options: Options;
  readonly log: readonly LogEntry[];
  readonly history: readonly string[];
  /** Null until the proxy listens. */
  readonly listening: readonly ListeningPlace[] | null;
  /** The file that is being read, and how many of its flows have come; null while none is. */
  readonly loading: { readonly path: string; readonly count: number } | null;
  readonly scriptErrors: number;
  /** The disk takes what is captured. */
  readonly isRecording: boolean;
  /** Where in a script the last of them happened. */
  readonly failedAt: Place | null;
  /** What scripts brought along. */
  readonly extras: {
    readonly options: readonly ScriptOption[];
    readonly commands: readonly ScriptCommand[];
    readonly views: readonly ScriptView[];
    readonly columns: readonly ScriptColumn[];
  };
}

export function initialState(
  around: Surroundings,
  keymap: Keymap,
  options: Options,
  size: { readonly columns: number; readonly lines: number },
  now: number,
): State {
  return {
    around,
    keymap,
    ...size,
    now,
    rows: rowsFor(options),
    focus: 0,
    top: 0,
    views: [{ type: 'flowlist' }],
    tab: 'request',
    mode: 'auto',
    open: null,
    body: null,
    talk: null,
    message: null,
    sought: null,
    search: null,
    prompt: null,
    notice: null,
    options,
    log: [],
    history: [],
    listening: null,
    loading: null,
    scriptErrors: 0,
    isRecording: true,
    failedAt: null,
    extras: { options: [], commands: [], views: [], columns: [] },
  };
}

function rowsFor(options: Options): Rows {
  const rows = new Rows();
  rows.listing.begin(arrangementOf(options));
  rows.listing.isReversed = options.view_order_reversed;
  return rows;
}

/** Which flows the options want to be shown, and how. */
export function arrangementOf({ view_filter: filter, view_order: by }: Options): Arrangement {
  return { filter: filter === '' ? null : filter, by };
}

export function topView(state: State): View {
  return state.views.at(-1) ?? { type: 'flowlist' };
}

export function contextOf(state: State): Context {
  const { type } = topView(state);
  return type === 'flowview' && shownTab(state) === 'messages' ? 'messages' : type;
}

/** The tabs there are for the flow on show. */
export function tabsOf(state: State): readonly Tab[] {
  const row = focusedRow(state);
  const messages: readonly Tab[] = row && row.messages >= 0 ? ['messages'] : [];
  return row?.kind === 'tunnel' ? [...messages, 'detail'] : ['request', 'response', ...messages, 'detail'];
}

/** The tab that is shown: the wanted one, or the nearest to it that there is. */
export function shownTab(state: State): Tab {
  const tabs = tabsOf(state);
  if (tabs.includes(state.tab)) return state.tab;
  return tabs.includes('messages') ? 'messages' : tabs.includes('response') ? 'response' : 'detail';
}

/** Closes what is open of a flow. */
export const CLOSED = { open: null, body: null, talk: null, message: null, sought: null } as const;

/** The flow that commands with @focus mean: the one on show, that of the focused hit, else the focused row. */
export function focusedRow(state: State): FlowRow | undefined {
  const view = topView(state);
  if (view.type === 'search') {
    const hit = focusedHit(state.search);
    return hit && state.rows.byId(hit.id);
  }
  const shown = view.type === 'flowview' ? view : state.views.findLast((below) => below.type === 'flowview');
  return shown ? state.rows.byId(shown.id) : state.rows.row(state.focus);
}

/** Lines the foot of the screen takes: status, hints, message. */
export function footHeight(state: State): number {
  if (state.lines <= 3) return state.prompt ? 1 : Math.max(0, state.lines - 2);
  return state.options.console_quickhelp_visible ? 3 : 2;
}

/** Lines between title and foot. */
export function paneHeight(state: State): number {
  const title = state.lines > 2 ? 1 : 0;
  return Math.max(0, state.lines - title - footHeight(state));
}

/** Whether the list shows two lines a flow (UI-FL-01). */
export function isListForm(state: State): boolean {
  const layout = state.options.console_flowlist_layout;
  return layout === 'list' || (layout === 'default' && state.columns < 100);
}

export function rowsPerPage(state: State): number {
  return Math.max(1, Math.floor(paneHeight(state) / (isListForm(state) ? 2 : 1)));
}

/** Keeps the focused row within the list and on the screen. */
export function withFocus(state: State, focus: number): State {
  const { rows } = state;
  const at = Math.max(0, Math.min(rows.length - 1, focus));
  const page = rowsPerPage(state);
  const lowest = Math.max(0, Math.min(at, rows.length - page));
  const top = Math.max(0, Math.min(Math.max(state.top, at - page + 1), lowest));
  return { ...state, focus: at, top };
}

const NOTICE_TIME = { long: 5000, short: 2500 } as const;
const MOST_LOG = 10_000;

/** Newest entries of the event log among which what a notice says may be already. */
const RECENT = 5;

/** Shows a message for a while (UI-PR-10); one that does not fit on its line is in the event log, too. */
export function withNotice(state: State, level: LogLevel, text: string): State {
  const time = level === 'info' || level === 'debug' ? NOTICE_TIME.short : NOTICE_TIME.long;
  const next = { ...state, notice: { level, text, until: state.now + time } };
  const isThere = isWhole(next, text) || state.log.slice(-RECENT).some((entry) => entry.text === text);
  return isThere ? next : withLog(next, { at: state.now, level, text });
}

/** Whether a notice fits on its line. */
export function isWhole({ columns }: State, text: string): boolean {
  return !text.includes('\n') && textWidth(text) <= noticeWidth(columns);
}

/** Cells for a notice. */
export function noticeWidth(columns: number): number {
  return columns - 2;
}

/** Adds to the event log, a ring of 10,000 entries (UI-EV-01). */
export function withLog(state: State, entry: LogEntry): State {
  const kept = state.log.length >= MOST_LOG ? state.log.slice(-MOST_LOG + 1000) : state.log;
  return { ...state, log: [...kept, entry] };
}

const RANK: Readonly<Record<string, number>> = { error: 0, warn: 1, info: 2, alert: 2, debug: 3 };

/** Whether the event log shows entries of a level at its verbosity (UI-EV-02). */
export function showsLevel(state: State, level: LogLevel): boolean {
  return (RANK[level] ?? 2) <= (RANK[state.options.console_eventlog_verbosity] ?? 2);
}

/** The entries that the event log shows. */
export function visibleLog(state: State): readonly LogEntry[] {
  return state.log.filter(({ level }) => showsLevel(state, level));
}
