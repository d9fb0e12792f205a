import { basename } from 'node:path';
import { bytesSource } from '../content/source.js';
import { type Fields, mediaType } from '../flow/fields.js';
import { type Flow, type FlowId, fieldsOf, responseOf, type Side } from '../flow/flow.js';
import { hasRow } from '../flow/row.js';
import { flowCount } from '../flow/sizes.js';
import { isOptionName, type OptionName, type OptionValue, withOption } from '../options.js';
import {
  failureText,
  type ProxyEvent,
  type ScriptFailure,
  type ScriptReport,
  type StoreEvent,
  type Undoable,
} from '../protocol.js';
import { BodyText } from './bodytext.js';
import { openFlow } from './commands/console.js';
import { navigate } from './commands/navigate.js';
import { atSoughtMessage } from './commands/search.js';
import { runCommand } from './commands/table.js';
import { commandFor, type Keymap } from './keymap.js';
import type { Input } from './keys.js';
import { emptyTalk, withBatch } from './opentalk.js';
import { offer, promptKey, promptPaste } from './prompt.js';
import { arranged, heardOfList, refocused } from './relist.js';
import type { RowSource } from './rows.js';
import { withAnswer } from './search.js';
import { atSoughtByte, atSoughtCharacter, atSoughtLine, soughtInBody } from './sought.js';
import {
  CLOSED,
  contextOf,
  isListForm,
  type LoadedBody,
  type LoadedMessage,
  type State,
  shownTab,
  topView,
  type View,
  withFocus,
  withLog,
  withNotice,
} from './state.js';
import { ask, type Effect, type Step, tell } from './step.js';

/** Everything that reaches the interface. */
export type Msg =
  | { readonly type: 'input'; readonly input: Input }
  | { readonly type: 'resized'; readonly columns: number; readonly lines: number }
  | { readonly type: 'ticked'; readonly now: number }
  | { readonly type: 'heard'; readonly event: Exclude<ProxyEvent, { type: 'store-opened' }> }
  | { readonly type: 'answered'; readonly event: StoreEvent }
  | { readonly type: 'body-loaded'; readonly body: LoadedBody }
  | { readonly type: 'message-loaded'; readonly message: LoadedMessage }
  | {
      readonly type: 'path-completed';
      readonly before: string;
      readonly path: string;
      readonly candidates: readonly string[];
    }
  | { readonly type: 'history-read'; readonly lines: readonly string[] }
  | { readonly type: 'keys-loaded'; readonly keymap: Keymap }
  | { readonly type: 'told'; readonly text: string }
  | { readonly type: 'failed'; readonly text: string };

type RowsChanged = Extract<ProxyEvent, { type: 'rows-changed' }>;

/** What happened, in; the next state and what to do, out. Nothing here waits, prints or reads a clock. */
export function update(state: State, msg: Msg): Step {
  const [next, ...effects] = stepOf(state, msg);
  const [before, after] = [watchedFlow(state), watchedFlow(next)];
  return before === after ? [next, ...effects] : [next, tell({ type: 'watch', id: after }), ...effects];
}

/** The flow on the screen, of which the proxy shows what passes. */
function watchedFlow(state: State): FlowId | null {
  const view = topView(state);
  return view.type === 'flowview' ? view.id : null;
}

function stepOf(state: State, msg: Msg): Step {
  switch (msg.type) {
    case 'input':
      return heardInput(state, msg.input);
    case 'resized':
      return [withFocus({ ...state, columns: msg.columns, lines: msg.lines }, state.focus)];
    case 'ticked':
      return [{ ...state, now: msg.now, notice: state.notice && state.notice.until > msg.now ? state.notice : null }];
    case 'heard':
      return heard(state, msg.event);
    case 'answered':
      return answered(state, msg.event);
    case 'body-loaded':
      return [bodyLoaded(state, msg.body)];
    case 'message-loaded':
      return [messageLoaded(state, msg.message)];
    case 'path-completed':
      return offer(state, msg.before, msg.path, msg.candidates);
    case 'history-read':
      return [{ ...state, history: msg.lines }];
    case 'keys-loaded':
      return [withNotice({ ...state, keymap: msg.keymap }, 'info', 'Keys loaded.')];
    case 'told':
      return [withNotice(state, 'alert', msg.text)];
    case 'failed':
      return [withNotice(state, 'error', msg.text)];
  }
}

function heardInput(state: State, input: Input): Step {
  switch (input.type) {
    case 'paste':
      return promptPaste(state, input.text);
    case 'mouse':
      return heardMouse(state, input);
    case 'key': {
      if (state.prompt) return promptKey(state, state.prompt, input.key, input.text);
      const command = commandFor(state.keymap, contextOf(state), input.key);
      return command === undefined ? [state] : runCommand({ ...state, notice: null }, command);
    }
  }
}

function heardMouse(state: State, mouse: Extract<Input, { type: 'mouse' }>): Step {
  if (state.prompt) return [state];
  if (mouse.action !== 'press') return navigate(state, mouse.action);
  if (topView(state).type !== 'flowlist' || mouse.y < 1) return [state];
  const index = state.top + Math.floor((mouse.y - 1) / (isListForm(state) ? 2 : 1));
  return state.rows.row(index) ? openFlow(withFocus(state, index)) : [state];
}

/** The store's thread said something. */
function answered(state: State, event: StoreEvent): Step {
  switch (event.type) {
    case 'rows-changed':
      return rowsChanged(state, event, 'store');
    case 'loading':
      return [{ ...state, loading: event.file }];
    case 'list-made':
    case 'list-edited':
    case 'list-progressed':
    case 'list-refused':
      return heardOfList(state, event);
    case 'hits-found':
      return [{ ...state, search: withAnswer(state.search, event) }];
    case 'search-ended':
      return [searchEnded(state, event)];
    case 'flows-judged':
    case 'judging-ended':
      return [state]; // nothing was asked
  }
}

/** Why it ended early is told where the user is, unless it was told to. */
function searchEnded(state: State, event: Extract<StoreEvent, { type: 'search-ended' }>): State {
  const next = { ...state, search: withAnswer(state.search, event) };
  const { reason } = event;
  if (reason === null || event.number !== state.search?.number || next.search?.isStopping) return next;
  return withNotice(withLog(next, { at: state.now, level: 'warn', text: reason }), 'warn', reason);
}

function heard(state: State, event: Extract<Msg, { type: 'heard' }>['event']): Step {
  switch (event.type) {
    case 'rows-changed':
      return rowsChanged(state, event, 'proxy');
    case 'flow-read':
      return flowRead(state, event);
    case 'talk-read':
      return talkRead(state, event);
    case 'flow-added':
      return [state];
    case 'disk-troubled':
      return [{ ...state, isRecording: event.reason === null }];
    case 'session-restored':
      return [restored(state, event)];
    case 'undone':
      return [withNotice(state, 'info', undoneText(event))];
    case 'listening':
      return [{ ...state, listening: event.places }];
    case 'could-not-listen':
      return [withNotice(state, 'error', event.reason), { type: 'quit', reason: event.reason }];
    case 'flows-saved':
      return [flowsSaved(state, event)];
    case 'flows-loaded':
      return [flowsLoaded(state, event)];
    case 'option-changed':
      return optionChanged(state, event.name, event.value);
    case 'script-finished':
      return [scriptFinished(state, event.report)];
    case 'refused':
      return [withNotice(state, 'error', sentence(event.reason))];
    case 'logged': {
      const logged = withLog(state, event.entry);
      const { level, text } = event.entry;
      return [level === 'error' || level === 'warn' || level === 'alert' ? withNotice(logged, level, text) : logged];
    }
    case 'script-failed':
      return [withNotice(withFailure(state, event.failure, 1), 'error', failureText(event.failure, event.path))];
    case 'extras-changed':
      return [extrasChanged(state, event)];
    case 'columns-told':
      for (const { id, texts } of event.flows) state.rows.tell(id, texts);
      return [{ ...state }];
    case 'body-rendered':
      return bodyRendered(state, event);
    case 'command-answered':
      return [withNotice(withLog(state, { at: state.now, level: 'info', text: event.text }), 'alert', event.text)];
    case 'command-asked':
      return runCommand(state, event.line);
    case 'quit-asked':
      return [state, { type: 'quit', reason: null }];
    case 'stopped':
      return [state];
  }
}

function restored(state: State, { name, flows, damage }: Extract<ProxyEvent, { type: 'session-restored' }>): State {
  const text = `${flowCount(flows)} restored from session ${name}${damage === null ? '' : `; ${damage}`}.`;
  const level = damage === null ? 'alert' : 'error';
  return withNotice(withLog(state, { at: state.now, level, text }), level, text);
}

const UNDONE: Readonly<Record<Undoable, string>> = {
  replay: 'replaying',
  revert: 'reverting',
  duplicate: 'copying',
  remove: 'deleting',
  mark: 'marking',
  'run-script': 'a script on',
};

function undoneText({ what, flows, isRedo }: Extract<ProxyEvent, { type: 'undone' }>): string {
  return `${isRedo ? 'Done again' : 'Undone'}: ${UNDONE[what]} ${flowCount(flows)}.`;
}

function flowsSaved(state: State, { path, count, warnings }: Extract<ProxyEvent, { type: 'flows-saved' }>): State {
  const text = `${flowCount(count)} saved to ${path}.`;
  const logged = withLog(state, { at: state.now, level: 'info', text });
  if (warnings.length === 0) return withNotice(logged, 'alert', text);
  const all = warnings.reduce(
    (next, warning) => withLog(next, { at: state.now, level: 'warn', text: warning }),
    logged,
  );
  return withNotice(
    all,
    'warn',
    `${text} ${warnings[0]}${warnings.length > 1 ? ` (and ${warnings.length - 1} more)` : ''}`,
  );
}

function flowsLoaded(state: State, event: Extract<ProxyEvent, { type: 'flows-loaded' }>): State {
  const { path, count, damage, isStopped } = event;
  const whole = isStopped
    ? `Stopped: ${flowCount(count)} loaded from ${path}.`
    : `${flowCount(count)} loaded from ${path}.`;
  const text = damage === null ? whole : `${flowCount(count)} loaded; ${damage}`;
  const level = damage === null ? 'alert' : 'error';
  return withNotice(withLog(state, { at: state.now, level, text }), level, text);
}

function optionChanged(state: State, name: OptionName, value: OptionValue): Step {
  const next = { ...state, options: withOption(state.options, name, value) };
  switch (name) {
    case 'console_focus_follow':
      return [value ? withFocus(next, next.rows.newest()) : next];
    case 'view_filter':
    case 'view_order':
    case 'view_order_reversed':
      return arranged(next);
    default:
      return [next];
  }
}

/** With a capital letter, unless it begins with the name of an option or a file, and a full stop. */
function sentence(reason: string): string {
  const [first = ''] = reason.split(' ', 1);
  const isName = isOptionName(first) || !/^[a-z]+$/.test(first);
  const begun = isName ? reason : reason.charAt(0).toUpperCase() + reason.slice(1);
  return begun.endsWith('.') ? begun : `${begun}.`;
}

function rowsChanged(state: State, event: RowsChanged, from: RowSource): Step {
  const { rows } = state;
  const focused = rows.idAt(state.focus);
  const before = rows.length;
  const queries = rows.change(event.rows, event.removed, from);
  const follows = state.options.console_focus_follow && rows.length > before;
  let next = follows ? withFocus({ ...state }, rows.newest()) : refocused({ ...state }, focused);
  const view = topView(next);
  const credit = { type: 'return-credit' } as const;
  const effects: Effect[] = [from === 'proxy' ? tell(credit) : ask(credit), ...queries.map(ask)];
  if (view.type === 'flowview' || view.type === 'message') {
    const isOther = (one: View): boolean => !('id' in one) || one.id !== view.id;
    if (event.removed.includes(view.id)) next = { ...next, views: next.views.filter(isOther), ...CLOSED };
    else if (hasRow(event.rows, view.id)) effects.push(tell({ type: 'read-flow', id: view.id }));
  }
  return [next, ...effects];
}

function flowRead(state: State, event: Extract<ProxyEvent, { type: 'flow-read' }>): Step {
  const { flow, request, response, watched } = event;
  const view = topView(state);
  if ((view.type !== 'flowview' && view.type !== 'message') || view.id !== flow.id) return [state];
  const next = atSoughtLine({ ...state, open: { flow, request, response, watched } });
  if (flow.talk) {
    const isRead = state.talk?.id === flow.id && flow.talk.end === null; // of one that is over all may be new
    const from = isRead ? (state.talk?.columns.length ?? 0) : 0;
    return [next, tell({ type: 'read-talk', id: flow.id, from })];
  }
  const side = shownTab(next);
  if (side === 'detail' || side === 'messages') return [next];
  if (view.type !== 'flowview') return [next];
  if (view.follows && watched[side].tail) return navigate(next, 'end', true);
  const data = side === 'request' ? request : response;
  const isLoaded = isCurrent(state.body, flow.id, side, flow.revision);
  if (!data || isLoaded) return [next];
  const drawing = scriptView(state, fieldsOf(flow, side));
  if (drawing && !isGrowing(flow, side))
    return [next, tell({ type: 'render-body', id: flow.id, side, revision: flow.revision, view: drawing })];
  return [
    next,
    {
      type: 'load-body',
      id: flow.id,
      side,
      revision: flow.revision,
      data,
      mode: state.mode,
      seek: soughtInBody(state, flow.id, side),
    },
  ];
}

/** Messages of the flow on show. */
function talkRead(state: State, event: Extract<ProxyEvent, { type: 'talk-read' }>): Step {
  if (state.open?.flow.id !== event.id) return [state];
  const talk = state.talk?.id === event.id ? state.talk : emptyTalk(event.id);
  if (event.batch.from > talk.columns.length) return [state, tell({ type: 'read-talk', id: event.id, from: 0 })];
  return atSoughtMessage({ ...state, talk: withBatch(talk, event) });
}

function messageLoaded(state: State, message: LoadedMessage): State {
  const view = topView(state);
  const isWanted = view.type === 'message' && view.id === message.id && view.index === message.index;
  return isWanted && state.mode === message.mode ? atSoughtCharacter({ ...state, message }, message) : state;
}

function isGrowing(flow: Flow, side: Side): boolean {
  const message = flow.kind === 'tunnel' ? null : side === 'request' ? flow.request : responseOf(flow);
  return message?.body.growing ?? false;
}

/** The view of a script that shows this body, by choice or by its media type. */
function scriptView({ extras, mode }: State, fields: Fields): string | null {
  const type = mediaType(fields);
  const view = extras.views.find(({ name, types }) => name === mode || (mode === 'auto' && types.includes(type)));
  return view?.name ?? null;
}

function extrasChanged(state: State, event: Extract<ProxyEvent, { type: 'extras-changed' }>): State {
  const { options, commands, views, columns } = event;
  return { ...state, extras: { options, commands, views, columns } };
}

/** What a script made of a body; what it cannot show is shown as ever. */
function bodyRendered(state: State, event: Extract<ProxyEvent, { type: 'body-rendered' }>): Step {
  const { id, side, revision, view, text } = event;
  if (state.open?.flow.id !== id || state.open.flow.revision !== revision || shownTab(state) !== side) return [state];
  if (text !== null) {
    const rendering = { view, shape: 'text', isJson: false, note: '' } as const;
    const shown = new BodyText(bytesSource(Buffer.from(text, 'utf8')), rendering, '');
    return [bodyLoaded(state, { id, side, revision, mode: state.mode, text: shown, found: null })];
  }
  const data = side === 'request' ? state.open.request : state.open.response;
  const seek = soughtInBody(state, id, side);
  return data ? [state, { type: 'load-body', id, side, revision, data, mode: state.mode, seek }] : [state];
}

function isCurrent(body: LoadedBody | null, id: FlowId, side: string, revision: number): boolean {
  return body !== null && body.id === id && body.side === side && body.revision === revision;
}

function bodyLoaded(state: State, body: LoadedBody): State {
  const view = topView(state);
  if (view.type !== 'flowview' || view.id !== body.id || shownTab(state) !== body.side || state.mode !== body.mode)
    return state;
  const next = atSoughtByte({ ...state, body }, body);
  return view.follows ? navigate(next, 'end', true)[0] : next;
}

/** One or more failures of scripts; the place of the first can be opened. */
function withFailure(state: State, { place }: ScriptFailure, count: number): State {
  return { ...state, scriptErrors: state.scriptErrors + count, failedAt: place ?? state.failedAt };
}

function scriptFinished(state: State, report: ScriptReport): State {
  const name = basename(report.path);
  const flows = report.flows === 1 ? '1 flow' : `${report.flows} flows`;
  const [failure] = report.failures;
  if (failure) {
    const more = report.failures.length > 1 ? ` (and ${report.failures.length - 1} more)` : '';
    const counted = withFailure(state, failure, report.failures.length);
    return withNotice(counted, 'error', `${failureText(failure, report.path)}${more}`);
  }
  const ran = report.ran === 0 ? 'no event of it ran' : `${report.ran} events ran`;
  const changed = report.changed.length === 0 ? 'nothing changed' : `${report.changed.join(', ')} changed`;
  const undo = report.changed.length === 0 ? '' : ' · V undoes it';
  const text = `${name} on ${flows}: ${ran} · ${changed} · ${Math.round(report.milliseconds)} ms${undo}`;
  const logged = withLog(state, { at: state.now, level: 'info', text: `${text} · ${report.events.join(', ')}` });
  return withNotice(logged, 'alert', text);
}
